"""From columns and lanes to pixels: where boxes, operations, arrows and labels of a block stand."""

from collections.abc import Sequence
from typing import NamedTuple

from .graph import WIDTHS, Band
from .route import Arrow, place_labels, route


class Screen(NamedTuple):
    """The space for a graph and the sizes in it [pixels]"""

    width: float
    height: float
    gap: float  #: between columns
    most_unit: float  #: width of a box, where there is room
    most_pitch: float  #: from lane to lane, where there is room
    caption: float  #: height of a band's title
    stream: float  #: height of the lane of the residual stream
    tab: float  #: width of a bias
    label_width: float  #: of a character on an arrow; 0 where arrows have no labels
    text_height: float = 10.0  #: of a label


WIDE = Screen(640, 330, 29, 60, 42, 17, 22, 8, 5.2)
NARROW = Screen(356, 238, 9.5, 40, 26, 11, 13, 4, 0.0)
#: Space to the left of the first column, where the residual stream comes down from the band above [pixels]
MARGIN = 14.0
#: Part of a lane that is left free between boxes [ratio]
FREE = 0.28


class Box(NamedTuple):
    """A rectangle with its upper left corner; for an operation, the space of its sign [pixels]"""

    key: str
    kind: str  #: of the node, or "tab"
    text: str
    x: float
    y: float
    width: float
    height: float
    part: object = None

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


class Label(NamedTuple):
    """Words at a place."""

    text: str
    x: float  #: of its middle, or of its left end for a caption [pixels]
    y: float  #: of its middle [pixels]


class Drawing(NamedTuple):
    """All that is drawn of a block [pixels]"""

    boxes: tuple  #: of tensors, products and caches, and tabs
    operations: tuple  #: Box of each, forks among them
    field: Box | None  #: where the experts are drawn
    arrows: tuple  #: Arrow of each edge
    stream: tuple  #: Arrow of each piece of the residual stream
    labels: tuple
    captions: tuple
    room: float  #: for the longest bar: the width of the narrowest box


def draw(bands: Sequence[Band], screen: Screen = WIDE) -> Drawing:
    """Bands one below another, their boxes as large as there is room for."""
    unit = min([screen.most_unit, *(_unit(band, screen) for band in bands)])
    fixed = sum(screen.caption + (screen.stream if band.in_stream else 0) for band in bands)
    pitch = min(screen.most_pitch, (screen.height - fixed) / sum(_lanes(band) for band in bands))
    boxes, arrows, captions, stream, top = [], [], [], [], 0.0
    leaves = None
    for number, band in enumerate(bands):
        placed = _boxes(band, screen, unit, pitch, top + screen.caption)
        places = _with_tabs(placed)
        lanes = _Lanes(top + screen.caption, screen.stream if band.in_stream else 0.0, pitch)
        routed = route(band, places, lanes, _gap(band, screen))
        last = number == len(bands) - 1
        stream += _stream(band, places, lanes, leaves, top, _gap(band, screen), screen.width if last else None)
        leaves = _way_out(band, places)
        captions.append(Label(band.title, MARGIN, top + screen.caption / 2))
        boxes, arrows = boxes + placed, arrows + routed
        top = lanes.at(_lanes(band) + 0.5)
    labels = place_labels(arrows, boxes, stream, screen) if screen.label_width else ()
    signs = tuple(box for box in boxes if box.kind in ("operation", "fork"))
    field = next((box for box in boxes if box.kind == "field"), None)
    drawn = tuple(box for box in boxes if box.part is not None)
    room = min(box.width for box in drawn if box.kind not in ("vector", "tab"))
    return Drawing(drawn, signs, field, tuple(arrows), tuple(stream), labels, tuple(captions), room)


class _Lanes(NamedTuple):
    top: float
    stream: float
    pitch: float

    def at(self, lane: float) -> float:
        """Height of the middle of a lane."""
        return self.top + self.stream / 2 if lane == 0 else self.top + self.stream + (lane - 0.5) * self.pitch


