"""A line for each benchmark, a mark for each model, by subject."""

import altair as alt

from moecalc.benchmarks import MODELS, V3

from ..theme import CATEGORIES, hue
from . import data, plot_width

NAMES = [name for name, _ in MODELS.values()]
#: DeepSeek-V3 is an upright bar: marks that stand close to it stay in sight
BAR = "M-0.25,-1L0.25,-1L0.25,1L-0.25,1Z"
SHAPES = [BAR, "square", "triangle-up", "diamond", "cross", "triangle-down", "circle"]
STEP = {True: 20, False: 34}
#: Pixels of a letter of a label, in the widest font that a reader may have
LETTER = 7.2


def draw(result, wide):
    # bits per byte stand in the data table: they are on another scale, where less is better
    rows = [dict(row) for row in result.rows if row["unit"] == "score"]
    for i, row in enumerate(rows):
        row["first"] = i == 0 or row["test"] != rows[i - 1]["test"]
    shown = [name for name in NAMES if any(row["model"] == name for row in rows)]
    at = [NAMES.index(name) for name in shown]
    order = list(dict.fromkeys(row["test"] for row in rows))
    labels = int(LETTER * max(map(len, order))) if wide else 0
    axis = alt.Axis(grid=True, domain=False, ticks=False, labels=wide, labelPadding=8, labelLimit=300, minExtent=labels)
    base = alt.Chart(height=alt.Step(STEP[wide]), width=plot_width(wide, labels + 30)).encode(
        y=alt.Y("test:N", sort=order, title=None, axis=axis),
        x=alt.X("score:Q", title="Score", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=10 if wide else 5)),
    )
    marks = base.encode(
        color=alt.Color(
            "model:N",
            scale=alt.Scale(domain=shown, range=[CATEGORIES[i] for i in at]),
            title=None,
            legend=alt.Legend(columns=3 if wide else 2, columnPadding=24),
        ),
        shape=alt.Shape("model:N", scale=alt.Scale(domain=shown, range=[SHAPES[i] for i in at]), title=None),
    )
    v3 = MODELS[V3][0]
    layers = [
        marks.transform_filter(alt.datum.model == v3).mark_point(filled=True, size=280, opacity=1),
        marks.transform_filter(alt.datum.model != v3).mark_point(filled=True, size=50, opacity=1),
    ]
    if not wide:
        layers.append(
            base.transform_filter(alt.datum.first)
            .mark_text(align="left", dy=-13, fontSize=12, color=hue("text"))
            .encode(x=alt.value(0), text="test:N")
        )
    pad = 2 if wide else 10
    header = alt.Header(labelOrient="top", labelAnchor="start", labelFontWeight="bold", labelPadding=pad, title=None)
    subject = alt.Row("subject:N", sort=list(dict.fromkeys(row["subject"] for row in rows)), header=header)
    return alt.layer(*layers, data=data(rows)).facet(row=subject, spacing=14).resolve_scale(y="independent")
