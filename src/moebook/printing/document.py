"""The built pages as one HTML document: title page, contents, and every page in the order of the book."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from .. import html
from .links import resolved
from .order import Entry
from .page import article

#: The class of what says in the contents on which page something stands; its ``data-of`` is that page's slug.
NUMBER = "print-number"
#: Beside the styles of the site.
STYLES = Path(__file__).with_name("book.css")


class Front(NamedTuple):
    """What the title page says."""

    title: str
    lines: tuple  #: below it
    address: str = ""  #: where the report is published; empty while that is not known


def document(site: Path, pages: list, front: Front) -> str:
    """The whole book as one document.

    Parameters
    ----------
    site : Path
        The folder of the built site
    pages : list of Entry
        In their order
    front : Front
        What the title page says

    Returns
    -------
    str
        HTML that loads the site's own styles, from the site's root
    """
    texts = {entry: (site / f"{entry.page}.html").read_text(encoding="utf-8") for entry in pages}
    articles = {entry: article(text, entry.slug) for entry, text in texts.items()}
    known = {entry.slug for entry in pages}.union(
        *({one["id"] for one in found.select("[id]")} for found in articles.values())
    )
    slugs = {entry.page: entry.slug for entry in pages}
    for entry, found in articles.items():
        _lead(found, entry, slugs, known, front.address)
    titles = {entry: found.find("h2").get_text(" ", strip=True) for entry, found in articles.items()}
    styles = dict.fromkeys(link for entry, text in texts.items() for link in _styles(text, entry.page))
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
        f"<title>{html.text(front.title)}</title>\n"
        + "\n".join(f'<link rel="stylesheet" href="{link}">' for link in styles)
        + f"\n<style>\n{STYLES.read_text(encoding='utf-8')}</style>"
        + '\n</head>\n<body class="print-book">\n'
        # the theme's rules ask for these
        + '<main class="bd-main"><div class="bd-content"><div class="bd-article-container">\n'
        + "\n".join([_title_page(front), _contents(titles), *_bound(articles)])
        + "\n</div></div></main></body></html>\n"
    )


def _styles(text: str, page: str) -> list:
    """The stylesheets that a page loads, from the root of the site."""
    links = re.findall(r'<link\b[^>]*\brel="stylesheet"[^>]*>', text)
    return [urljoin(f"/{page}.html", re.search(r'\bhref="([^"]+)"', link).group(1)) for link in links]


def _lead(found, entry: Entry, slugs: dict, known: set, address: str) -> None:
    """Let every link and every image of an article lead to where its target is now."""
    for link in found.select("a[href]"):
        target = resolved(link["href"], entry.page, slugs, known, address)
        if target is None:
            del link["href"]
        else:
            link["href"] = target
    for image in found.select("img[src]"):
        image["src"] = urljoin(f"/{entry.page}.html", image["src"])


def _title_page(front: Front) -> str:
    lines = [html.text(line) for line in front.lines]
    if front.address:
        lines.append(f'<a href="{html.text(front.address)}">{html.text(front.address)}</a>')
    told = "\n".join(f"<p>{line}</p>" for line in lines)
    return f'<section class="print-title"><p class="print-name">{html.text(front.title)}</p>\n{told}</section>'


def _contents(titles: dict) -> str:
    """Every page by its short title and by its claim, with a place for its number."""
    lines, part = [], ""
    for entry, claim in titles.items():
        if entry.part != part:
            lines.append(f'<li class="print-part">{html.text(entry.part)}</li>')
            part = entry.part
        short = f"<b>{html.text(entry.title)}</b> " if entry.title and entry.title != claim else ""
        lines.append(
            f'<li><a href="#{entry.slug}"><span>{short}{html.text(claim)}</span>'
            f'<span class="{NUMBER}" data-of="{entry.slug}"></span></a></li>'
        )
    return '<nav class="print-contents" aria-label="Contents"><h1>Contents</h1>\n<ol>\n' + "\n".join(lines) + "\n</ol></nav>"


def _bound(articles: dict):
    """Each page, the first of a part below the part's name."""
    part = ""
    for entry, found in articles.items():
        head = ""
        if entry.part != part:
            part = entry.part
            head = f'<h1 class="print-part">{html.text(part)}</h1>\n'
        yield f'<section class="print-page" id="{entry.slug}">\n{head}{found}\n</section>'
