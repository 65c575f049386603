"""Faults of the 1.x theme, mended while the site is built.

Each repair says what is wrong. One that finds nothing to mend raises: upstream has
changed, and the repair should go.
"""

import re
from pathlib import Path
from typing import NamedTuple


class Repair(NamedTuple):
    """A fault: in the text of a page, or a script or style that no page should ask for."""

    why: str
    pattern: str
    replacement: str = ""


#: What the theme's extensions add to every page's list of scripts and styles.
UNUSED = (
    Repair(
        "sphinx-thebe starts kernels on a server that there is not; its constant, declared twice, is an error on every page",
        r"sphinx-thebe\.(?:js|css)$|THEBE_JS_URL",
    ),
)

#: What the theme's extensions add to every page, and what a page shows that needs it.
SELDOM_USED = (
    (Repair("styles of cards are on pages without cards", r"sphinx-design\.|design-tabs\."), r'class="(?:[^"]* )?sd-'),
    (
        Repair("what folds and unfolds boxes is on pages without them", r"togglebutton|toggle(?:Hint|Open)"),
        r'class="(?:[^"]* )?(?:toggle|dropdown)[ "]',
    ),
    (Repair("buttons that copy code are on pages without code", r"clipboard\.|copybutton\."), r'class="highlight'),
    (Repair("styles of formulas are on pages without formulas", r"katex"), r'class="katex'),
    (Repair("styles of cells are on pages without cells", r"mystnb\."), r'class="cell'),
)

#: What stands in the text of the finished pages.
REPAIRS = (
    Repair(
        "fontawesome.js weighs more than everything else together; icons.css draws the few icons in use",
        r'\s*<script defer src="[^"]*scripts/fontawesome\.js[^"]*"></script>',
    ),
    Repair(
        "scripts in the head hold up the page; only the one that others in the page's text read has to come first",
        r'<script ((?:data-[\w-]+="[^"]*" )?src="(?![^"]*documentation_options))',
        r"<script defer \1",
    ),
    Repair(
        "a configuration for thebe, which is not used here",
        r'\s*<script type="text/x-thebe-config">.*?</script>(?:\s*<script>kernelName = [^<]*</script>)?',
    ),
    Repair(
        "every page asks for what the page of the search needs, 45 KB; the theme searches on no other page",
        r'(<meta name="docsearch:version"[^>]*>)(?:\s*<script [^>]*(?:search\w+|language_data)\.js"></script>){3}',
        r"\1",
    ),
    Repair(
        "the list of references has links for children, which a list must not have; axe: aria-required-children",
        r'<div role="list" class="citation-list">',
        '<div class="citation-list">',
    ),
    Repair("the role of a reference is deprecated; axe: aria-deprecated-role", r' role="doc-biblioentry"'),
    Repair(
        "the search button is named otherwise than it reads, with its keys; axe: label-content-name-mismatch",
        r'(<button class="btn search-button-field[^>]*?) title="Search" aria-label="Search"',
        r"\1",
    ),
    Repair(
        "what unfolds a cell's code is named otherwise than it reads; axe: label-content-name-mismatch",
        r'(<summary) aria-label="Toggle hidden content"',
        r"\1",
    ),
)

#: In the theme's stylesheets.
STYLE_REPAIRS = (
    Repair(
        "270 KB of icon fonts, which every page would fetch; icons.css draws the few icons in use",
        r"@font-face\{[^}]*vendor/fontawesome[^}]*\}",
    ),
)

#: Files that nothing asks for once the pages are mended.
_ORPHANS = (
    "_static/scripts/fontawesome.js*",
    "_static/vendor/fontawesome/webfonts/*",
    "_static/sphinx-thebe.*",
    "_static/*macros.html",
)


def drop_scripts_and_styles(context: dict) -> set:
    """Take what no page needs, or this one does not, out of a page's lists; the repairs that found something."""
    body = context.get("body", "")
    repairs = [*UNUSED, *(repair for repair, needed in SELDOM_USED if not re.search(needed, body))]
    used = set()
    for key in ("script_files", "css_files"):
        kept = []
        for asset in context.get(key, ()):
            faults = [repair for repair in repairs if re.search(repair.pattern, _described(asset))]
            used.update(faults)
            if not faults:
                kept.append(asset)
        if key in context:
            context[key] = kept
    return used


def _described(asset) -> str:
    """A script's or style's text where it stands in the page, else its file."""
    body = getattr(asset, "attributes", {}).get("body")
    return body or str(getattr(asset, "filename", asset) or "")


def repair_pages(site: Path) -> set:
    """Mend every page and stylesheet of a built site; the repairs that found something."""
    used = _mend(site.rglob("*.html"), REPAIRS) | _mend(site.glob("_static/styles/*.css"), STYLE_REPAIRS)
    for pattern in _ORPHANS:
        for orphan in site.glob(pattern):
            orphan.unlink()
    return used


def _mend(files, repairs) -> set:
    used = set()
    for file in files:
        text = mended = file.read_text(encoding="utf-8")
        for repair in repairs:
            mended, count = re.subn(repair.pattern, repair.replacement, mended, flags=re.DOTALL)
            if count:
                used.add(repair)
        if mended != text:
            file.write_text(mended, encoding="utf-8")
    return used


def all_were_needed(used: set) -> None:
    """Raise where a repair found nothing on any page."""
    for repair in (*UNUSED, *(repair for repair, _ in SELDOM_USED), *REPAIRS, *STYLE_REPAIRS):
        if repair not in used:
            raise RuntimeError(f"the theme no longer has this fault, remove its repair: {repair.why}")
