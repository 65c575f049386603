"""The layers of a model as cells, one block as a graph of boxes and arrows, and the chosen boxes worked out.

Places are pixels and stand in the rows. Lines are paths of SVG in one row: a point whose shape is that path, drawn from
the upper left corner, is all arrows at once.
"""

import altair as alt

from moecalc.model.drawing.place import NARROW, WIDE

from ...theme import hue
from .. import ROWS, column
from ._parts import OTHER, PARTS

#: Colours of the kinds of blocks, in the order of the rows: the ends come first.
KINDS = ("slate", "orange", "blue", "green", "purple", "teal", "pink")
SELECTED = "datum.selected"
#: Parts in a reader's words -> hue, for those that share one.
COLOURS = {
    **PARTS,
    "query x key": "blue",
    "scores x value": "blue",
    "indexer query x key": "purple",
    "cache": "slate",
    "norms": OTHER,
    "norms inside attention": OTHER,
}
#: Expression for a value with its prefix: parameters are counted in B, not G.
SHORT = (
    "replace(replace(replace(format(datum.value, datum.value < 999.5 ? '~f' : '.3s'), 'k', 'K'), "
    f"'G', indexof(['flops', 'bytes'], {column('bars')}[0]) < 0 ? 'B' : 'G'), regexp('([KMGBT])$'), ' $1')"
)
#: A symbol of this size is drawn as large as its path says.
AS_IT_IS = 4
#: Height of the cells, of their legend, and of the lines that are worked out [pixels]
CELLS, LEGEND, LINE = {True: 12, False: 8}, {True: 20, False: 12}, 13
LINES = 5


def draw(wide, controls):
    screen, name = (WIDE, "wide") if wide else (NARROW, "narrow")
    above = CELLS[wide] + LEGEND[wide]
    height = above + screen.height + (LINES * LINE + 4 if wide else 0)
    picture = _Picture(alt.Chart(alt.NamedData(ROWS), width=screen.width, height=height), name, wide, above)
    layers = [
        *_strip(picture, screen.width),
        *_lines(picture),
        _experts(picture),
        *_boxes(picture),
        *_words(picture),
        *(_worked(picture, height - LINES * LINE) if wide else ()),
    ]
    return alt.layer(*layers).resolve_scale(color="independent")


class _Picture:
    """The chart, with scales that are pixels from the upper left corner."""

    def __init__(self, chart, screen, wide, above):
        self.chart, self.screen, self.wide, self.above = chart, screen, wide, above

    def x(self, field):
        return alt.X(f"{field}:Q", axis=None, scale=alt.Scale(domain=[0, self.chart.width], nice=False, zero=False))

    def y(self, field):
        return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[self.chart.height, 0], nice=False, zero=False))

    def rows(self, part):
        return self.chart.transform_filter(f"datum.part == '{part}'")

    def of(self, key):
        """Expression for a key of this screen."""
        return f"datum.{self.screen}_{key}"


def _strip(picture, width):
    cells, wide = CELLS[picture.wide], picture.wide
    names = alt.Scale(range=[hue(name) for name in KINDS])
    colour = alt.Color("name:N", sort=None, scale=names, legend=None)
    opacity = alt.condition(SELECTED, alt.value(1), alt.value(0.55))
    each = (
        picture.rows("pattern")
        # 1-3, 5 is a row for each of 1, 2, 3, 5
        .transform_calculate(places="split(datum.places, ', ')")
        .transform_flatten(["places"])
        .transform_calculate(ends="split(datum.places, '-')")
        .transform_calculate(places="sequence(toNumber(datum.ends[0]), toNumber(peek(datum.ends)) + 1)")
        .transform_flatten(["places"])
        .transform_calculate(
            left=f"datum.places * {width} / datum.last",
            right=f"(datum.places + 0.86) * {width} / datum.last",
            top="datum.selected ? 0 : 2",
            bottom=f"datum.selected ? {cells} : {cells - 2}",
        )
        .mark_rect()
        .encode(x=picture.x("left"), x2="right:Q", y=picture.y("top"), y2="bottom:Q", color=colour, opacity=opacity)
    )
    size, swatch = (11, 9) if wide else (9, 7)
    legend = picture.rows("pattern").transform_calculate(left=picture.of("x"), right=f"{picture.of('x')} + {swatch}")
    y = cells + LEGEND[wide] / 2 - 1
    swatches = legend.mark_rect(aria=True).encode(
        x=picture.x("left"),
        x2="right:Q",
        y=alt.value(y - swatch / 2),
        y2=alt.value(y + swatch / 2),
        color=colour,
        opacity=opacity,
    )
    words = legend.mark_text(align="left", baseline="middle", dx=swatch + 4, fontSize=size).encode(
        x=picture.x("left"),
        y=alt.value(y),
        text="name:N",
        color=alt.condition(SELECTED, alt.value(hue("text")), alt.value(hue("muted"))),
    )
    return each, swatches, words


