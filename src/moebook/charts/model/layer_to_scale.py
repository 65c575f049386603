"""A layer's matrices as rectangles, placed by the rows; a square in the corner says the scale."""

import altair as alt

from moecalc.model.to_scale import NARROW, WIDE

from ...theme import hue
from .. import ROWS
from ._parts import PARTS

#: A side that is thinner is not drawn: no screen shows it [pixels]
THINNEST = 0.05
#: Side of the square that says the scale, and room for it below the picture [pixels]
SQUARE, ROOM = 16, 20


def draw(wide, controls):
    return drawn(WIDE, "wide") if wide else drawn(NARROW, "narrow")


def drawn(frame, screen: str):
    """The chart of rows that :func:`moecalc.explorers.model.layer_to_scale.rows_of` placed in a frame."""
    chart = alt.Chart(alt.NamedData(ROWS), width=frame.width, height=_height(frame))
    size = frame.text_size
    return alt.layer(
        _rectangles(chart, frame, screen), _labels(chart, frame, screen, size), *_scale(chart, frame, screen, size)
    )


def _height(frame):
    return frame.height + ROOM


def _axes(frame):
    """Pixels from the left and from the top."""
    across = alt.X("left:Q", axis=None, scale=alt.Scale(domain=[0, frame.width], nice=False))
    down = alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[_height(frame), 0], nice=False))
    return across, down


def _rectangles(chart, frame, screen):
    """Every copy of a row's matrix: 0-2, 7 in `places` are cells of a grid."""
    x, y = _axes(frame)
    colours = alt.Scale(domain=list(PARTS), range=[hue(name) for name in PARTS.values()])
    drawn = f"datum.{screen}_width >= {THINNEST} && datum.{screen}_height >= {THINNEST}"
    return (
        chart.transform_filter(drawn)
        .transform_calculate(places="split(datum.places, ', ')")
        .transform_flatten(["places"])
        .transform_calculate(ends="split(datum.places, '-')")
        .transform_calculate(places="sequence(toNumber(datum.ends[0]), toNumber(peek(datum.ends)) + 1)")
        .transform_flatten(["places"])
        .transform_calculate(
            left=f"datum.{screen}_x + (datum.places % datum.{screen}_columns) * datum.{screen}_step_x",
            top=f"datum.{screen}_y + floor(datum.places / datum.{screen}_columns) * datum.{screen}_step_y",
        )
        .transform_calculate(
            right=f"datum.left + datum.{screen}_width",
            bottom=f"datum.top + datum.{screen}_height",
        )
        .mark_rect()
        .encode(
            x=x,
            x2="right:Q",
            y=y,
            y2="bottom:Q",
            color=alt.Color("component:N", scale=colours, legend=None),
            fillOpacity=alt.condition("datum.state == 'used'", alt.value(1), alt.value(0.22)),
        )
    )


def _labels(chart, frame, screen, size):
    x, y = _axes(frame)
    return (
        chart.transform_filter("datum.label != ''")
        .transform_calculate(left=f"datum.{screen}_x", top=f"datum.{screen}_y")
        .mark_text(align="left", baseline="bottom", dy=-2, fontSize=size, color=hue("text"))
        .encode(x=x, y=y, text="label:N")
    )


def _scale(chart, frame, screen, size):
    """A square below the picture, and how many weights it stands for."""
    x, y = _axes(frame)
    side, short = f"{SQUARE} * datum.{screen}_scale", "replace(replace(format(datum.area, '.3s'), 'k', 'K'), 'G', 'B')"
    first = (
        chart.transform_window([alt.WindowFieldDef(**{"op": "row_number", "as": "index"})])
        .transform_filter("datum.index == 1")
        .transform_calculate(side=side, top=f"datum.{screen}_bottom + {ROOM - SQUARE}", left="0")
        .transform_calculate(
            area="datum.side * datum.side",
            right=f"datum.left + {SQUARE}",
            bottom=f"datum.top + {SQUARE}",
            middle="datum.top + 8",
        )
        .transform_calculate(
            words="format(datum.side, ',') + ' \u00d7 ' + format(datum.side, ',') + ' weights, ' + "
            f"replace({short}, regexp('([0-9])([KMBT])$'), '$1 $2')"
        )
    )
    square = first.mark_rect(fill=hue("muted"), aria=False).encode(x=x, x2="right:Q", y=y, y2="bottom:Q")
    words = first.mark_text(align="left", baseline="middle", dx=SQUARE + 6, fontSize=size, color=hue("muted"))
    return square, words.encode(x=x, y=alt.Y("middle:Q"), text="words:N")
