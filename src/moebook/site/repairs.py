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

#: What stands in the text of the finished pages.
REPAIRS = (
    Repair(
        "fontawesome.js weighs more than everything else together; icons.css draws the few icons in use",
        r'\s*<script defer src="[^"]*scripts/fontawesome\.js[^"]*"></script>',
    ),
    Repair(
        "a configuration for thebe, which is not used here",
        r'\s*<script type="text/x-thebe-config">.*?</script>(?:\s*<script>kernelName = [^<]*</script>)?',
    ),
)

#: Files that nothing asks for once the pages are mended.
_ORPHANS = ("_static/scripts/fontawesome.js*", "_static/sphinx-thebe.*", "_static/*macros.html")


def drop_scripts_and_styles(context: dict) -> set:
    """Take what no page needs out of a page's lists; the repairs that found something."""
    used = set()
    for key in ("script_files", "css_files"):
        kept = []
        for asset in context.get(key, ()):
            faults = [repair for repair in UNUSED if re.search(repair.pattern, _described(asset))]
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
    """Mend every page of a built site; the repairs that found something."""
    used = set()
    for page in site.rglob("*.html"):
        text = mended = page.read_text(encoding="utf-8")
        for repair in REPAIRS:
            mended, count = re.subn(repair.pattern, repair.replacement, mended, flags=re.DOTALL)
            if count:
                used.add(repair)
        if mended != text:
            page.write_text(mended, encoding="utf-8")
    for pattern in _ORPHANS:
        for orphan in site.glob(pattern):
            orphan.unlink()
    return used


def all_were_needed(used: set) -> None:
    """Raise where a repair found nothing on any page."""
    for repair in (*UNUSED, *REPAIRS):
        if repair not in used:
            raise RuntimeError(f"the theme no longer has this fault, remove its repair: {repair.why}")
