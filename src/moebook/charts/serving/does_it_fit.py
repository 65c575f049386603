"""GPUs side by side, filled from below up to their memory, beside the longest context over the number of users."""

import altair as alt

from moecalc.explorers.serving.does_it_fit import BARS, LIMIT, PARTS, REACH

from ...theme import hue
from .. import ROWS, column, part_title

COLOURS = dict(zip(PARTS, ("blue", "orange", "purple", "paper", "grid"), strict=True))
LINES = {"these GPUs": ("orange", [1, 0]), "twice as many": ("slate", [5, 3])}
LAST = f"extent({column('last')})[1]"
MEMORY = f"extent({column('memory')})[1]"
#: Expression for the top of the picture [GB]
TOP = f"1.06 * max({MEMORY}, extent({column('high')})[1])"
#: Most GPUs that are drawn one by one.
EACH = 64
#: Expression for a part in the legend: its name, and its bytes on the fullest GPU, whose row comes first.
SAID = f"datum.label + ' ' + format({column('bytes')}[indexof({column('part')}, datum.label)] / 1e9, '.3~g') + ' GB'"
#: Expression for tokens at an axis, in units of 1,024.
TOKENS = "datum.value < 1024 ? format(datum.value, 'd') : format(datum.value / 1024, ',d') + 'K'"
#: Widths of both panels, and their height [pixels]
SIZES = {True: (320, 200, 250), False: (170, 92, 165)}


def draw(wide, controls):
    width, beside, height = SIZES[wide]
    return alt.hconcat(_gpus(wide, width, height), _reach(wide, beside, height), spacing=18 if wide else 6)


def _gpus(wide, width, height):
    field = alt.Chart(alt.NamedData(ROWS), width=width, height=height).transform_filter(alt.datum.panel == BARS)
    small = {"labelFontSize": 11 if wide else 9.5, "titleFontSize": 11 if wide else 9.5}
    x = alt.X(
        "left:Q",
        title="GPUs of an instance",
        scale=alt.Scale(domain=alt.ExprRef(f"[0, {LAST}]"), nice=False),
        axis=alt.Axis(
            values=alt.ExprRef(f"[0.5, {LAST} - 0.5]"),
            labelExpr="format(datum.value + 0.5, ',d')",
            grid=False,
            ticks=False,
            domain=False,
            **small,
        ),
    )
    y = alt.Y(
        "low:Q",
        title="Memory of a GPU [GB]",
        scale=alt.Scale(domain=alt.ExprRef(f"[0, {TOP}]"), nice=False),
        axis=alt.Axis(tickCount=6, grid=False, **small),
    )
    legend = alt.Legend(
        labelExpr=SAID,
        columns=3 if wide else 2,
        symbolType="square",
        symbolStrokeColor=hue("muted"),
        symbolStrokeWidth=1,
        columnPadding=14 if wide else 8,
        rowPadding=1,
        offset=8,
        labelFontSize=12 if wide else 10.5,
    )
    colour = alt.Color(
        "part:N", title=None, scale=alt.Scale(domain=list(PARTS), range=[hue(COLOURS[one]) for one in PARTS]), legend=legend
    )
    # a mark for each GPU, where they are few enough to be seen
    fills = (
        field.transform_filter("datum.high > datum.low")
        .transform_calculate(gpu=f"{LAST} <= {EACH} ? sequence(datum.first, datum.last) : [datum.first]")
        .transform_flatten(["gpu"])
        .transform_calculate(
            left=f"{LAST} <= {EACH} ? datum.gpu + 0.05 : datum.first",
            right=f"{LAST} <= {EACH} ? datum.gpu + 0.95 : datum.last",
        )
        .mark_rect()
        .encode(x=x, x2="right:Q", y=y, y2="high:Q", color=colour)
    )
    line = field.transform_aggregate(memory="max(memory)").transform_calculate(
        low="datum.memory", words="'memory ' + format(datum.memory, '.3~g') + ' GB'"
    )
    limit = line.mark_rule(color=hue("red"), strokeWidth=2, aria=False).encode(y=y)
    size = line.mark_text(color=hue("red"), fontSize=11 if wide else 9.5, align="right", baseline="bottom", dy=-2).encode(
        x=alt.value(width), y=y, text="words:N"
    )
    return alt.layer(fills, limit, size)


def _reach(wide, width, height):
    field = alt.Chart(alt.NamedData(ROWS), width=width, height=height).transform_filter(alt.datum.panel == REACH)
    small = {"labelFontSize": 11 if wide else 9.5, "titleFontSize": 11 if wide else 9.5}
    x = alt.X(
        "users:Q",
        title="Users at once",
        scale=alt.Scale(type="log", base=2, nice=False, domainMin=0.8, padding=4),
        axis=alt.Axis(format=",d", tickCount=4 if wide else 3, grid=False, **small),
    )
    y = alt.Y(
        "context:Q",
        title="Longest context [tokens]",
        scale=alt.Scale(type="log", base=2, nice=False, padding=10),
        axis=alt.Axis(labelExpr=TOKENS, tickCount=6 if wide else 4, **small),
    )
    lines = []
    for name, (colour, dash) in LINES.items():
        one = field.transform_filter(alt.datum.name == name)
        lines.append(one.mark_line(color=hue(colour), strokeDash=dash, strokeWidth=2, aria=False).encode(x=x, y=y))
    these = field.transform_filter(alt.datum.name == "these GPUs")
    points = these.mark_point(size=36 if wide else 20, filled=True, opacity=1, color=hue("orange"))
    chosen = field.transform_filter("datum.name == 'chosen'").mark_point(
        size=130 if wide else 90, filled=True, opacity=1, color=hue("text"), shape="diamond"
    )
    limit = field.transform_filter(alt.datum.name == LIMIT)
    most = limit.mark_rule(color=hue("muted"), strokeDash=[2, 3], aria=False).encode(y=y)
    said = limit.mark_text(
        align="right",
        baseline="bottom",
        dy=-2,
        fontSize=11 if wide else 9.5,
        color=hue("muted"),
        text=LIMIT if wide else "model",
    ).encode(x=alt.value(width), y=y)
    words = part_title(
        "dashed: twice as many GPUs" if wide else "dashed: twice the GPUs",
        fontSize=11 if wide else 9,
        fontWeight="normal",
        color=hue("muted"),
        frame="group",
    )
    return alt.layer(most, said, *lines, points.encode(x=x, y=y), chosen.encode(x=x, y=y), title=words)
