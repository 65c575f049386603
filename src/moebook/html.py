"""Small pieces of HTML that figures and pages share."""

from html import escape

from moecalc.base.columns import Column, column, is_number
from moecalc.explorers import Metric


def text(value) -> str:
    """A value escaped for HTML."""
    return escape(str(value), quote=True)


def full_precision(value) -> str:
    """A number as a program reads it back; nothing for one that is not there."""
    return "" if value is None else repr(value) if isinstance(value, (int, float)) else str(value)


def table(rows, columns: dict, caption: str = "", raw: tuple = ()) -> str:
    """Rows as an HTML table that scrolls by itself where it is too wide.

    Parameters
    ----------
    rows : sequence of dict
        One a line; numbers of a column share a prefix and stand with their points below each other [-]
    columns : dict
        Key of a row -> :class:`Metric` with heading, unit and digits [-]
    caption : str, optional
        Said above the table [-]
    raw : tuple of str, optional
        Keys whose values are HTML already [-]

    Returns
    -------
    str
    """
    parts = [_column(rows, key, metric, key in raw, index == 0) for index, (key, metric) in enumerate(columns.items())]
    head = "".join(head for head, _ in parts)
    body = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*(cells for _, cells in parts), strict=True))
    label = text(caption or "data table")
    # outside the part that scrolls, so that it stays in sight
    above = f'<p class="table-caption">{text(caption)}</p>\n' if caption else ""
    return (
        f'{above}<div class="table-scroll" role="region" aria-label="{label}" tabindex="0">\n'
        f'<table class="table" aria-label="{label}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _column(rows, key: str, metric: Metric, raw: bool, first: bool) -> tuple:
    """The head of a column, and its cells."""
    values = [row.get(key) for row in rows]
    if raw:
        shown = Column("", [value or "" for value in values])
    else:
        shown = column(values, metric.unit, metric.digits, metric.label)
    numeric = bool(values) and all(value is None or is_number(value) for value in values)
    unit = f' <span class="unit">[{text(shown.unit)}]</span>' if shown.unit else ""
    head = f'<th scope="col"{_number_class(numeric)}>{text(metric.label)}{unit}</th>'
    widths = [_behind_the_point(told) if is_number(value) else 0 for value, told in zip(values, shown.cells, strict=True)]
    cells = []
    for value, told, width in zip(values, shown.cells, widths, strict=True):
        tag = 'th scope="row"' if first else "td"
        short = max(widths) - width if is_number(value) else 0
        style = f' style="--short: {short:g}"' if short else ""
        cells.append(f"<{tag}{_number_class(numeric or is_number(value))}{style}>{told if raw else text(told)}</{tag[:2]}>")
    return head, cells


def _behind_the_point(number: str) -> float:
    """The width behind the last whole digit, in digits: a point is half as wide as a digit."""
    _, point, decimals = number.partition(".")
    return len(decimals) + (0.5 if point else 0)


def _number_class(number: bool) -> str:
    return ' class="number"' if number else ""


def cell(value, metric: Metric) -> str:
    """A value as it stands by itself, with its unit."""
    if isinstance(value, int) and not isinstance(value, bool) and not metric.unit:
        return f"{value:,}"
    return metric.text(value)
