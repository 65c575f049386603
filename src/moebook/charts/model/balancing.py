"""Three curves over steps; the steps in which the biases stand still are shaded."""

import altair as alt

from moecalc.explorers.model.balancing import NAMES

from ...theme import hue
from .. import chart, column

COLOURS = {"none": "slate", "loss": "orange", "bias": "blue"}
DASHES = {"none": [2, 3], "loss": [7, 3], "bias": [1, 0]}


def draw(wide, controls):
    names = list(NAMES.values())
    x = alt.X("step:Q", title="Step", axis=alt.Axis(tickCount=6), scale=alt.Scale(nice=False, zero=True))
    base = chart(wide, 60, height=300 if wide else 185)
    lines = (
        base.transform_fold(list(NAMES), as_=["method", "violation"])
        .transform_calculate(name=f"{dict(NAMES)}[datum.method]")
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=alt.Y("violation:Q", title="Busiest expert, above the mean", axis=alt.Axis(format="%", tickCount=5)),
            color=alt.Color(
                "name:N",
                title=None,
                scale=alt.Scale(domain=names, range=[hue(one) for one in COLOURS.values()]),
                legend=alt.Legend(symbolType="stroke", columnPadding=16, labelFontSize=12 if wide else 11),
            ),
            strokeDash=alt.StrokeDash("name:N", title=None, scale=alt.Scale(domain=names, range=list(DASHES.values()))),
        )
    )
    still = (
        base.transform_filter("datum.frozen")
        .transform_aggregate(first="min(step)", last="max(step)")
        .transform_calculate(start=f"datum.first - {column('step')}[0]")
        .mark_rect(fill=hue("muted"), opacity=0.13, aria=False)  # of several rows
        .encode(x=alt.X("start:Q"), x2="last:Q")
    )
    return alt.layer(still, lines)
