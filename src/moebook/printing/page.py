"""A built page as a part of the one document: its text, without what only a screen can use."""

import re

from bs4 import BeautifulSoup

from .links import anchor

#: What paper cannot use: scripts, marks beside headings, folded code, the picture for phones, buttons.
DROPPED = (
    "script, style, button, .headerlink, details.hide.above-input, .chart-narrow, .explorer-hands, .explorer-buttons, "
    ".explorer-announcement, .claims-filter"
)
#: Attributes that name ids.
NAMING = ("for", "aria-labelledby", "aria-describedby", "headers", "list")
#: Rows that a figure's data keeps on paper: the data of some are thousands, and a screen scrolls.
MOST_ROWS = 60
_URL = re.compile(r"url\(#([^)]+)\)")


def article(text: str, slug: str):
    """The article of a page, ready to stand beside others.

    Parameters
    ----------
    text : str
        The page as it was built
    slug : str
        What goes before each of its ids, so that none stands twice in the document

    Returns
    -------
    bs4.Tag
        Its headings one level lower, since the parts of the book are the first; its links as they were
    """
    found = BeautifulSoup(text, "html.parser").select_one("article.bd-article")
    for stage in found.select(".explorer-stage"):
        # below the picture, where the controls' own place does not count
        stage.insert_after(*map(_values, stage.select("form.controls")))
    for one in found.select(DROPPED):
        one.decompose()
    for table in found.select("details.data-table"):
        _shorten(table)
    for details in found.select("details"):
        details["open"] = ""
    for level in range(5, 0, -1):
        for heading in found.select(f"h{level}"):
            heading.name = f"h{level + 1}"
    for one in found.find_all(True):
        _rename(one.attrs, slug)
    return found


def _rename(attributes: dict, slug: str) -> None:
    """Put the slug before an element's id and before the ids that it names."""
    for key, value in attributes.items():
        if key == "id":
            attributes[key] = anchor(slug, value)
        elif key in NAMING:
            words = value if isinstance(value, list) else value.split()
            attributes[key] = " ".join(anchor(slug, word) for word in words)
        elif isinstance(value, str) and "url(#" in value:
            attributes[key] = _URL.sub(lambda named: f"url(#{anchor(slug, named.group(1))})", value)


def _values(form):
    """The controls of a figure as a line of what they are at."""
    told = []
    for control in form.select("[data-control]"):
        label = form.find("label", attrs={"for": control.get("id")})
        if label and (value := _value(control)):
            told.append(f"{label.get_text(' ', strip=True)}: {value}")
    made = BeautifulSoup('<p class="explorer-values"></p>', "html.parser").p
    made.string = "; ".join(told)
    return made


def _value(control) -> str:
    if control.name == "select":
        chosen = control.find("option", selected=True) or control.find("option")
        return chosen.get_text(strip=True) if chosen else ""
    if control.get("type") == "checkbox":
        return "yes" if control.has_attr("checked") else "no"
    # what can be pasted counts only where it is chosen, which no figure opens with
    if control.name == "textarea" or not (value := control.get("value")):
        return ""
    return f"{float(value):,.12g}" if control.get("type") == "number" else value


def _shorten(table) -> None:
    """Keep the first rows of a figure's data, and say how many there are."""
    rows = table.select("tbody tr")
    for row in rows[MOST_ROWS:]:
        row.decompose()
    if len(rows) > MOST_ROWS:
        note = BeautifulSoup('<p class="table-source"></p>', "html.parser").p
        note.string = f"The first {MOST_ROWS} of {len(rows):,} rows; the site has them all."
        table.append(note)
