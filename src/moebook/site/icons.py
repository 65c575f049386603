"""The theme's icons as one small stylesheet, instead of its 540 KB of scripts.

The theme writes ``<i class="fa-solid fa-bars">`` and lets a script draw it. Each icon
that it uses becomes a mask here, so that it takes the colour of the text around it.
"""

from pathlib import Path
from urllib.parse import quote

#: Solid icons of Font Awesome Free that the theme's templates name.
USED = (
    "angle-left",
    "angle-right",
    "arrow-up",
    "bars",
    "chevron-down",
    "circle-half-stroke",
    "code",
    "download",
    "file",
    "file-pdf",
    "list",
    "magnifying-glass",
    "moon",
    "sun",
    "xmark",
)

#: The theme's own rules would fetch its fonts: 160 KB for the icons, 120 KB for a mark beside links to GitHub.
_BASE = """[class*="fa-"] { font-family: inherit; }
a.github::before, a.gitlab::before { content: none; }
[class*="fa-"]::before {
  content: ""; display: inline-block; width: 1em; height: 1em; vertical-align: -.125em;
  background: currentColor; mask: var(--icon) center / contain no-repeat;
}
.fa-lg::before { font-size: 1.25em; }
"""


def css(packages: Path) -> str:
    """The stylesheet, made from the package's drawings."""
    drawings = packages / "@fortawesome" / "fontawesome-free" / "svgs" / "solid"
    rules = []
    for name in USED:
        svg = (drawings / f"{name}.svg").read_text(encoding="utf-8")
        svg = svg[: svg.index("<!--")] + svg[svg.index("-->") + 3 :]  # the licence is named in the site's credits
        rules.append(f'.fa-{name} {{ --icon: url("data:image/svg+xml,{quote(svg, safe=" =:/,")}"); }}')
    return _BASE + "\n".join(rules) + "\n"
