"""Ghosts: a chart that shows the rows of another state faintly with its own, to compare a figure with its default.

A row with a true :data:`GHOST` is another state's. A chart of :func:`with_ghosts` draws its bars, lines and points of such
rows once more, faintly, and all else without them. Both share the scales, so what has changed is seen as a distance.
Without such rows the chart is the same picture as before.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping

from .marks import PARTS, definition, stands_for_rows
from .theme import hue

#: Key of a row that is another state's.
GHOST = "_ghost"
#: Marks that are drawn once more, and how.
_FAINT = {
    **dict.fromkeys(("bar", "area"), {"fillOpacity": 0.3, "strokeOpacity": 0}),
    "line": {"opacity": 0.5, "strokeWidth": 1.5, "strokeDash": [5, 3]},
    **dict.fromkeys(("trail", "point", "circle", "square", "tick"), {"opacity": 0.35}),
}
#: Marks whose outline is drawn before the others: it is seen where the present one is longer.
_OUTLINED = ("bar", "area")
_OUTLINE = {"filled": False, "stroke": hue("text"), "strokeWidth": 1, "strokeOpacity": 0.8}
#: How an outline differs from what it is of: it has none of its colours.
_COLOURS = {"color", "fill", "stroke", "opacity", "fillOpacity", "strokeOpacity", "strokeWidth", "strokeDash"}
_PLACES = {"x", "y", "x2", "y2", "xOffset", "yOffset", "order", "detail"}
#: Transforms of one row at a time: marks of both states may have them in common.
_ROW_BY_ROW = {"filter", "calculate", "fold", "flatten", "as"}
#: What is a mark's own; the rest belongs to the picture that it stands in.
_OWN = {"mark", "encoding", "transform", "name"}
_OF_FIRST_ROW = re.compile(r"data\('rows'\)\[0\]\.(\w+)")
#: Names of marks begin so: those that are drawn behind the others, and before them.
_BEHIND, _BEFORE = "ghost_behind_", "ghost_before_"


def offers(spec: Mapping) -> bool:
    """Whether a Vega-Lite chart can show ghosts: all that stands for rows in it is bars, lines or points along axes.

    A drawing and a heat map would be hidden by another of their kind, or hide it.
    """
    drawn = [one for one in _walk(spec) if "mark" in one]
    units = [one for one in drawn if stands_for_rows(one)]
    common = {key for one in _walk(spec) if "mark" not in one for transform in one.get("transform", ()) for key in transform}
    return (
        any(_kind(unit) in _FAINT for unit in units)
        and all(_kind(unit) in (*_FAINT, "rule") for unit in units)
        and all(_channel(unit, channel).get("axis", True) is not None for unit in drawn for channel in "xy")
        and common <= _ROW_BY_ROW
    )


def words(spec: Mapping, rows: list) -> list:
    """Keys of the words of the first row that say what a chart shows: two states where they differ are not drawn together.

    They stand in a title, which follows the first row, or in a text whose place is the same for all rows.
    """
    texts = [one for one in _walk(spec) if "mark" in one and _kind(one) == "text"]
    fixed = [one for one in texts if all("value" in _channel(one, place) for place in "xy")]
    keys = {*_OF_FIRST_ROW.findall(json.dumps(spec)), *(_channel(one, "text").get("field") for one in fixed)}
    return sorted(key for key in keys if rows and isinstance(rows[0].get(key), str))


def with_ghosts(spec: Mapping) -> dict:
    """A Vega-Lite chart that draws the rows of another state too, where it :func:`offers` that."""
    return _with_ghosts(spec, itertools.count()) if offers(spec) else dict(spec)


def behind(vega: Mapping) -> dict:
    """The Vega of a chart of :func:`with_ghosts`, whose faint marks are drawn first.

    In Vega-Lite they come after the others, for the first has its way in legends and in the order of names.
    """
    if "marks" not in vega:
        return vega
    # sorting keeps the order of all others
    marks = sorted(vega["marks"], key=lambda mark: _BEHIND not in mark.get("name", ""))
    return {**vega, "marks": [behind(mark) for mark in marks]}


def _with_ghosts(spec: Mapping, numbers: Iterator) -> dict:
    if "mark" not in spec:
        parts = {key: spec[key] for key in PARTS if key in spec}
        return {**spec} | {
            key: [_with_ghosts(one, numbers) for one in part] if isinstance(part, list) else _with_ghosts(part, numbers)
            for key, part in parts.items()
        }
    present, kind = _of(f"!datum.{GHOST}", spec), _kind(spec)
    if not stands_for_rows(spec) or kind not in _FAINT:
        return present
    looks = [_faint, _outline] if kind in _OUTLINED else [_faint]
    ghosts = [_of(f"datum.{GHOST}", look(spec, next(numbers))) for look in looks]
    layers = [{key: part for key, part in one.items() if key in _OWN} for one in (present, *ghosts)]
    return {key: part for key, part in spec.items() if key not in _OWN} | {"layer": layers}


def _of(rows: str, unit: Mapping) -> dict:
    """A mark of some of the rows."""
    return {**unit, "transform": [{"filter": rows}, *unit.get("transform", ())]}


def _faint(unit: Mapping, number: int) -> dict:
    """A mark that is seen through, and says no words."""
    mark = definition(unit) | _FAINT[_kind(unit)] | {"aria": False}
    encoding = {channel: how for channel, how in unit["encoding"].items() if channel != "opacity"}
    return {**unit, "mark": mark, "encoding": encoding, "name": f"{_BEHIND}{number}"}


def _outline(unit: Mapping, number: int) -> dict:
    """The edge of a bar or an area, without its colours."""
    mark = {key: how for key, how in definition(unit).items() if key not in _COLOURS} | _OUTLINE | {"aria": False}
    encoding = {channel: how for channel, how in unit["encoding"].items() if channel in _PLACES}
    # bars that differ in colour stand on each other; so do their outlines
    coloured = [how for channel, how in unit["encoding"].items() if channel in _COLOURS and "field" in how]
    if coloured:
        encoding["detail"] = [{"field": how["field"], "type": "nominal"} for how in coloured]
    return {**unit, "mark": mark, "encoding": encoding, "name": f"{_BEFORE}{number}"}


def _channel(unit: Mapping, channel: str) -> Mapping:
    return unit.get("encoding", {}).get(channel, {})


def _kind(unit: Mapping) -> str:
    return definition(unit)["type"]


def _walk(spec: Mapping) -> Iterator:
    """A chart and all that it is made of."""
    yield spec
    for key in PARTS:
        part = spec.get(key, [])
        for one in part if isinstance(part, list) else [part]:
            yield from _walk(one)