def _rows_with(picture, key):
    """The one row that has a key of this screen."""
    return picture.chart.transform_filter(f"isValid({picture.of(key)}) && {picture.of(key)} != ''")


def _path(picture, key, **mark):
    """All lines of one kind: a shape at the upper left corner of the graph."""
    points = _rows_with(picture, key).mark_point(size=AS_IT_IS, opacity=1, aria=False, **mark)
    shape = alt.Shape(f"{picture.screen}_{key}:N", scale=None, legend=None)
    return points.encode(x=alt.value(0), y=alt.value(picture.above), shape=shape)


def _lines(picture):
    ink = {"fill": "transparent", "filled": False}
    thin, thick = (1, 3) if picture.wide else (0.8, 2)
    return (
        _path(picture, "stream", stroke=hue("slate"), strokeWidth=thick, strokeOpacity=0.55, **ink),
        _path(picture, "arrows", stroke=hue("muted"), strokeWidth=thin, **ink),
        _heads(picture, "stream"),
        _heads(picture, "arrows"),
        *_signs(picture, thin),
    )


def _heads(picture, key):
    """The heads of arrows: a path of each begins at its head, x,y, and goes from there to the left, down or up."""
    length, half = (5, 2.6) if picture.wide else (3.6, 2)
    return (
        _rows_with(picture, key)
        .transform_calculate(way=f"slice(split({picture.of(key)}, 'M'), 1)")
        .transform_flatten(["way"])
        .transform_calculate(at="split(replace(datum.way, regexp('[hv].*'), ''), ',')")
        .transform_calculate(
            left="toNumber(datum.at[0])",
            top=f"toNumber(datum.at[1]) + {picture.above}",
            turn="test(regexp('^[0-9,]+h'), datum.way) ? 0 : test(regexp('^[0-9,]+v-'), datum.way) ? 90 : 270",
        )
        .mark_point(
            shape=f"M0,0L-{length},-{half}L-{length},{half}Z",
            size=AS_IT_IS,
            filled=True,
            fill=hue("muted"),
            opacity=1,
            strokeWidth=0,
            aria=False,
        )
        .encode(x=picture.x("left"), y=picture.y("top"), angle=alt.Angle("turn:Q", scale=None))
    )


def _signs(picture, thin):
    """Operations, x|y|width|height|text each: a circle or a box with round ends, and what it does."""
    base = (
        _listed(picture, "signs")
        .transform_calculate(word="datum.at[4]", right="datum.left + toNumber(datum.at[2])")
        .transform_calculate(bottom="datum.top + toNumber(datum.at[3])", middle="(datum.left + datum.right) / 2")
        .transform_calculate(line="(datum.top + datum.bottom) / 2")
    )
    round_ends = base.mark_rect(fill=hue("paper"), stroke=hue("muted"), strokeWidth=thin, cornerRadius=99, aria=False)
    words = base.mark_text(baseline="middle", fontSize=10 if picture.wide else 7.5, color=hue("text"))
    return (
        round_ends.encode(x=picture.x("left"), x2="right:Q", y=picture.y("top"), y2="bottom:Q"),
        words.encode(x=picture.x("middle"), y=picture.y("line"), text="word:N"),
    )


def _experts(picture):
    """The experts of a layer as a field of cells, those that a made-up token uses in strong colour."""
    columns = "ceil(sqrt(datum.experts * datum.w / datum.h))"
    return (
        _rows_with(picture, "field")
        .transform_calculate(at=f"split({picture.of('field')}, '|')", chosen="split(datum.experts_used, ', ')")
        .transform_calculate(w="toNumber(datum.at[2])", h="toNumber(datum.at[3])")
        .transform_calculate(columns=columns, cell="sequence(datum.experts)")
        .transform_calculate(lines="ceil(datum.experts / datum.columns)")
        .transform_flatten(["cell"])
        .transform_calculate(
            left="toNumber(datum.at[0]) + (datum.cell % datum.columns) * datum.w / datum.columns",
            top=f"toNumber(datum.at[1]) + {picture.above} + floor(datum.cell / datum.columns) * datum.h / datum.lines",
            used="indexof(datum.chosen, '' + datum.cell) >= 0",
        )
        .transform_calculate(
            right="datum.left + 0.8 * datum.w / datum.columns", bottom="datum.top + 0.8 * datum.h / datum.lines"
        )
        .mark_rect(aria=False, fill=hue(PARTS["routed experts"]))
        .encode(
            x=picture.x("left"),
            x2="right:Q",
            y=picture.y("top"),
            y2="bottom:Q",
            fillOpacity=alt.condition("datum.used", alt.value(1), alt.value(0.3)),
        )
    )


