"""Small pieces of HTML that figures and pages share."""

from html import escape

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
        One a line [-]
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
    numeric = {key for key in columns if rows and all(_is_number(row.get(key)) for row in rows)}
    head = "".join(
        f'<th scope="col"{_number_class(key in numeric)}>{text(metric.label)}</th>' for key, metric in columns.items()
    )
    body = "\n".join(f"<tr>{_cells(row, columns, raw, numeric)}</tr>" for row in rows)
    label = text(caption or "data table")
    # outside the part that scrolls, so that it stays in sight
    above = f'<p class="table-caption">{text(caption)}</p>\n' if caption else ""
    return (
        f'{above}<div class="table-scroll" role="region" aria-label="{label}" tabindex="0">\n'
        f'<table class="table" aria-label="{label}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cells(row: dict, columns: dict, raw: tuple, numeric: set) -> str:
    cells = []
    for index, (key, metric) in enumerate(columns.items()):
        value = row.get(key)
        shown = (value or "") if key in raw else text(cell(value, metric))
        tag = 'th scope="row"' if index == 0 else "td"
        number = key in numeric or (value is not None and _is_number(value))
        cells.append(f"<{tag}{_number_class(number)}>{shown}</{tag[:2]}>")
    return "".join(cells)


def _is_number(value) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _number_class(number: bool) -> str:
    return ' class="number"' if number else ""


def cell(value, metric: Metric) -> str:
    """A value as it stands in a table; the unit goes with it."""
    if isinstance(value, int) and not isinstance(value, bool) and not metric.unit:
        return f"{value:,}"
    return metric.text(value)
