"""Practices as bars, cut into what a step's time goes to, each with its interval and what was published."""

import altair as alt

from moecalc.explorers.industry.v3_practices import INTERVAL, MEASURED, PARTS

from ...theme import hue
from .. import ROWS, chart, column

FIRST = f"data('{ROWS}')[0]"
COLOURS = dict(zip(PARTS.values(), ("green", "olive", "red", "slate", "purple"), strict=True))


def draw(wide, controls):
    size = 12 if wide else 10
    scale = alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()])
    looks = {"direction": "horizontal", "columns": 5 if wide else 3, "columnPadding": 10}
    legend = alt.Legend(title=None, labelFontSize=size, symbolOpacity=1, **looks)
    y = alt.Y(
        "practice:N",
        title=None,
        sort=None,
        axis=alt.Axis(ticks=False, domain=False, labelFontSize=size, labelLimit=120),
        scale=alt.Scale(paddingInner=0.42, paddingOuter=0.25),
    )
    widest = f"1.16 * extent({column('end')})[1]"
    x = alt.X(
        "start:Q",
        title=None,
        scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef(widest), nice=False),
        axis=alt.Axis(labelExpr="replace(format(datum.value, '~s'), 'k', 'K')", tickCount=6 if wide else 4, grid=True),
    )
    base = chart(wide, 112 if wide else 92, height=alt.Step(44 if wide else 30)).encode(y=y)
    parts = base.transform_filter(alt.FieldOneOfPredicate("part", list(COLOURS)))
    bars = parts.mark_bar(opacity=0.9).encode(x=x, x2="end:Q", color=alt.Color("part:N", scale=scale, legend=legend))
    between = base.transform_filter(alt.datum.part == INTERVAL)
    line = between.mark_rule(strokeWidth=2, color=hue("text"), aria=True).encode(x=x, x2="end:Q")
    ends = [
        between.mark_tick(thickness=2, size=12, color=hue("text"), aria=False).encode(x=alt.X(f"{end}:Q", title=None))
        for end in ("start", "end")
    ]
    told = base.transform_filter(alt.datum.part == MEASURED)
    mark = told.mark_point(shape="diamond", filled=True, size=110 if wide else 80, opacity=1, strokeWidth=1.5)
    mark = mark.encode(x=alt.X("end:Q", title=None), fill=alt.value(hue("orange")), stroke=alt.value(hue("paper")))
    number = "replace(format(datum.total, '.3~s'), 'k', 'K')"
    said = between.transform_calculate(words=number).encode(x=alt.X("end:Q", title=None), text="words:N")
    said = said.mark_text(align="left", dx=7, fontSize=size, fontWeight="bold", color=hue("text"))
    title = alt.Title(
        alt.ExprRef(f"{FIRST}.drawn + '; orange: published'"), anchor="start", fontSize=12, fontWeight="normal", offset=6
    )
    return alt.layer(bars, line, *ends, mark, said).properties(title=title)
