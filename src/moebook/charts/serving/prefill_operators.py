"""Bars of time for a token, stacked by operator, with the rate of a node behind each."""

import altair as alt

from moecalc.explorers.serving.prefill_operators import OTHER, PARTS, PUBLISHED

from ...theme import hue
from .. import chart, column, present

HUES = ("blue", "teal", "red", "green", "orange", "purple", "pink", "brown", "slate")
COLOURS = dict(zip((*PARTS.values(), OTHER, PUBLISHED), HUES, strict=True))
MARGIN = {True: 210, False: 150}


def draw(wide, controls):
    base = chart(wide, MARGIN[wide], height=alt.Step(26 if wide else 13))
    longest = f"extent({column('rate')})[0]"
    names_of_bars = alt.Axis(ticks=False, domain=False, labelLimit=MARGIN[wide], labelFontSize=12 if wide else 9.5)
    y = alt.Y("unit:N", sort=None, title=None, axis=names_of_bars)
    x = alt.X(
        "time:Q",
        title="Time of a GPU for a token [us]" if wide else "A GPU for a token [us]",
        stack="zero",
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(f"1.16 * 8e6 / {longest}"), nice=False),
        axis=alt.Axis(tickCount=6 if wide else 4),
    )
    names = list(COLOURS)
    shown = present(names, "part")
    legend = alt.Legend(
        values=shown,
        columns=4 if wide else 3,
        symbolType="square",
        symbolStrokeWidth=0,
        columnPadding=10 if wide else 6,
        labelFontSize=12 if wide else 9.5,
        rowPadding=1,
    )
    colours = alt.Scale(domain=names, range=[hue(name) for name in COLOURS.values()])
    rank = f"indexof({names}, datum.part)".replace("'", '"')
    ranked = base.transform_calculate(rank=rank)
    bars = ranked.mark_bar(stroke=hue("paper"), strokeWidth=0.5).encode(
        x=x, y=y, order="rank:Q", color=alt.Color("part:N", title=None, scale=colours, legend=legend)
    )
    ends = (
        base.transform_filter("isValid(datum.label)")
        .transform_calculate(end="8e6 / datum.rate")
        .mark_text(align="left", dx=5, fontSize=11 if wide else 9.5, color=hue("text"))
        .encode(x=alt.X("end:Q"), y=y, text="label:N")
    )
    return bars + ends
