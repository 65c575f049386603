"""A line for each benchmark, a mark for each model, by subject."""

import altair as alt

from moecalc.facts.benchmarks import MODELS, V3, results, subjects

from ...theme import CATEGORIES
from .. import chart, panel_header, present

#: The names of one table's tests are longer than another's.
VARIANTS = ("table",)

NAMES = [name for name, _ in MODELS.values()]
#: DeepSeek-V3 is an upright bar: marks that stand close to it stay in sight
BAR = "M-0.25,-1L0.25,-1L0.25,1L-0.25,1Z"
SHAPES = [BAR, "square", "triangle-up", "diamond", "cross", "triangle-down", "circle"]
#: Height of all lines together; a line is at most so high
HEIGHT, HIGHEST = {True: 320, False: 187}, 20
#: Below this height of a line there is no room for the name of its test
READABLE = 8
#: Width of a letter of a name, as a share of its size, in the widest font that a reader may have
LETTER = 0.6
#: Pixels for the names of subjects
SUBJECTS = 64


def draw(wide, controls):
    tests = [str(test) for test in results(controls["table"])]
    step = min(HIGHEST, HEIGHT[wide] / len(tests))
    named, size = step >= READABLE, min(12, step + 0.5)
    labels = int(LETTER * size * max(map(len, tests))) if named else 0
    # a phone has room for the names of tests or of subjects
    subjects_width = SUBJECTS if wide or not named else 0
    names = {"labels": named, "labelFontSize": size, "labelLimit": 0, "labelPadding": 6, "minExtent": labels}
    axis = alt.Axis(grid=True, domain=False, ticks=False, **names)
    base = chart(wide, labels + subjects_width + (30 if wide else 20), height=alt.Step(step)).encode(
        y=alt.Y("test:N", sort=None, title=None, axis=axis),
        x=alt.X(
            "score:Q",
            title="Score" if wide else None,
            scale=alt.Scale(domain=[0, 100]),
            axis=alt.Axis(tickCount=10 if wide else 5),
        ),
    )
    look = {"columnPadding": 24} if wide else {"columnPadding": 8, "rowPadding": 0, "labelFontSize": 10, "symbolSize": 40}
    legend = alt.Legend(values=present(NAMES, "model"), columns=4 if wide else 2, **look)
    marks = base.encode(
        color=alt.Color("model:N", scale=alt.Scale(domain=NAMES, range=CATEGORIES[: len(NAMES)]), title=None, legend=legend),
        shape=alt.Shape("model:N", scale=alt.Scale(domain=NAMES, range=SHAPES), title=None, legend=legend),
    )
    v3 = MODELS[V3][0]
    layers = [
        marks.transform_filter(alt.datum.model == v3).mark_point(filled=True, size=14 * step, opacity=1),
        marks.transform_filter(alt.datum.model != v3).mark_point(filled=True, size=50 if wide else 25, opacity=1),
    ]
    header = panel_header(8, labelOrient="right", labelAngle=0, labelAlign="center", labelAnchor="middle")
    if not subjects_width:
        header = alt.Header(labels=False, title=None)
    return (
        alt.layer(*layers)
        # bits per byte stand in the data table: they are on another scale, where less is better
        .transform_filter(alt.datum.unit == "score")
        .facet(row=alt.Row("subject:N", sort=subjects(), header=header), spacing=8 if wide else 4)
        .resolve_scale(y="independent")
    )
