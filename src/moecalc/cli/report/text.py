"""A page for a terminal: the tables, without the pictures of the same numbers."""

from ..text import table
from .page import Page, Table


def text_of(page: Page) -> str:
    """The page as plain text."""
    lines = [page.title, "=" * len(page.title), page.made, ""]
    lines += [f"{what:24} {value}" for what, value in page.key]
    for section in page.sections:
        lines += ["", section.title, "-" * len(section.title), *section.lines]
        for one in section.shown:
            if isinstance(one, Table):
                keys = {str(place): head for place, head in enumerate(one.heads)}
                rows = [{str(place): cell for place, cell in enumerate(row)} for row in one.rows]
                lines += ["", table(rows, keys)]
    return "\n".join(lines)
