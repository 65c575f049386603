"""What the front page shows beside its figure: the ledger as a bar of verdicts, and a card for each chapter."""

from typing import NamedTuple

from IPython.display import HTML

from . import html
from .ledger import verdict_bar
from .site.build import ROOT
from .thumbnail import thumbnail

#: The page of all claims, seen from the front page.
CLAIMS = "../notebooks/claims.html"


class Chapter(NamedTuple):
    """A part of the table of contents."""

    caption: str
    pages: tuple  #: (page, short title) each


def chapters() -> list:
    """The parts of ``_toc.yml``, in its order."""
    import yaml

    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    return [Chapter(part["caption"], tuple((page["file"], page["title"]) for page in part["chapters"])) for part in parts]


def ledger() -> HTML:
    """The bar of verdicts, for the front page."""
    return HTML(verdict_bar(CLAIMS))


def cards(told: dict) -> HTML:
    """A card for each chapter: a small picture, its claim in a line, and its pages.

    Parameters
    ----------
    told : dict
        Caption of a chapter -> (the explorer whose picture it shows, its claim)

    Returns
    -------
    HTML
    """
    drawn = [
        _card(number, chapter, *told[chapter.caption])
        for number, chapter in enumerate(chapters(), 1)
        if chapter.caption in told
    ]
    return HTML('<div class="cards">\n' + "\n".join(drawn) + "\n</div>")


def _card(number: int, chapter: Chapter, name: str, claim: str) -> str:
    links = "\n".join(f'<li><a href="../{page}.html">{html.text(title)}</a></li>' for page, title in chapter.pages)
    return (
        f'<section class="card-of-chapter">\n<div class="chart">{thumbnail(name)}</div>\n'
        f"<h3>{number} {html.text(chapter.caption)}</h3>\n<p>{html.text(claim)}</p>\n<ul>\n{links}\n</ul>\n</section>"
    )
