"""The whole ledger as a picture: a square for each claim, by chapter, painted by its verdict."""

from IPython.display import HTML

from . import html
from .ledger import VERDICTS, colour_of, verdict_key

#: Side of a square with the gap beside it, and of the square alone [px]
STEP, SIDE = 26, 24
#: Squares in a line, on a laptop and on a phone.
WIDE, NARROW = 23, 13
#: Room for a chapter's name, left of its squares on a laptop, above them on a phone; between two chapters [px]
LEFT, ABOVE, BETWEEN = 100, 24, 14


def ledger_picture(rows) -> HTML:
    """A square for each claim, which leads to it in the list below; those of a verdict stand together.

    Parameters
    ----------
    rows : sequence of dict
        Of the ledger

    Returns
    -------
    HTML
        The picture in two widths, of which a page shows one. Who cannot see it has the table below it.
    """
    drawn = "".join(
        f'<div class="chart chart-{name}">{_drawn(rows, columns, *room)}</div>'
        for name, columns, room in (("wide", WIDE, (LEFT, 0)), ("narrow", NARROW, (0, ABOVE)))
    )
    found = [row["verdict"] for row in rows]
    key = verdict_key({verdict: found.count(verdict) for verdict in VERDICTS})
    caption = "Each square is a claim, with its number, and leads to it. Within a chapter, what holds comes first."
    return HTML(
        f'<figure class="ledger-picture">{key}{drawn}<figcaption class="table-source">{caption}</figcaption></figure>'
    )


def by_chapter(rows) -> dict:
    """Name of a chapter -> its claims, by verdict and then in the order of the talk."""
    chapters = {}
    for row in rows:
        chapters.setdefault(row["chapter"].partition("-")[2].capitalize(), []).append(row)
    # sorting keeps the order of the talk within a verdict
    return {name: sorted(claims, key=lambda row: VERDICTS.index(row["verdict"])) for name, claims in chapters.items()}


def _drawn(rows, columns: int, left: int, above: int) -> str:
    """The squares in lines of `columns`."""
    parts, top = [], 0
    for name, claims in by_chapter(rows).items():
        label = f'{html.text(name)} <tspan class="ledger-count">{len(claims)}</tspan>'
        parts.append(f'<text x="0" y="{top + 17}">{label}</text>')
        top += above
        parts += [_square(row, left + at % columns * STEP, top + at // columns * STEP) for at, row in enumerate(claims)]
        top += -(-len(claims) // columns) * STEP + BETWEEN
    width = left + columns * STEP - (STEP - SIDE)
    box = f'viewBox="0 0 {width} {top - BETWEEN}" style="max-width:{width}px"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" aria-hidden="true" {box}>\n' + "\n".join(parts) + "\n</svg>"


def _square(row: dict, x: int, y: int) -> str:
    """One claim. Who goes by keys has the list below, so these are no stops on the way."""
    says = html.text(f"{row['id']}, {row['verdict']}: {row['subject']}, {row['claim']}")
    return (
        f'<a href="#{row["id"].lower()}" tabindex="-1" class="{colour_of(row["verdict"])}"><title>{says}</title>'
        f'<rect x="{x}" y="{y}" width="{SIDE}" height="{SIDE}" rx="3"/>'
        f'<text x="{x + SIDE / 2:g}" y="{y + 16}">{row["id"].removeprefix("C").lstrip("0")}</text></a>'
    )
