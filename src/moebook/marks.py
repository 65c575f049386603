"""Marks that say their values: each mark of a chart carries the number of its row, and in a page the row's words.

A chart is drawn without its rows, so a mark cannot hold words. It holds the number of its row as its
description, which Vega writes into the SVG; whoever shows the SVG turns that number into words: the
build into a ``<title>``, the page's script into a label beside the mark.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from moecalc.base.columns import column, is_number
from moecalc.base.errors import InputError
from moecalc.explorers import Explorer, Metric, as_text

from . import html

#: Key of a row that holds its number, once it is put into a chart.
ROW = "_row"
#: Types of marks that stand for rows; ``aria`` of a mark says it where its type does not.
_STAND_FOR_ROWS = {"arc", "area", "bar", "circle", "line", "point", "rect", "square", "tick", "trail"}
#: One path for many rows.
_PATHS = {"area", "line", "trail"}
#: What stands for the rows of a path: points that are not seen, large enough to be pointed at.
_UNSEEN = {"type": "point", "filled": True, "opacity": 0, "size": 80, "strokeWidth": 0, "aria": True}
#: Channels that place a mark; the others stay with the path.
_PLACES = {"x", "y", "x2", "y2", "xOffset", "yOffset", "detail"}
#: Where a chart has charts of its own.
PARTS = ("layer", "concat", "hconcat", "vconcat", "spec")
_DESCRIPTION = {"description": {"field": ROW, "type": "nominal"}}
#: A mark in the SVG that Vega writes, with the number that it carries.
_MARK = re.compile(r'<(\w+)([^<>]*) aria-label="(\d+)"([^<>]*?)(?:/>|></\1>)')
#: Of more rows than this the words stand in the table alone; in every mark they would weigh too much.
MOST_TITLES = 40


def numbered(rows: list) -> list:
    """Rows with their numbers, from 0."""
    return [{**row, ROW: number} for number, row in enumerate(rows)]


def carry_rows(spec: dict) -> dict:
    """A Vega-Lite chart whose marks carry the number of their row."""
    parts = {key: spec[key] for key in PARTS if key in spec}
    carried = {
        key: [carry_rows(one) for one in part] if isinstance(part, list) else carry_rows(part) for key, part in parts.items()
    }
    return _carry_row({**spec, **carried}) if "mark" in spec else {**spec, **carried}


def stands_for_rows(unit: dict) -> bool:
    """Whether each mark of a Vega-Lite unit stands for a row, and says it."""
    mark = definition(unit)
    return mark.get("aria", mark["type"] in _STAND_FOR_ROWS and mark.get("opacity") != 0)


def definition(unit: dict) -> dict:
    """The mark of a Vega-Lite unit, which may be given by its type alone."""
    return unit["mark"] if isinstance(unit["mark"], dict) else {"type": unit["mark"]}


def _carry_row(unit: dict) -> dict:
    mark, encoding = definition(unit), unit.get("encoding", {})
    if not stands_for_rows(unit):
        return unit
    if mark["type"] not in _PATHS:
        return {**unit, "mark": {**mark, "aria": True}, "encoding": {**encoding, **_DESCRIPTION}}
    places = {channel: how for channel, how in encoding.items() if channel in _PLACES}
    looks = {channel: how for channel, how in encoding.items() if channel not in _PLACES}
    layers = [{"mark": mark, "encoding": looks}, {"mark": _UNSEEN, "encoding": _DESCRIPTION}]
    return {key: part for key, part in unit.items() if key != "mark"} | {"encoding": places, "layer": layers}


class Said(NamedTuple):
    """What a mark says, and what a click on it sets."""

    words: str  #: a line for each value
    sets: str  #: controls and values as in an address, such as ``seq_len=4096``; empty where it sets none


def said(explorer: Explorer, rows: Sequence[dict]) -> list:
    """What the marks of each row say.

    Parameters
    ----------
    explorer : Explorer
        Its columns give the words and the units [-]
    rows : sequence of dict
        As the data table has them [-]

    Returns
    -------
    list of Said
        One for each row.
    """
    columns = {key: _in_words(rows, key, explorer.columns[key]) for key in explorer.says or explorer.columns}
    lines = [_lines(explorer, row, {key: words[at] for key, words in columns.items()}) for at, row in enumerate(rows)]
    return [Said("\n".join(told), urlencode(_sets(explorer, row))) for told, row in zip(lines, rows, strict=True)]


def _in_words(rows: Sequence[dict], key: str, metric: Metric) -> list:
    """The values of a column as the data table has them, each with the unit that its heading says."""
    values = [row.get(key) for row in rows]
    shown = column(values, metric.unit, metric.digits, metric.label)
    return [
        f"{cell} {shown.unit}" if shown.unit and is_number(value) else cell
        for cell, value in zip(shown.cells, values, strict=True)
    ]


def _lines(explorer: Explorer, row: dict, words: dict) -> list:
    """The first column names the mark; the others follow with their headings, where the row has them."""
    first, *others = words
    name = words[first] if isinstance(row.get(first), str) else f"{explorer.columns[first].label} {words[first]}"
    return [name, *(f"{explorer.columns[key].label}: {words[key]}" for key in others if row.get(key) not in (None, ""))]


def _sets(explorer: Explorer, row: dict) -> dict:
    """Control key -> value, of the controls that a mark of this row stands for."""
    controls = {control.key: control for control in explorer.controls}
    values = {key: _accepted(controls[key], row.get(column)) for key, column in explorer.picks.items()}
    return {key: value for key, value in values.items() if value is not None}


def _accepted(control, value) -> str | None:
    """The text of a value that a control takes, given itself or in the control's words; None where it takes it not."""
    in_words = {words: option for option, words in getattr(control, "options", ())}
    try:
        read = None if value is None else control.read(in_words.get(value, value))
    except InputError:
        return None
    # an option is written as its list has it, a number as a box has it
    return None if read is None else str(read) if in_words else as_text(read)


def with_words(svg: str, marks: Sequence[Said]) -> str:
    """An SVG of Vega whose marks say their rows.

    Parameters
    ----------
    svg : str
        Made of a chart of :func:`carry_rows` [-]
    marks : sequence of Said
        One for each row [-]

    Returns
    -------
    str
        Each mark has ``data-row``, ``data-sets`` where a click sets a control, and a ``<title>`` for those without scripts,
        unless there are more than :data:`MOST_TITLES`.
    """

    def say(found: re.Match) -> str:
        tag, before, number, after = found.groups()
        mark = marks[int(number)]
        sets = f' data-sets="{html.text(mark.sets)}"' if mark.sets else ""
        title = f"<title>{html.text(mark.words)}</title>" if len(marks) <= MOST_TITLES else ""
        return f'<{tag}{before} data-row="{number}"{sets}{after}>{title}</{tag}>'

    return _MARK.sub(say, svg)
