"""A drawn block as keys of rows: places of boxes, and all lines in one row as paths of SVG, for either screen."""

from ...model.drawing.blocks import bands_of
from ...model.drawing.place import NARROW, WIDE, draw

SCREENS = {"wide": WIDE, "narrow": NARROW}
#: Widths of a character of the legend, and of a swatch with the space around it [pixels]
LEGEND = {"wide": (5.9, 34.0), "narrow": (4.9, 17.0)}


def drawings(blocks: list, hidden: int) -> dict:
    """Screen -> the drawing of a block on it."""
    bands = bands_of(blocks, hidden)
    return {name: draw(bands, screen) for name, screen in SCREENS.items()}


def boxes_of(drawn: dict) -> dict:
    """Id of a tensor, score or cache -> the keys that place its box: x|y|width|height|text."""
    found = {}
    for screen, drawing in drawn.items():
        for box in drawing.boxes:
            left, top, right, bottom = map(round, (box.x, box.y, box.right, box.bottom))
            place = (left, top, right - left, bottom - top, box.text)
            found.setdefault(id(box.part), {})[screen] = "|".join(map(str, place))
    return found


def lines_of(drawn: dict) -> dict:
    """Keys of one row that hold everything but boxes: paths, and lists of words at places."""
    keys = {}
    for screen, drawing in drawn.items():
        field = drawing.field
        keys |= {
            f"{screen}_arrows": "".join(_line(arrow.points) for arrow in drawing.arrows),
            f"{screen}_stream": "".join(_line(arrow.points) for arrow in drawing.stream),
            f"{screen}_signs": ";".join(_sign(box) for box in drawing.operations if box.kind != "fork"),
            f"{screen}_labels": _words(drawing.labels),
            f"{screen}_captions": _words(drawing.captions),
            f"{screen}_room": int(drawing.room),
            f"{screen}_field": ""
            if field is None
            else "|".join(str(round(one)) for one in (field.x, field.y, field.width, field.height)),
        }
    return keys


def _short(number: float) -> str:
    return f"{round(number, 1):g}"


def _line(points) -> str:
    """A path of level and upright pieces, on whole pixels, from the head of an arrow to where it begins."""
    points = [(round(x), round(y)) for x, y in reversed(points)]
    path = f"M{points[0][0]},{points[0][1]}"
    for (x, y), (to_x, to_y) in zip(points, points[1:], strict=False):
        path += f"h{to_x - x}" if to_x != x else ""
        path += f"v{to_y - y}" if to_y != y else ""
    return path


def _sign(box) -> str:
    """x|y|width|height|text of an operation; sides are rounded before corners, so that a circle stays one."""
    width, height = round(box.width), round(box.height)
    left, top = round(box.middle - width / 2), round(box.y + (box.height - height) / 2)
    return f"{left}|{top}|{width}|{height}|{box.text}"


def _words(words) -> str:
    return ";".join(f"{round(x)}|{round(y)}|{text}" for text, x, y in words if text)


def legend_of(names: list) -> list:
    """Keys that place each name of a legend in a line."""
    rows = [{} for _ in names]
    for screen, (character, swatch) in LEGEND.items():
        x = 0.0
        for row, name in zip(rows, names, strict=True):
            row[f"{screen}_x"] = round(x, 1)
            x += swatch + character * len(name)
    return rows
