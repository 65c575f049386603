"""Bars over time, a line for each rank; many bars of one kind are one stroke with gaps."""

import altair as alt

from moecalc.explorers.training.pipeline import LOWER, OPERATIONS, PAIRED, STEPS, UPPER

from ...theme import hue
from .. import chart, column, plot_width

COLOURS = {"forward": "orange", "backward": "green", "backward for inputs": "teal", "backward for weights": "blue"}
#: Heights, and room for the numbers of ranks [pixels]
HEIGHT, MARGIN = {True: 300, False: 185}, {True: 40, False: 30}
RANKS = f"(extent({column('rank')})[1] + 1)"
LAST = f"extent({column('end')})[1]"
#: What a bar leaves free above and below it, of the height of its line.
FREE = 0.05
#: A symbol of this size has one pixel for one step of its path.
AS_IT_IS = 4
#: Widths of a digit, and the least height of a line whose bars have numbers [pixels]
DIGIT, LEAST = 4.6, 15


def draw(wide, controls):
    height, width = HEIGHT[wide], plot_width(wide, MARGIN[wide])
    base = chart(wide, MARGIN[wide], height=height).transform_calculate(
        kind=f"split(datum.operation, ', {PAIRED}')[0]",
        top=f"datum.rank + (datum.half == {LOWER} ? 0.5 : {FREE})",
        bottom=f"datum.rank + (datum.half == {UPPER} ? 0.5 : {1 - FREE})",
    )
    x = alt.X(
        "start:Q",
        title="Time",
        scale=alt.Scale(domain=alt.ExprRef(f"[0, {LAST}]"), nice=False, zero=True),
        axis=alt.Axis(grid=False, tickCount=8 if wide else 5),
    )
    lines = alt.Axis(
        values=alt.ExprRef(f"sequence(0.5, {RANKS})"),
        labelExpr="format(datum.value - 0.5, 'd')",
        grid=False,
        ticks=False,
        domain=False,
        labelOverlap=False,
        labelFontSize=alt.ExprRef(f"min({12 if wide else 10}, {height} / {RANKS} - 3)"),
    )
    y = alt.Y(
        "top:Q",
        title="Rank",
        axis=lines,
        scale=alt.Scale(domain=alt.ExprRef(f"[{RANKS}, 0]"), nice=False, zero=False),
    )
    colours = alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()])
    legend = alt.Legend(
        values=_present(), symbolType="square", symbolStrokeWidth=0, columnPadding=14, columns=4 if wide else 2
    )
    colour = alt.Color("kind:N", title=None, scale=colours, legend=legend)
    tone = alt.FillOpacity("tone:Q", scale=None, legend=None)
    single = base.transform_filter("datum.line == ''")
    bars = single.mark_rect(stroke=hue("paper"), strokeWidth=0.6 if wide else 0.3).encode(
        x=x, x2="end:Q", y=y, y2="bottom:Q", color=colour, fillOpacity=tone
    )
    pairs = (
        single.transform_filter(f"datum.half == {UPPER}")
        .transform_calculate(bottom=f"datum.rank + {1 - FREE}")
        .mark_rect(fill=None, stroke=hue("text"), strokeWidth=0.9 if wide else 0.5, aria=False)
        .encode(x=x, x2="end:Q", y=y, y2="bottom:Q")
    )
    layers = [bars, pairs, _strokes(base, y, colours, width, height)]
    return alt.layer(*layers, *([_numbers(single, x, y, width, height)] if wide else []))


def _strokes(base, y, colours, width, height):
    """A path of each rank and operation: level, so that its size stretches it in time and its stroke in height."""
    return (
        base.transform_filter("datum.line != ''")
        .transform_calculate(
            top="(datum.top + datum.bottom) / 2",
            thick=f"{height} / {RANKS} * (datum.half ? {0.5 - FREE} : {1 - 2 * FREE})",
        )
        .mark_point(size=AS_IT_IS * (width / STEPS) ** 2, filled=False, fill="transparent", opacity=1, clip=True)
        .encode(
            x=alt.value(0),
            y=y,
            shape=alt.Shape("line:N", scale=None, legend=None),
            stroke=alt.Stroke("kind:N", scale=colours, legend=None),
            strokeWidth=alt.StrokeWidth("thick:Q", scale=None, legend=None),
            strokeOpacity=alt.StrokeOpacity("tone:Q", scale=None, legend=None),
        )
    )


def _numbers(single, x, y, width, height):
    """The micro-batch of a bar that is wide and high enough for it."""
    wide_enough = f"(datum.end - datum.start) * {width} / {LAST} > {DIGIT} * length(datum.chunk) + 1.5"
    high_enough = f"{height} / {RANKS} * (datum.half ? 0.5 : 1) > {LEAST}"
    return (
        single.transform_filter(f"{wide_enough} && {high_enough}")
        .transform_calculate(start="(datum.start + datum.end) / 2", top="(datum.top + datum.bottom) / 2")
        .mark_text(fontSize=8.5, baseline="middle")
        .encode(
            x=x,
            y=y,
            text="chunk:N",
            color=alt.condition("datum.tone > 0.8", alt.value(hue("paper")), alt.value(hue("text"))),
        )
    )


def _present():
    """Kinds of operations that the rows hold."""
    found = " + ".join(
        f"(indexof(join({column('operation')}, ';') + ';', '{name};') < 0 "
        f"&& indexof(join({column('operation')}, ';'), '{name}, ') < 0 ? '' : '|{name}')"
        for name in OPERATIONS.values()
    )
    return alt.ExprRef(f"slice(split({found}, '|'), 1)")
