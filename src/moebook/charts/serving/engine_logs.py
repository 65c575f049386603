"""Errors of predicted memory, a line for each log."""

import altair as alt

from ...theme import hue
from .. import chart, column

USES = {"fitted": ("orange", "square"), "held out": ("blue", "circle"), "settings not all said": ("slate", "cross")}
#: Expression for the largest error, of at least a few percent.
MOST = f"1.15 * max(0.03, max(extent({column('error')})[1], -extent({column('error')})[0]))"


def draw(wide, controls):
    margin = 265 if wide else 158
    field = chart(wide, margin, height=alt.Step(24 if wide else 19))
    x = alt.X(
        "error:Q",
        title="Predicted over logged, less one" if wide else "Error",
        scale=alt.Scale(domain=alt.ExprRef(f"[-{MOST}, {MOST}]"), nice=False),
        axis=alt.Axis(format="+.0%", tickCount=5),
    )
    axis = alt.Axis(labelFontSize=11.5 if wide else 9.5, labelLimit=margin, ticks=False, domain=False, minExtent=margin - 12)
    y = alt.Y("log:N", title=None, sort=None, axis=axis)
    colours = alt.Scale(domain=list(USES), range=[hue(colour) for colour, _ in USES.values()])
    shapes = alt.Scale(domain=list(USES), range=[shape for _, shape in USES.values()])
    legend = alt.Legend(columnPadding=16, columns=3 if wide else 1, rowPadding=1)
    points = field.mark_point(filled=True, opacity=0.9, size=90 if wide else 60).encode(
        x=x,
        y=y,
        color=alt.Color("use:N", scale=colours, title=None, legend=legend),
        shape=alt.Shape("use:N", scale=shapes, title=None),
    )
    stems = field.transform_calculate(zero="0").mark_rule(color=hue("muted"), strokeWidth=1, aria=False)
    zero = field.transform_aggregate(n="count()").transform_calculate(error="0")
    return alt.layer(
        zero.mark_rule(color=hue("text"), strokeWidth=1.2, aria=False).encode(x=x),
        stems.encode(x=x, x2="zero:Q", y=y),
        points,
    )
