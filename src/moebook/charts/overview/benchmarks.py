"""A line for each benchmark, a mark for each model, by subject."""

import altair as alt

from moecalc.facts.benchmarks import MODELS, V3, results, subjects

from ...theme import CATEGORIES, hue
from .. import chart, panel_header, present

#: The names of one table's tests are longer than another's.
VARIANTS = ("table",)

NAMES = [name for name, _ in MODELS.values()]
#: DeepSeek-V3 is an upright bar: marks that stand close to it stay in sight
BAR = "M-0.25,-1L0.25,-1L0.25,1L-0.25,1Z"
SHAPES = [BAR, "square", "triangle-up", "diamond", "cross", "triangle-down", "circle"]
STEP = {True: 20, False: 34}
#: Pixels of a letter of a label, in the widest font that a reader may have
LETTER = 7.2


def draw(wide, controls):
    longest = max(len(str(test)) for test in results(controls["table"]))
    labels = int(LETTER * longest) if wide else 0
    axis = alt.Axis(grid=True, domain=False, ticks=False, labels=wide, labelPadding=8, labelLimit=0, minExtent=labels)
    base = chart(wide, labels + 30, height=alt.Step(STEP[wide])).encode(
        y=alt.Y("test:N", sort=None, title=None, axis=axis),
        x=alt.X("score:Q", title="Score", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=10 if wide else 5)),
    )
    legend = alt.Legend(values=present(NAMES, "model"), columns=3 if wide else 2, columnPadding=24)
    marks = base.encode(
        color=alt.Color("model:N", scale=alt.Scale(domain=NAMES, range=CATEGORIES[: len(NAMES)]), title=None, legend=legend),
        shape=alt.Shape("model:N", scale=alt.Scale(domain=NAMES, range=SHAPES), title=None, legend=legend),
    )
    v3 = MODELS[V3][0]
    layers = [
        marks.transform_filter(alt.datum.model == v3).mark_point(filled=True, size=280, opacity=1),
        marks.transform_filter(alt.datum.model != v3).mark_point(filled=True, size=50, opacity=1),
    ]
    if not wide:
        # DeepSeek-V3 has a result in every test
        layers.append(
            base.transform_filter(alt.datum.model == v3)
            .mark_text(align="left", dy=-13, fontSize=12, color=hue("text"))
            .encode(x=alt.value(0), text="test:N")
        )
    pad = 2 if wide else 10
    header = panel_header(pad)
    return (
        alt.layer(*layers)
        # bits per byte stand in the data table: they are on another scale, where less is better
        .transform_filter(alt.datum.unit == "score")
        .facet(row=alt.Row("subject:N", sort=subjects(), header=header), spacing=14)
        .resolve_scale(y="independent")
    )
