"""One MFU in every convention: a line of dots for each peak, a line of text for each count."""

import altair as alt

from moecalc.explorers.training.mfu_translator import DRAWN, PEAKS

from ...theme import hue
from .. import chart, column

COLOURS = {"bf16": "blue", "fp8": "orange", "fp8_sparse": "brown", "other_bf16": "teal", "other_fp8": "purple"}
PAPER = {"stroke": hue("paper"), "strokeWidth": 3, "strokeJoin": "round"}
NAMES = {key: PEAKS[key][0] for key in DRAWN}


def draw(wide, controls):
    names = 195 if wide else 146
    base = chart(wide, names, height=alt.Step(25 if wide else 17))
    bold = f"datum.value == {column('count')}[indexof({column('is_start')}, true)]"
    y = alt.Y(
        "count:N",
        sort=None,
        title=None,
        axis=alt.Axis(
            minExtent=names - 12,
            labelFontSize=12 if wide else 10,
            labelFontWeight=alt.condition(bold, alt.value("bold"), alt.value("normal")),
            grid=True,
            gridOpacity=0.5,
            domain=False,
            ticks=False,
        ),
    )
    largest = " , ".join(f"extent({column(key)})[1] || 0" for key in (*DRAWN, "published", "published_too", "start"))
    scale = alt.Scale(domainMin=0, domainMax=alt.ExprRef(f"1.06 * max({largest})"), nice=False)
    x = alt.X(
        "share:Q",
        title="Share of the peak",
        scale=scale,
        axis=alt.Axis(format="%", tickCount=7 if wide else 4, gridOpacity=0.5),
    )
    colours = alt.Scale(domain=list(NAMES.values()), range=[hue(COLOURS[key]) for key in DRAWN])
    # from the left end of the names: it is wider than the plot
    legend = alt.Legend(
        orient="none",
        legendX=10 - names,
        legendY=-30 if wide else -38,
        direction="horizontal",
        symbolType="circle",
        symbolOpacity=1,
        columns=5 if wide else 3,
        columnPadding=24 if wide else 8,
        rowPadding=1,
        labelFontSize=12 if wide else 10,
    )
    colour = alt.Color("peak:N", title=None, scale=colours, legend=legend)

    def folded(keys):
        made = base.transform_fold(list(keys), as_=["key", "share"]).transform_filter("isValid(datum.share)")
        return made.transform_calculate(peak=f"{list(NAMES.values())}[indexof({list(DRAWN)}, datum.key)]")

    dots = folded(DRAWN)
    lines = dots.mark_line(strokeWidth=2, opacity=0.45, aria=False).encode(x=x, y=y, color=colour, order=alt.Order("rank:Q"))
    points = dots.mark_point(filled=True, opacity=1, size=62 if wide else 34).encode(x=x, y=y, color=colour)
    where = base.transform_aggregate(share="max(start)").mark_rule(
        color=hue("text"), strokeDash=[4, 4], strokeWidth=1.2, aria=False
    )
    rings = (
        folded(("published", "published_too"))
        .mark_point(filled=False, stroke=hue("text"), strokeWidth=1.8, size=190 if wide else 110, opacity=1)
        .encode(x=x, y=y)
    )
    begin = (
        base.transform_filter("isValid(datum.start)")
        .mark_point(filled=True, fill=hue("red"), size=130 if wide else 80, opacity=1, stroke=hue("paper"), strokeWidth=1)
        .encode(x=alt.X("start:Q", scale=scale), y=y)
    )
    asked = (
        base.transform_filter("isValid(datum.end)")
        .mark_point(shape="square", filled=False, stroke=hue("red"), strokeWidth=2.2, size=190 if wide else 120, opacity=1)
        .encode(x=alt.X("end:Q", scale=scale), y=y)
    )
    numbers = folded(DRAWN if wide else ("bf16",)).transform_calculate(label="format(100 * datum.share, '.1f')")
    # with paper around them they are read across lines
    labels = [
        numbers.mark_text(align="left", dx=9 if wide else 7, fontSize=10.5 if wide else 9.5, **halo).encode(
            x=x, y=y, text="label:N", **colours
        )
        for halo, colours in ((PAPER, {}), ({}, {"color": colour}))
    ]
    return alt.layer(lines, where.encode(x=x), *labels, points, rings, begin, asked)