def _lanes(band: Band) -> int:
    return int(max(node.last_lane for node in band.nodes))


def _columns(band: Band) -> dict:
    """Column -> its width in units, of those that are there."""
    widths = {}
    for node in sorted(band.nodes, key=lambda node: node.column):
        widths[node.column] = max(widths.get(node.column, 0.0), WIDTHS[node.kind])
    return widths


def _unit(band: Band, screen: Screen) -> float:
    """Width of a box if the band fills the screen, with room for the residual stream at both ends."""
    columns = _columns(band)
    return (screen.width - 2 * MARGIN - (len(columns) - 1) * _gap(band, screen)) / sum(columns.values())


def _gap(band: Band, screen: Screen) -> float:
    """Space between columns: less in a band of so many that its boxes would be narrower than their gaps."""
    columns = _columns(band)
    least = (screen.width - 2 * MARGIN) / (sum(columns.values()) + len(columns) - 1)
    return min(screen.gap, least)


def _boxes(band: Band, screen: Screen, unit: float, pitch: float, top: float) -> list:
    left, starts = MARGIN, {}
    for column, width in _columns(band).items():
        starts[column] = (left, width * unit)
        left += width * unit + _gap(band, screen)
    lanes = _Lanes(top, screen.stream if band.in_stream else 0.0, pitch)
    boxes = []
    for node in band.nodes:
        start, room = starts[node.column]
        width = WIDTHS[node.kind] * unit
        first, last = lanes.at(node.lane), lanes.at(node.last_lane)
        height = min((1 - FREE) * pitch, 30.0)
        if node.kind == "operation":
            # lower than a box, for it may stand between two lanes
            height = min(width, 2 * (0.5 - FREE) * pitch + 1.5)
            width = height if len(node.text) == 1 else width
        if node.kind == "fork":
            width = height = 3.0
        elif node.lane == 0:
            width = height = min(0.7 * screen.stream, width)
        x = start + (room - width) / 2
        box = Box(node.key, node.kind, node.text, x, first - height / 2, width, last - first + height, node.part)
        # tabs leave at least half of a box
        tab_width = min(screen.tab, width / 2 / max(1, len(node.tabs)))
        taken = tab_width * len(node.tabs)
        boxes.append(box._replace(width=width - taken))
        boxes += [
            Box(f"{node.key}/{tab.name}", "tab", "", x + width - taken + i * tab_width, box.y, tab_width, box.height, tab)
            for i, tab in enumerate(node.tabs)
        ]
    return boxes


def _with_tabs(placed: list) -> dict:
    """Key -> box of all but the tabs, as wide as it is with its own: arrows leave behind them."""
    places = {box.key: box for box in placed if box.kind != "tab"}
    for tab in placed:
        if tab.kind == "tab":
            owner = tab.key.removesuffix(f"/{tab.part.name}")
            places[owner] = places[owner]._replace(width=tab.right - places[owner].x)
    return places


def _way_out(band: Band, places: dict) -> Box:
    """What the residual stream leaves a band from."""
    if band.in_stream:
        return places["sum"]
    return places[max(band.nodes, key=lambda node: node.column).key]


def _stream(band, places, lanes, leaves, top, gap, edge) -> list:
    """The residual stream through a band: from the band above, or from the left; behind the last one, out to an `edge`."""
    if not band.in_stream:
        return []
    y, total = lanes.at(0), places["sum"]
    into = [(0.0, y)]
    if leaves is not None:
        turn, over = leaves.right + 0.45 * gap, top + 1.0
        middle = leaves.y + leaves.height / 2
        into = [(leaves.right, middle), (turn, middle), (turn, over), (3.0, over), (3.0, y)]
    pieces = [Arrow("", "sum", "", (*into, (total.x, y)))]
    if edge is not None and not any(one.source == "sum" for one in band.edges):
        pieces.append(Arrow("sum", "", "", ((total.right, y), (min(total.right + 1.2 * gap, edge), y))))
    return pieces
