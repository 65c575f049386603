"""One palette for charts in light and dark.

A chart is drawn once, with the light colours. The page swaps each colour for its
dark partner by CSS rules on the SVG's attributes, so that a picture made at build
time follows the reader's theme without JavaScript.
"""

from typing import NamedTuple


class Colour(NamedTuple):
    light: str
    dark: str


INK = {
    "text": Colour("#24292f", "#d6dce4"),
    "muted": Colour("#57606a", "#a3adb9"),
    "grid": Colour("#d8dee4", "#39424e"),
    "paper": Colour("#fffffe", "#14181e"),
}

#: Hues in the order in which charts use them; each at least 3:1 on both backgrounds.
HUES = {
    "blue": Colour("#2563a8", "#7cb7ff"),
    "orange": Colour("#c05a00", "#ffb066"),
    "green": Colour("#2e7d32", "#7fd08a"),
    "purple": Colour("#7b3fa0", "#cf9cf0"),
    "teal": Colour("#00757d", "#5fd3dc"),
    "red": Colour("#b3261e", "#ff8a80"),
    "pink": Colour("#ad1a6c", "#ff8fc7"),
    "brown": Colour("#795548", "#c7a593"),
    "slate": Colour("#6b7280", "#98a2b0"),
    "olive": Colour("#707000", "#d0d060"),
}

CATEGORIES = [colour.light for colour in HUES.values()]

#: The site's face first; see :mod:`moebook.site.fonts`.
FONT = "'Source Sans 3', system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"

#: How a page says that it is dark: the site, by its switch or the reader's system, and JupyterLab.
_DARK = ('html[data-theme="dark"]', 'body[data-jp-theme-light="false"]')


def hue(name: str) -> str:
    """The colour to draw with: the light one, which the page may swap."""
    return (HUES | INK)[name].light


def css() -> str:
    """Rules that swap the colours of a chart when the page is dark."""
    colours = list((INK | HUES).values())

    def swaps(prefix):
        return "\n".join(
            f"{prefix} .chart [{attribute}='{colour.light}'] {{ {attribute}: {colour.dark}; }}"
            for colour in colours
            for attribute in ("fill", "stroke")
        )

    return "\n".join(swaps(dark) for dark in _DARK) + "\n"


def vega_config() -> dict:
    """Vega-Lite configuration of every chart."""
    axis = {
        "labelColor": hue("text"),
        "titleColor": hue("text"),
        "gridColor": hue("grid"),
        "domainColor": hue("muted"),
        "tickColor": hue("muted"),
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 260,
    }
    return {
        "font": FONT,
        "background": None,
        "aria": False,
        "view": {"stroke": None},
        "axis": axis,
        "legend": {
            "labelColor": hue("text"),
            "titleColor": hue("text"),
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 300,
            "orient": "top",
            "symbolLimit": 0,
        },
        "header": {"labelColor": hue("text"), "titleColor": hue("text"), "labelFontSize": 12},
        "title": {"color": hue("text"), "fontSize": 13},
        "text": {"color": hue("text"), "fontSize": 12},
        "range": {"category": CATEGORIES},
        "bar": {"color": hue("blue")},
        "line": {"color": hue("blue"), "strokeWidth": 2},
        "point": {"color": hue("blue"), "filled": True, "size": 60},
        "rule": {"color": hue("muted")},
    }