def _boxes(picture):
    base = (
        picture.rows("box")
        # x|y|width|height|text
        .transform_calculate(place=f"split(datum.{picture.screen}, '|')")
        .transform_calculate(
            left="toNumber(datum.place[0])",
            top=f"toNumber(datum.place[1]) + {picture.above}",
            width="toNumber(datum.place[2])",
            height="toNumber(datum.place[3])",
            text="datum.place[4]",
            value=f"toNumber(datum[{column('bars')}[0]])",
        )
        .transform_joinaggregate(largest="max(value)")
        .transform_calculate(
            right="datum.left + datum.width",
            bottom="datum.top + datum.height",
            middle="datum.left + datum.width / 2",
            amount=SHORT,
        )
    )
    colour = alt.Color(
        "component:N",
        scale=alt.Scale(domain=list(COLOURS), range=[hue(name) for name in COLOURS.values()]),
        legend=None,
    )
    x, y = picture.x("left"), picture.y("top")
    paper = base.mark_rect(fill=hue("paper"), aria=False, cornerRadius=2).encode(x=x, x2="right:Q", y=y, y2="bottom:Q")
    boxes = base.mark_rect(cornerRadius=2).encode(
        x=x,
        x2="right:Q",
        y=y,
        y2="bottom:Q",
        fill=colour,
        stroke=colour,
        fillOpacity=alt.condition(SELECTED, alt.value(0.3), alt.value(0.08)),
        strokeWidth=alt.condition(SELECTED, alt.value(1.8 if picture.wide else 1.4), alt.value(0.9)),
    )
    thick = 4 if picture.wide else 2.5
    bars = (
        base.transform_filter("datum.value > 0 && datum.text != ''")
        .transform_calculate(
            first=f"datum.bottom - min({thick}, 0.2 * datum.height)",
            end=f"datum.left + {column(picture.screen + '_room')}[0] * datum.value / datum.largest",
        )
        .mark_rect(aria=False)
        .encode(x=x, x2="end:Q", y=picture.y("first"), y2="bottom:Q", fill=colour)
    )
    # the amount stands below the name where the box is high enough
    room = "datum.value > 0 && datum.text != '' && datum.height >= 27" if picture.wide else "false"
    named = base.transform_filter("datum.text != ''").transform_calculate(
        beside=f"({room}) ? -6 : -1", line=f"(datum.top + datum.bottom) / 2 + (({room}) ? -6 : -1)"
    )
    text = {"baseline": "middle", "color": hue("text")}
    names = named.mark_text(fontSize=10.5 if picture.wide else 8.5, **text).encode(
        x=picture.x("middle"), y=picture.y("line"), text="text:N"
    )
    layers = [paper, boxes, bars, names]
    if picture.wide:
        amounts = base.transform_filter(room).transform_calculate(line="(datum.top + datum.bottom) / 2 + 5")
        layers.append(
            amounts.mark_text(fontSize=9, baseline="middle", color=hue("muted")).encode(
                x=picture.x("middle"), y=picture.y("line"), text="amount:N"
            )
        )
    return layers


def _listed(picture, key):
    """A row for each word of a list: x|y|word;..."""
    return (
        _rows_with(picture, key)
        .transform_calculate(listed=f"split({picture.of(key)}, ';')")
        .transform_flatten(["listed"])
        .transform_calculate(at="split(datum.listed, '|')")
        .transform_calculate(
            left="toNumber(datum.at[0])", top=f"toNumber(datum.at[1]) + {picture.above}", word="datum.at[2]"
        )
    )


def _words(picture):
    def words(key, **mark):
        return (
            _listed(picture, key)
            .mark_text(baseline="middle", **mark)
            .encode(x=picture.x("left"), y=picture.y("top"), text="word:N")
        )

    small = 9 if picture.wide else 7.5
    found = [
        words("captions", align="left", fontSize=11 if picture.wide else 9, fontWeight="bold", color=hue("text")),
    ]
    if picture.wide:
        found.append(words("labels", fontSize=small, color=hue("muted")))
    return found


def _worked(picture, top):
    """The chosen boxes worked out, matrices and products first, as many as there is room for."""
    base = (
        picture.chart.transform_filter("datum.selected && datum.part != 'pattern'")
        .transform_calculate(order="datum.flops > 0 ? 0 : 1")
        .transform_window([alt.WindowFieldDef(**{"op": "row_number", "as": "index"})], sort=[alt.SortField("order")])
        .transform_filter(f"datum.index <= {LINES}")
        .transform_calculate(
            worked="datum.params > 0 && indexof(datum.formula, ' ') > 0 "
            "? datum.formula + ' = ' + format(datum.params, ',') : datum.formula",
            work="datum.flops > 0 ? datum.flops_formula + ' = ' + format(datum.flops, ',') + ' FLOPs' : ''",
            held="datum.formula == '' && datum.flops_formula == '' ? datum.shape : ''",
            line=f"{top} + {LINE} * (datum.index - 0.5)",
        )
        .transform_calculate(
            said="datum.name + ':  ' + datum.held + datum.worked"
            " + (datum.worked != '' && datum.work != '' ? ';  ' : '') + datum.work"
        )
    )
    return (
        base.mark_text(align="left", baseline="middle", fontSize=10, color=hue("text")).encode(
            x=alt.value(0), y=picture.y("line"), text="said:N"
        ),
    )
