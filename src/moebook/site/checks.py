"""The code behind the verdicts as a page of the site: every module of checks, with an anchor at each claim's."""

import inspect
import re
import sys
from typing import NamedTuple

#: The page, seen from the root of the site.
PAGE = "checks"
TITLE = "The code that settles the claims"


class Place(NamedTuple):
    """Where the check of a claim stands."""

    module: str  #: such as ``moecalc.claims.fp8``
    line: int
    function: str


def places() -> dict:
    """Id of a claim -> the place of its check; a question has none."""
    from moecalc.claims import ledger
    from moecalc.claims.registry import CHECKS

    ledger()  # the modules register when they are first asked
    return {
        claim: Place(check.__module__, inspect.getsourcelines(check)[1], check.__name__)
        for claim, check in sorted(CHECKS.items(), key=lambda one: int(one[0][1:]))
    }


def anchor(claim: str) -> str:
    """The anchor of a claim's check on the page."""
    return f"check-{claim.lower()}"


def collect(app):
    """The page, for Sphinx to write with the others; it belongs to no notebook, so no table of contents lists it."""
    yield PAGE, {"title": TITLE, "body": body(app.builder.highlighter)}, "page.html"


def body(highlighter) -> str:
    """The modules below one another, their lines highlighted as the code of the other pages is."""
    found = places()
    shown = []
    for module in dict.fromkeys(place.module for place in found.values()):
        anchors = {}
        for claim, place in found.items():
            if place.module == module:
                anchors.setdefault(place.line, []).append(claim)
        shown.append(f'<h2 id="{module}">src/{module.replace(".", "/")}.py</h2>\n{_module(module, anchors, highlighter)}')
    return (
        f"<h1>{TITLE}</h1>\n<p>A check gets a claim's row, returns what was found. The verdict follows from that alone, in "
        "<code>moecalc.claims.evidence</code>. <a href='notebooks/claims.html'>The list of all claims</a> says it.</p>\n"
        + "\n".join(shown)
    )


def _module(module: str, anchors: dict, highlighter) -> str:
    """The source of a module; the first line of each check carries the anchors of its claims."""
    source = inspect.getsource(sys.modules[module])
    drawn = highlighter.highlight_block(source, "python")
    start, code = re.match(r"(.*?<pre>(?:<span></span>)?)(.*)", drawn, re.S).groups()
    lines = code.split("\n")
    for line, claims in anchors.items():
        marks = "".join(f'<span class="check" id="{anchor(claim)}"></span>' for claim in claims)
        lines[line - 1] = marks + lines[line - 1]
    return start + "\n".join(lines)
