"""Predicted against measured memory, with the diagonal."""

import altair as alt

from ...theme import hue
from .. import chart, column

USES = {"fitted": ("orange", "square"), "held out": ("blue", "circle")}


def draw(wide, controls):
    low, high = (
        f"{one}(extent({column('measured')})[{end}], extent({column('predicted')})[{end}])"
        for one, end in (("min", 0), ("max", 1))
    )
    both = alt.Scale(
        type="log", domainMin=alt.ExprRef(f"0.85e-9 * {low}"), domainMax=alt.ExprRef(f"1.15e-9 * {high}"), nice=False
    )
    ticks = alt.Axis(values=[5, 10, 20, 50, 100, 200], format="d")
    x = alt.X("x:Q", title="Measured [GB]", scale=both, axis=ticks)
    y = alt.Y("y:Q", title="Predicted [GB]", scale=both, axis=ticks)
    colours = alt.Scale(domain=list(USES), range=[hue(colour) for colour, _ in USES.values()])
    shapes = alt.Scale(domain=list(USES), range=[shape for _, shape in USES.values()])
    points = (
        chart(wide, height=320 if wide else 220)
        .transform_calculate(x="datum.measured / 1e9", y="datum.predicted / 1e9")
        .mark_point(filled=True, opacity=0.75, size=60 if wide else 45)
        .encode(
            x=x,
            y=y,
            color=alt.Color("use:N", scale=colours, title=None, legend=alt.Legend(columnPadding=24)),
            shape=alt.Shape("use:N", scale=shapes, title=None),
        )
    )
    diagonal = (
        chart(wide)
        .transform_aggregate(low="min(measured)", low2="min(predicted)", high="max(measured)", high2="max(predicted)")
        .transform_calculate(x="0.9e-9 * min(datum.low, datum.low2)", x2="1.1e-9 * max(datum.high, datum.high2)")
        .mark_rule(color=hue("muted"), strokeWidth=1.2, strokeDash=[4, 4], aria=False)
        .encode(x=x, y=alt.Y("x:Q", scale=both), x2="x2:Q", y2="x2:Q")
    )
    return diagonal + points
