"""Where a link of a page leads inside the one document, or outside it."""

import posixpath
from urllib.parse import unquote, urljoin, urlsplit


def anchor(slug: str, fragment: str = "") -> str:
    """The id that a page, or an element of it, has in the document."""
    return f"{slug}--{fragment}" if fragment else slug


def resolved(href: str, page: str, slugs: dict, known: set, address: str = "") -> str | None:
    """A link as it stands in the document.

    Parameters
    ----------
    href : str
        As the page has it
    page : str
        The page, such as ``book/method``
    slugs : dict
        Page -> its slug, for the pages that are in the document
    known : set of str
        The ids of the document
    address : str, optional
        Where the site is published; what is not in the document is there

    Returns
    -------
    str or None
        A link to an id or to another host; None where there is nothing that it could lead to
    """
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return href if parts.scheme in ("http", "https", "mailto") else None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path))) if parts.path else f"{page}.html"
    slug = slugs.get(path.removesuffix(".html")) if path.endswith(".html") else None
    if slug:
        wanted = anchor(slug, unquote(parts.fragment))
        # what no id answers to leads to its page, as it does on the site
        return f"#{wanted if wanted in known else slug}"
    return urljoin(address, path + (f"#{parts.fragment}" if parts.fragment else "")) if address else None
