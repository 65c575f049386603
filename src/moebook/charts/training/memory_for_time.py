"""Points of what is freed over the time that it takes, on logarithmic scales, with intervals and the end of the step."""

import altair as alt

from moecalc.explorers.training.memory_for_time import AGAIN, ALL, SENT, WHOLE

from ...theme import hue
from .. import chart, powers_of_ten

COLOURS = {AGAIN: "blue", ALL: "orange", WHOLE: "slate", SENT: "green"}


def draw(wide, controls):
    kinds = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    square = {"symbolStrokeWidth": 0, "symbolSize": 90 if wide else 60}
    legend = alt.Legend(
        title=None, columns=4 if wide else 2, columnPadding=16 if wide else 6, labelFontSize=12 if wide else 10, **square
    )
    colour = alt.Color("kind:N", scale=kinds, legend=legend)
    base = (
        chart(wide, 66 if wide else 58, height=300 if wide else 190)
        .transform_filter("datum.freed > 0 && datum.time > 0")
        .transform_calculate(
            gb="datum.freed / 1e9", from_s="datum.low", to_s="isValid(datum.high) ? datum.high : datum.time"
        )
    )
    across = alt.X(
        "time:Q",
        title="Time in a step [s]",
        scale=alt.Scale(type="log", nice=True),
        axis=alt.Axis(values=powers_of_ten(-5, 3), labelExpr="format(datum.value, '~g')", grid=True),
    )
    up = alt.Y(
        "gb:Q",
        title="Memory that a GPU is spared [GB]",
        scale=alt.Scale(type="log", nice=True),
        axis=alt.Axis(values=powers_of_ten(-4, 4), labelExpr="format(datum.value, '~g')", grid=True),
    )
    spans = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=3, opacity=0.55, aria=False)
        .encode(x=alt.X("from_s:Q"), x2="to_s:Q", y=up, color=colour)
    )
    points = base.mark_point(filled=True, size=150 if wide else 100, opacity=1).encode(x=across, y=up, color=colour)
    end = (
        chart(wide, 66 if wide else 58)
        .transform_aggregate(step="max(step)")
        .mark_rule(color=hue("red"), strokeWidth=2, aria=False)
        .encode(x="step:Q")
    )
    ended = (
        chart(wide, 66 if wide else 58)
        .transform_aggregate(step="max(step)")
        .transform_calculate(label="'step ends'")
        .mark_text(color=hue("red"), align="right", dx=-5, y=10, fontSize=12 if wide else 11)
        .encode(x="step:Q", text="label:N")
    )
    size = 12 if wide else 11
    right = f"datum.share < 0.01 || datum.kind == '{SENT}'"
    words = base.transform_calculate(
        label="datum.name + (datum.share < 0.0001 ? '' : ', ' + format(datum.share, datum.share < 0.01 ? '.2%' : '.1%'))"
    )
    halo = {"stroke": hue("paper"), "strokeWidth": 4, "strokeJoin": "round"}
    said = [
        words.mark_text(
            align=alt.ExprRef(f"{right} ? 'left' : 'right'"),
            dx=alt.ExprRef(f"{right} ? 12 : -12"),
            dy=-11,
            fontSize=size,
            color=hue("text"),
            aria=False,
            **look,
        ).encode(x=across, y=up, text="label:N")
        for look in (halo, {})
    ]
    return alt.layer(spans, end, said[0], points, ended, said[1])
