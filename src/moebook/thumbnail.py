"""A figure as a small picture without words: decoration, for a card that leads to it."""

from moecalc.explorers import explorer

from . import charts
from .svg import decoration

WIDTH, HEIGHT = 260, 104


def thumbnail(name: str) -> str:
    """The chart of an explorer at its defaults, its marks alone, as SVG that is hidden from screen readers."""
    spec = charts.draw(name, explorer(name).run())
    return decoration({**_bare(spec), "width": WIDTH, "height": HEIGHT, "padding": 4})


def _bare(view: dict) -> dict:
    """A view or a layer of it without title, axes, legends and words."""
    bare = {key: value for key, value in view.items() if key != "title"}
    if "layer" in view:
        bare["layer"] = [_bare(one) for one in view["layer"] if _mark(one) != "text"]
    if "encoding" in view:
        bare["encoding"] = {channel: _unsaid(channel, how) for channel, how in view["encoding"].items()}
    return bare


def _mark(view: dict) -> str:
    mark = view.get("mark", "")
    return mark["type"] if isinstance(mark, dict) else mark


def _unsaid(channel: str, how):
    """What a channel shows, without the axis or legend that says it."""
    if channel in ("x", "y"):
        return {**how, "axis": None}
    return {**how, "legend": None} if isinstance(how, dict) and "field" in how else how
