"""The text face of the site: Source Sans 3, in the Latin subset that its package carries.

One file holds every weight, and the figures are all of one width, so that they line
up in tables. A second one, for italics of one weight, is fetched by pages that have any.
"""

import re
import shutil
from pathlib import Path

#: Style -> (package, its stylesheet, its file).
FACES = {
    "normal": ("@fontsource-variable/source-sans-3", "wght.css", "source-sans-3-latin-wght-normal.woff2"),
    "italic": ("@fontsource/source-sans-3", "400-italic.css", "source-sans-3-latin-400-italic.woff2"),
}
#: What every page fetches before it knows that it needs it, from the site's root.
FIRST = f"_static/fonts/{FACES['normal'][2]}"

#: A face of the reader's own machine, scaled until a line is as long and as high as in Source Sans 3: while that is
#: on its way, nothing stands where it will not stay. Arial and Liberation Sans have the same widths.
_STAND_IN = """@font-face {
  font-family: "Source Sans 3 stand-in";
  src: local("Arial"), local("ArialMT"), local("Liberation Sans"), local("LiberationSans");
  size-adjust: 93.4%; ascent-override: 109.7%; descent-override: 42.8%; line-gap-override: 0%;
}
"""


def copy_fonts(packages: Path, to: Path) -> str:
    """Copy the font files into a folder ``fonts``; the stylesheet that names them, which lies beside it."""
    (to / "fonts").mkdir(parents=True, exist_ok=True)
    rules = []
    for package, sheet, file in FACES.values():
        shutil.copy(packages / package / "files" / file, to / "fonts")
        text = (packages / package / sheet).read_text(encoding="utf-8")
        (rule,) = [rule for rule in re.findall(r"@font-face \{[^}]*\}", text) if file in rule]
        # the older form of the file is for browsers that cannot show the figures either
        rule = re.sub(r",\s*url\([^)]*\.woff\) format\('woff'\)", "", rule)
        rules.append(rule.replace("./files/", "fonts/").replace("Source Sans 3 Variable", "Source Sans 3"))
    return "\n".join([*rules, _STAND_IN])


def preload(context: dict) -> str:
    """The tag by which a page fetches the face at once."""
    address = context["pathto"](FIRST, resource=True)
    return f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{address}" />'
