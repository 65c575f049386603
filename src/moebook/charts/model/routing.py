"""A line for each node with its best experts, placed by their scores."""

import altair as alt

from ...theme import hue
from .. import chart, column

KINDS = {"chosen": "blue", "lost to the limit": "orange", "other": "slate"}
#: Expressions for a node's score and whether it is chosen, by the node's number.
SCORE = f"{column('node_score')}[indexof({column('node')}, datum.value)]"
CHOSEN = f"{column('node_chosen')}[indexof({column('node')}, datum.value)]"


def draw(wide, controls):
    kinds = list(KINDS)
    colours = alt.Scale(domain=kinds, range=[hue(name) for name in KINDS.values()])
    legend = alt.Legend(title=None, columnPadding=24, labelFontSize=12 if wide else 11)
    places = 145 if wide else 122
    y = alt.Y(
        "node:O",
        title=None,
        axis=alt.Axis(
            labelExpr=f"'node ' + datum.value + ', ' + format({SCORE}, '.3~r')",
            labelFontWeight=alt.condition(CHOSEN, alt.value("bold"), alt.value("normal")),
            labelFontSize=12 if wide else 11,
            minExtent=places - 38,
            grid=True,
        ),
    )
    marks = (
        chart(wide, places, height=290 if wide else 184)
        .transform_calculate(size=f"datum.what == 'other' ? {30 if wide else 20} : {130 if wide else 80}")
        .mark_point(filled=False, strokeWidth=1.8, opacity=1)
        .encode(
            x=alt.X(
                "score:Q",
                title="Affinity plus bias",
                scale=alt.Scale(zero=False, nice=True),
                axis=alt.Axis(tickCount=6 if wide else 4),
            ),
            y=y,
            size=alt.Size("size:Q", scale=None, legend=None),
            stroke=alt.Stroke("what:N", scale=colours, legend=legend),
            fill=alt.Fill("what:N", scale=colours, legend=legend),
            fillOpacity=alt.condition("datum.what == 'chosen'", alt.value(1), alt.value(0)),
        )
    )
    return marks
