"""Charts as SVG for a page: made at build time, no JavaScript, colours left to the theme."""

import functools
import itertools
import json
import re
from collections.abc import Sequence

import vl_convert

from .charts import VEGA_LITE
from .marks import Said, with_words

_counter = itertools.count()
#: What places a mark, and a number in it that is finer than a hundredth of a pixel, which nobody sees and all download.
_PLACES = re.compile(r' (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"')
_FINER = re.compile(r"(\.\d\d)\d+(?!\d|e)")
#: A face that the build can measure on any machine: vl-convert brings it along. The site's own is a little narrower.
MEASURED = "Liberation Sans"


def svg(chart: dict, label: str, marks: Sequence[Said] = ()) -> str:
    """A chart as inline SVG.

    Parameters
    ----------
    chart : dict
        Vega-Lite, complete [-]
    label : str
        What the picture shows, for those who cannot see it [-]
    marks : sequence of Said, optional
        What the marks of each row say [-]

    Returns
    -------
    str
        One ``<svg role="img">`` that scales with its container.
    """
    measured = {**chart, "config": {**chart["config"], "font": MEASURED}}
    drawn = _drawn(json.dumps(measured))
    return _for_page(with_words(drawn, marks) if marks else drawn, label)


def decoration(chart: dict) -> str:
    """A chart as inline SVG that says nothing to those who cannot see it."""
    drawn = _for_page(vl_convert.vegalite_to_svg(chart, vl_version=VEGA_LITE), "")
    return drawn.replace('role="img" aria-label=""', 'aria-hidden="true"', 1)


@functools.lru_cache(maxsize=16)
def _drawn(chart: str) -> str:
    """Kept, for who moves a control of a notebook back sees a picture again."""
    return vl_convert.vegalite_to_svg(chart, vl_version=VEGA_LITE)


def _for_page(text: str, label: str) -> str:
    """Unique ids, no fixed size, no fonts repeated on every word, one description of the whole."""
    number = next(_counter)
    text = re.sub(r'\bid="([^"]+)"', rf'id="c{number}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#c{number}-\1)", text)
    width = re.search(r'<svg[^>]*?\swidth="([\d.]+)"', text).group(1)
    text = re.sub(r'(<svg[^>]*?)\swidth="[\d.]+"\s+height="[\d.]+"', rf'\1 style="max-width:{width}px"', text, count=1)
    # the marks' own roles have no names, and a picture is one thing to those who cannot see it
    text = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", text)
    text = re.sub(r"<svg", f'<svg role="img" aria-label="{_attribute(label)}"', text, count=1)
    text = re.sub(r' font-family="[^"]*"', "", text)
    return _PLACES.sub(lambda places: _FINER.sub(r"\1", places.group()), text).strip()


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
