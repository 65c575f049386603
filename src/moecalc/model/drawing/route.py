"""Ways of arrows around boxes, in right angles, and free places for their labels."""

from typing import NamedTuple

from .graph import Band

#: Length of an arrow's head; a label leaves it free [pixels]
HEAD = 5.0


class Arrow(NamedTuple):
    """A way of straight pieces, from the edge of one box to that of another."""

    source: str
    target: str
    label: str
    points: tuple  #: (x, y) of each corner [pixels]

    def pieces(self) -> list:
        """Its straight pieces, each from one point to the next."""
        return list(zip(self.points, self.points[1:], strict=False))


def route(band: Band, places: dict, lanes, gap: float) -> list:
    """An arrow for each edge of a band, between boxes that have their places."""
    nodes = {node.key: node for node in band.nodes}
    free = _free_cells(band)
    return [Arrow(edge.source, edge.target, edge.label, _way(edge, nodes, places, lanes, gap, free)) for edge in band.edges]


def _free_cells(band: Band):
    """A function that says whether a lane is free in all columns strictly between two."""

    def free(lane, first, last):
        between = [node for node in band.nodes if first < node.column < last]
        return not any(node.lane - 0.4 < lane < node.last_lane + 0.4 for node in between)

    return free


def _clamp(lane: float, node) -> float:
    return min(max(lane, node.lane), node.last_lane)


def _way(edge, nodes: dict, places: dict, lanes, gap: float, free) -> tuple:
    source, target = nodes[edge.source], nodes[edge.target]
    start, end = places[edge.source], places[edge.target]
    out = _clamp(target.lane, source) if edge.out is None else edge.out
    into = _clamp(out, target) if edge.into is None else edge.into
    y, to = lanes.at(out), lanes.at(into)
    if source.column == target.column:
        return ((start.middle, start.bottom), (start.middle, end.y))
    if edge.from_below:
        return ((start.right, y), (end.middle, y), (end.middle, end.bottom))
    if out == into:
        return ((start.right, y), (end.x, to))
    if target.kind == "operation":
        return ((start.right, y), (end.middle, y), (end.middle, end.bottom if y > to else end.y))
    # what leaves a norm for several boxes shares its way as long as it can
    late = source.kind != "vector" and free(out, source.column, target.column)
    turn = end.x - 0.3 * gap if late else start.right + 0.3 * gap
    return ((start.right, y), (turn, y), (turn, to), (end.x, to))


class _Space(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Space") -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


def place_labels(arrows, boxes, stream, screen) -> tuple:
    """(text, x, y) of the middle of each label that finds a free place beside its arrow; others are left out.

    What one box sends to several is said once.
    """
    taken = [_Space(box.x, box.y, box.right, box.bottom) for box in boxes]
    taken += [_line(*piece) for arrow in (*arrows, *stream) for piece in arrow.pieces()]
    found, said = [], set()
    for arrow in arrows:
        if (arrow.source, arrow.label) in said:
            continue
        width = screen.label_width * len(arrow.label) + 2.0
        for space in _beside(arrow, width, screen.text_height) if arrow.label else ():
            if not any(space.meets(other) for other in taken):
                found.append((arrow.label, (space.left + space.right) / 2, (space.top + space.bottom) / 2))
                taken.append(space)
                said.add((arrow.source, arrow.label))
                break
    return tuple(found)


def _line(one: tuple, other: tuple) -> _Space:
    """A thin space around a straight piece of an arrow."""
    (x, y), (x2, y2) = one, other
    return _Space(min(x, x2) - 0.6, min(y, y2) - 0.6, max(x, x2) + 0.6, max(y, y2) + 0.6)


def _beside(arrow: Arrow, width: float, height: float):
    """Spaces for a label: above and below level pieces, the last ones first, then right of upright ones."""
    last = arrow.points[-1]
    for (x, y), (x2, y2) in reversed(arrow.pieces()):
        if y == y2:
            left, right = min(x, x2), max(x, x2) - (HEAD if (x2, y2) == last else 0.0)
            if right - left >= width:
                for middle in ((left + right) / 2, left + width / 2 + 1, right - width / 2 - 1):
                    for top in (y - height - 1, y + 1):
                        yield _Space(middle - width / 2, top, middle + width / 2, top + height)
    for (x, y), (x2, y2) in arrow.pieces():
        if x == x2 and abs(y2 - y) >= height + HEAD:
            middle = (y + y2) / 2
            yield _Space(x + 3, middle - height / 2, x + 3 + width, middle + height / 2)
