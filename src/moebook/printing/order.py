"""Which pages a book has, in its order: ``_toc.yml`` read for whoever binds it."""

from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """A page of the book."""

    page: str  #: such as ``book/method``
    title: str  #: the short one of the table of contents; empty where it gives none
    part: str  #: the caption of its part; empty for the front page

    @property
    def slug(self) -> str:
        """What it is called inside the one document."""
        return self.page.replace("/", "-")


def entries(source: Path) -> list:
    """The pages of a book.

    Parameters
    ----------
    source : Path
        The folder of ``_toc.yml``

    Returns
    -------
    list of Entry
    """
    import yaml

    book = yaml.safe_load((source / "_toc.yml").read_text(encoding="utf-8"))
    parts = book.get("parts") or [{"caption": "", "chapters": book.get("chapters", ())}]
    pages = [(part.get("caption", ""), page) for part in parts for page in _with_sections(part["chapters"])]
    return [Entry(book["root"], "", ""), *(Entry(page["file"], page.get("title", ""), part) for part, page in pages)]


def _with_sections(pages):
    """Pages, each followed by those below it."""
    for page in pages:
        yield page
        yield from _with_sections(page.get("sections", ()))
