"""Bars of what each wish takes off a training step and off a token of decode, with intervals, in two panels."""

import json

import altair as alt

from moecalc.explorers.industry.chip_wishes import DECODING, SHORT, TRAINING
from moecalc.industry.chip_wishes import TOGETHER, WISHES

from ...theme import hue
from .. import NARROW, ROWS, WIDE, column, part_title

COLOURS = {"granted": "blue", "alone": "slate", TOGETHER: "orange"}
#: What is said of a wish where there is room.
NAMES = {said: WISHES.get(wish, "together") for wish, said in SHORT.items()}
#: Pixels for the value behind the longest bar.
ROOM = 70


def draw(wide, controls):
    size, step = (11, 26) if wide else (10, 13)
    labels = 205 if wide else 112
    width = (WIDE - labels - 30) // 2 if wide else NARROW - labels - 14
    ends = f"max(0.02, {1 + ROOM / width:.2f} * extent({column('high')})[1])"
    x = alt.X(
        "saved:Q",
        title=None,
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(ends), nice=False, clamp=True),
        axis=alt.Axis(format="~%", tickCount=4, grid=True),
    )
    paper = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}
    colours = alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()])

    def panel(name, title, named):
        base = alt.Chart(alt.NamedData(ROWS), title=part_title(title), width=width, height=step * len(SHORT))
        said = {"labelExpr": f"({json.dumps(NAMES)})[datum.label]"} if wide else {}
        axis = alt.Axis(ticks=False, domain=False, labels=named, labelLimit=labels, labelFontSize=size, **said)
        base = base.transform_filter(alt.datum.step == name).encode(
            y=alt.Y("short:N", title=None, sort=list(SHORT.values()), axis=axis)
        )
        bars = base.mark_bar(height=alt.RelativeBandSize(0.62)).encode(
            x=x, color=alt.Color("kind:N", scale=colours, legend=None)
        )
        most = base.mark_bar(height=alt.RelativeBandSize(0.86), opacity=0.16, color=hue("slate"))
        most = most.encode(x=alt.X("most:Q"))
        span = base.transform_filter("datum.saved > 0").mark_rule(strokeWidth=1.5, color=hue("text"))
        span = span.encode(x=alt.X("low:Q"), x2="high:Q")
        told = base.encode(x=alt.X("high:Q"), text="said:N")
        words = [told.mark_text(align="left", dx=5, fontSize=size, color=hue("text"), **how) for how in (paper, {})]
        return alt.layer(most, bars, span, *words)

    parts = (
        panel(TRAINING, "Off a training step (pale: what it touches)", True),
        panel(DECODING, "Off the time of a token (decode)", not wide),
    )
    return alt.hconcat(*parts, spacing=12) if wide else alt.vconcat(*parts, spacing=2)
