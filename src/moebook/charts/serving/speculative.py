"""Speed-up against acceptance, with the published points, and against the batch."""

import altair as alt

from moecalc.explorers.serving.speculative import FREE, MEASURED_NAME, PUBLISHED, ROOFLINE

from ...theme import hue
from .. import NARROW, ROWS, WIDE

NAMES = [FREE, ROOFLINE, *PUBLISHED.values(), MEASURED_NAME]


def draw(wide, controls):
    colours = alt.Scale(domain=NAMES, range=[hue(name) for name in ("slate", "blue", "orange", "purple", "green")])
    legend = alt.Legend(columns=2 if wide else 1, columnPadding=24, rowPadding=1, labelFontSize=12 if wide else 11)
    base = alt.Chart(
        alt.NamedData(ROWS), width=(WIDE - 150) // 2 if wide else (NARROW - 110) // 2, height=230 if wide else 140
    ).encode(
        y=alt.Y("y:Q", title="Speed-up", axis=alt.Axis(tickCount=6 if wide else 4)),
        color=alt.Color("line:N", scale=colours, title=None, legend=legend),
    )

    def panel(name, x):
        one = base.transform_filter(alt.datum.panel == name).encode(x=x)
        return one.mark_line(), one.transform_filter(alt.datum.chosen).mark_point(size=90, filled=True, opacity=1)

    rate = alt.X(
        "x:Q", title="Drafted tokens accepted" if wide else "Accepted", axis=alt.Axis(format="%", tickCount=5 if wide else 3)
    )
    # the wider range lies below the narrower one, which has the same speed-up
    published = [
        base.transform_filter(alt.datum.line == name).encode(x=rate, x2="x2:Q").mark_rule(strokeWidth=width, aria=True)
        for name, width in zip(reversed(PUBLISHED.values()), (10, 4), strict=True)
    ]
    log = alt.Scale(type="log", nice=False)
    many = alt.X("x:Q", title="Sequences together", scale=log, axis=alt.Axis(format="~s", tickCount=4 if wide else 2))
    measured = base.transform_filter(alt.datum.panel == "measured").encode(x=many)
    diamond = measured.mark_point(shape="diamond", size=110, filled=True, opacity=1)
    panels = alt.layer(*panel("acceptance", rate), *published), alt.layer(*panel("batch", many), diamond)
    return alt.hconcat(*panels, spacing=20 if wide else 8)
