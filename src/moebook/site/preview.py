"""The picture that others show where a page is linked to: a figure of the report, drawn by the build."""

import vl_convert

from moecalc.explorers import explorer

from .. import charts

#: The figure that says most without a word beside it.
FIGURE = "parameters"


def png() -> bytes:
    """The figure as a PNG on white, twice as fine as it is laid out."""
    spec = charts.draw(FIGURE, explorer(FIGURE).run(), wide=True)
    spec["background"] = "white"
    spec["padding"] = 40
    return vl_convert.vegalite_to_png(spec, vl_version=charts.VEGA_LITE, scale=2)
