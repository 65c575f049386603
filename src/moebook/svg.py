"""Altair charts as SVG for a page: made at build time, no JavaScript, colours left to the theme."""

import itertools
import re

import altair as alt
import vl_convert

from .theme import vega_config

_counter = itertools.count()


def svg(chart: alt.TopLevelMixin, label: str) -> str:
    """A chart as inline SVG.

    Parameters
    ----------
    chart : altair chart
        Without a configuration of its own [-]
    label : str
        What the picture shows, for those who cannot see it [-]

    Returns
    -------
    str
        One ``<svg role="img">`` that scales with its container.
    """
    spec = chart.to_dict()
    spec["config"] = vega_config()
    text = vl_convert.vegalite_to_svg(spec, vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2]))
    return _for_page(text, label)


def _for_page(text: str, label: str) -> str:
    """Unique ids, no fixed size, no fonts repeated on every word."""
    number = next(_counter)
    text = re.sub(r'\bid="([^"]+)"', rf'id="c{number}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#c{number}-\1)", text)
    width = re.search(r'<svg[^>]*?\swidth="([\d.]+)"', text).group(1)
    text = re.sub(r'(<svg[^>]*?)\swidth="[\d.]+"\s+height="[\d.]+"', rf'\1 style="max-width:{width}px"', text, count=1)
    text = re.sub(r"<svg", f'<svg role="img" aria-label="{_attribute(label)}"', text, count=1)
    text = re.sub(r' font-family="[^"]*"', "", text)
    return text.strip()


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
