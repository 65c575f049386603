"""Tables for a terminal."""

from ..base.units import si


def table(rows, columns: dict) -> str:
    """Rows of values under headings, numbers to the right.

    Parameters
    ----------
    rows : iterable of dict
        One a line [-]
    columns : dict
        Key of a row -> heading [-]

    Returns
    -------
    str
    """
    cells = [[cell(row.get(key)) for key in columns] for row in rows]
    numeric = [all(_is_number(row.get(key)) for row in rows) for key in columns]
    widths = [max(map(len, [head, *(line[i] for line in cells)])) for i, head in enumerate(columns.values())]
    lines = [list(columns.values()), ["-" * width for width in widths], *cells]

    def put(line):
        placed = [text.rjust(w) if right else text.ljust(w) for text, w, right in zip(line, widths, numeric, strict=True)]
        return "  ".join(placed).rstrip()

    return "\n".join(map(put, lines))


def cell(value) -> str:
    """A value as it stands in a table."""
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value)


def parts(components: dict, unit: str) -> str:
    """Parts of a sum: name, exact value, short value, share."""
    total = sum(components.values())
    rows = [
        {"name": name, "value": value, "short": si(value, unit), "share": f"{value / total:.2%}" if total else "-"}
        for name, value in [*components.items(), ("total", total)]
    ]
    return table(rows, {"name": "component", "value": unit, "short": "", "share": "share"})


def noted(lines: list, result: dict) -> str:
    """The lines of a text, and below them the notes of the result."""
    notes = result["notes"]
    return "\n".join([*lines, *([""] if notes else []), *(f"note: {note}" for note in notes)])


def _is_number(value) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
