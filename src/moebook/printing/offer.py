"""The link to the printed report, on the front page of a site that carries it."""

import re
from pathlib import Path

#: What the front page holds for it: nothing, until the file is there.
PLACE = re.compile(r'(<span class="offer-print">).*?(</span>)', re.S)


def offer(page: Path, file: Path) -> None:
    """Let a page offer a file of its site.

    Parameters
    ----------
    page : Path
        The built page, with a place for the link
    file : Path
        In the root of the site

    Raises
    ------
    LookupError
        If the page has no place for it.
    """
    depth = len(page.relative_to(file.parent).parts) - 1
    size = f"{file.stat().st_size / 1e6:.0f} MB"
    link = f'<a href="{"../" * depth}{file.name}">All pages as one PDF</a>, to print or to write on, {size}.'
    text, found = PLACE.subn(lambda place: f"{place.group(1)} {link}{place.group(2)}", page.read_text(encoding="utf-8"))
    if not found:
        raise LookupError(f'{page} has no place for the link to {file.name}: <span class="offer-print"></span>')
    page.write_text(text, encoding="utf-8")
