"""Loads of GPUs as stacked bars, before and after, beside what is gained over the number of spare slots."""

import altair as alt

from moecalc.explorers.serving.experts_by_copies import AFTER, BEFORE, GAIN, ONE, PUBLISHED, SEVERAL

from ...theme import hue
from .. import ROWS, column, part_title

#: Gap between the bars of two nodes, of the width of a bar.
GAP = 0.5
COLOURS = {ONE: "blue", SEVERAL: "orange"}
#: Expression for the right end of the last bar.
LAST = f"(extent({column('gpu')})[1] + 1 + {GAP} * extent({column('node')})[1])"
AT, NUMBER = f"datum.gpu + {GAP} * datum.node", "split(datum.name, ' ')[1]"
TOP = f"1.08 * max(1, extent({column('high')})[1])"
MOST_GAIN = f"extent({column('gain')})[1]"
#: Widths of a bar's panel and of the panel of gains, and height [pixels]
SIZES = {True: (195, 125, 260), False: (136, 275, 112)}


def draw(wide, controls):
    width, beside, height = SIZES[wide]
    bars = [_bars(panel, wide, width, height, first=panel == BEFORE) for panel in (BEFORE, AFTER)]
    gains = _gains(wide, beside, height if wide else 58)
    if wide:
        return alt.hconcat(*bars, gains, spacing=14)
    return alt.vconcat(alt.hconcat(*bars, spacing=8), gains, spacing=8)


def _bars(panel, wide, width, height, first):
    field = alt.Chart(alt.NamedData(ROWS), width=width, height=height).transform_filter(alt.datum.panel == panel)
    small = 11 if wide else 9.5
    x = alt.X(
        "left:Q",
        title="GPUs" if wide else None,
        scale=alt.Scale(domain=alt.ExprRef(f"[-0.2, {LAST} + 0.1]"), nice=False, zero=False),
        axis=alt.Axis(labels=False, ticks=False, grid=False),
    )
    y = alt.Y(
        "low:Q",
        title="Load, over the mean GPU's" if first else None,
        scale=alt.Scale(domain=alt.ExprRef(f"[0, {TOP}]"), nice=False),
        axis=alt.Axis(tickCount=5, labels=first, ticks=first, domain=False, labelFontSize=small, titleFontSize=small),
    )
    legend = alt.Legend(
        columns=2 if wide else 1,
        symbolType="square",
        columnPadding=16,
        rowPadding=1,
        offset=8,
        labelFontSize=12 if wide else 11,
    )
    scale = alt.Scale(domain=list(COLOURS), range=[hue(one) for one in COLOURS.values()])
    colour = alt.Color("kind:N", title=None, scale=scale, legend=legend)
    slots = (
        field.transform_calculate(left=f"{AT} + 0.06", right=f"{AT} + 0.94")
        .mark_rect(stroke=hue("paper"), strokeWidth=alt.ExprRef(f"{LAST} > 60 ? 0 : 0.8"))
        .encode(x=x, x2="right:Q", y=y, y2="high:Q", color=colour)
    )
    bar, letter = f"{width} / {LAST}", 5.5 if wide else 4.8
    numbers = (
        field.transform_filter(
            f"{bar} * 0.88 > {letter} * length({NUMBER}) + 2 && (datum.high - datum.low) * {height} / ({TOP}) > {small}"
        )
        .transform_calculate(left=f"{AT} + 0.5", low="(datum.low + datum.high) / 2", number=NUMBER)
        .mark_text(fontSize=small, baseline="middle", color=hue("paper"))
        .encode(x=x, y=y, text="number:N")
    )
    mean = (
        field.transform_aggregate(n="count()")
        .transform_calculate(low="1")
        .mark_rule(color=hue("text"), strokeDash=[4, 3], strokeWidth=1.2, aria=False)
        .encode(y=y)
    )
    most = field.transform_aggregate(top="max(high)").transform_calculate(
        low="datum.top", words="format(datum.top, '.2f') + ' x'"
    )
    said = most.mark_text(fontSize=small + 1, fontWeight="bold", align="right", baseline="bottom", dy=-2).encode(
        x=alt.value(width), y=y, text="words:N"
    )
    line = most.mark_rule(color=hue("red"), strokeWidth=1, aria=False).encode(y=y)
    return alt.layer(slots, numbers, mean, line, said, title=part_title(panel, fontSize=12 if wide else 10.5))


def _gains(wide, width, height):
    field = alt.Chart(alt.NamedData(ROWS), width=width, height=height)
    small = 11 if wide else 9.5
    x = alt.X(
        "spare:Q",
        title="Spare slots, over experts",
        scale=alt.Scale(zero=True, nice=False, padding=6),
        axis=alt.Axis(format="%", tickCount=3 if wide else 6, grid=False, labelFontSize=small, titleFontSize=small),
    )
    y = alt.Y(
        "gain:Q",
        title=None,
        scale=alt.Scale(domain=alt.ExprRef(f"[1, max(1.1, 1.06 * {MOST_GAIN})]"), nice=False, zero=False),
        axis=alt.Axis(tickCount=5 if wide else 3, domain=False, labelFontSize=small, format="~g"),
    )
    line = field.transform_filter(alt.datum.panel == GAIN).transform_filter("!datum.chosen")
    drawn = line.mark_line(color=hue("teal"), point=False, aria=False).encode(x=x, y=y)
    dot = field.transform_filter("datum.chosen").mark_point(size=90, filled=True, opacity=1, color=hue("teal"))
    points = field.transform_filter(alt.datum.panel == PUBLISHED)
    marks = points.mark_point(shape="diamond", size=60, filled=True, opacity=1, color=hue("purple")).encode(x=x, y=y)
    words = (
        points.transform_calculate(words="split(datum.name, ',')[0]")
        .mark_text(align="left", baseline="middle", dx=7, fontSize=small - 1, color=hue("purple"))
        .encode(x=x, y=y, text="words:N")
    )
    return alt.layer(
        drawn, marks, words, dot.encode(x=x, y=y), title=part_title("throughput gained, x", fontSize=12 if wide else 10.5)
    )
