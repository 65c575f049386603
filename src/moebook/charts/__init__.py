"""Charts of the explorers: one module each, at its explorer's place, that holds ``draw(wide, controls)``.

A chart is drawn without its data: what it shows is in the explorer's rows, under the name
:data:`ROWS`, or follows from them by expressions. So one chart, made when the site is built,
shows any result of its explorer, in the build as in the reader's browser. ``wide`` is False for
a phone: such a chart is laid out for :data:`NARROW` pixels.

Where that is not enough, a module names in ``VARIANTS`` the controls that it makes a chart
of its own for; these, and no others, are in ``controls``.
"""

import importlib
import itertools
from functools import cache

import altair as alt
import vl_convert
from altair.utils import schemapi

from moecalc.explorers import Result, explorer, places

from .. import ghosts
from ..marks import carry_rows, numbered
from ..theme import vega_config

WIDE, NARROW = 640, 350
#: Name of the data that every chart draws.
ROWS = "rows"
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def draw(name: str, result: Result, wide: bool = True) -> dict:
    """The chart of an explorer for some result of it.

    Parameters
    ----------
    name : str
        The explorer [-]
    result : Result
        What it computed [-]
    wide : bool, optional
        Whether it is for a desktop or a phone [-]

    Returns
    -------
    dict
        Vega-Lite, complete.
    """
    return with_rows(spec(name, wide, result.controls), result.rows)


def spec(name: str, wide: bool, controls: dict) -> dict:
    """The chart of an explorer, without rows.

    Parameters
    ----------
    name : str
        The explorer [-]
    wide : bool
        Whether it is for a desktop or a phone [-]
    controls : dict
        Control key -> value, those in ``VARIANTS`` at least [-]

    Returns
    -------
    dict
        Vega-Lite whose data set :data:`ROWS` is empty.
    """
    return _finished(carry_rows(plain(name, wide, controls)))


def _finished(spec: dict) -> dict:
    return with_rows({**spec, "config": vega_config()}, [])


def drawn(name: str, wide: bool, controls: dict) -> alt.TopLevelMixin:
    """The chart of an explorer as its module draws it; `controls` are those in ``VARIANTS`` at least."""
    return _module(name).draw(wide, {key: controls[key] for key in variant_controls(name)})


def plain(name: str, wide: bool, controls: dict) -> dict:
    """The chart of an explorer in Vega-Lite, whose marks do not carry the numbers of their rows yet."""
    return _drawn(name, wide, *(controls[key] for key in variant_controls(name)))


@cache
def _drawn(name: str, wide: bool, *values) -> dict:
    # a test checks every chart against the schema; doing so at each drawing would take most of its time
    with schemapi.debug_mode(False):
        return drawn(name, wide, dict(zip(variant_controls(name), values, strict=True))).to_dict(validate=False)


def with_rows(spec: dict, rows: list) -> dict:
    """A chart with rows in it; what a row lacks, which is None in Python, is absent there."""
    plain = [{key: value for key, value in row.items() if value is not None} for row in numbered(rows)]
    return {**spec, "datasets": {ROWS: plain}}


def vega(name: str, wide: bool, controls: dict) -> dict:
    """:func:`spec` compiled to Vega, which a browser draws once it has put rows into the data set :data:`ROWS`.

    Where the chart offers it, rows of the default may be among them, as ghosts; see :mod:`moebook.ghosts`.
    """
    made = carry_rows(ghosts.with_ghosts(plain(name, wide, controls)))
    return ghosts.behind(vl_convert.vegalite_to_vega(_finished(made), vl_version=VEGA_LITE))


def compares(name: str) -> list | None:
    """What a figure's rows must have in common with the default's to be drawn over them; None where a chart cannot do it."""
    result = explorer(name).run()
    made = [plain(name, wide, result.controls) for wide in (True, False)]
    return ghosts.words(made[0], result.rows) if all(map(ghosts.offers, made)) else None


def variant_controls(name: str) -> tuple:
    """Keys of the controls whose every value has a chart of its own."""
    return getattr(_module(name), "VARIANTS", ())


def variants(name: str) -> list:
    """Controls of each chart that an explorer needs.

    Parameters
    ----------
    name : str
        The explorer [-]

    Returns
    -------
    list of dict
        Control key -> value, of the controls in ``VARIANTS``; one empty dict where there are none.
    """
    keys = variant_controls(name)
    values = {control.key: control.stops() for control in explorer(name).controls}
    return [dict(zip(keys, chosen, strict=True)) for chosen in itertools.product(*(values[key] for key in keys))]


def variant_key(name: str, controls: dict) -> str:
    """What the file of a chart is called by: empty, or a dot and the value of each control in ``VARIANTS``."""
    return "".join(f".{controls[key]}" for key in variant_controls(name))


def _module(name: str):
    return importlib.import_module("." + places()[name], __name__)


# What several charts need. Expressions are Vega's; they are followed when the rows change.


def chart(wide: bool, labels: int = 60, **properties) -> alt.Chart:
    """A chart of the rows whose axis labels take so many pixels beside the plotting area."""
    return alt.Chart(alt.NamedData(ROWS), width=plot_width(wide, labels), **properties)


def plot_width(wide: bool, labels: int = 60) -> int:
    """Width of the plotting area, when axis labels take so many pixels beside it."""
    return (WIDE if wide else NARROW) - labels


def column(field: str) -> str:
    """Expression for the list of a field's values, row by row."""
    return f"pluck(data('{ROWS}'), '{field}')"


def room(field: str, factor: float) -> alt.Scale:
    """A linear scale from 0 to `factor` times the largest value of a field: room for labels at the ends of bars."""
    return alt.Scale(domainMin=0, domainMax=alt.ExprRef(f"{factor} * extent({column(field)})[1]"), nice=False)


def powers_of_ten(low: int, high: int) -> alt.ExprRef:
    """Values for a logarithmic axis: the powers of ten from one exponent to another."""
    return alt.ExprRef("[" + ", ".join(f"1e{power}" for power in range(low, high + 1)) + "]")


def part_title(text, **how) -> alt.Title:
    """Title of one of several parts that stand one below another."""
    return alt.Title(text, **{"anchor": "start", "fontSize": 12, "fontWeight": "bold", "offset": 6, **how})


def panel_header(padding: int = 4, **how) -> alt.Header:
    """Name of a panel, above it, where a chart is cut into panels by a field."""
    looks = {"labelOrient": "top", "labelAnchor": "start", "labelFontWeight": "bold", "labelPadding": padding, "title": None}
    return alt.Header(**looks | how)


def present(names: list, field: str) -> alt.ExprRef:
    """Those of some names that a field of the rows holds, in the order given: entries for a legend."""
    found = " + ".join(f"(indexof({column(field)}, '{name}') < 0 ? '' : '|{name}')" for name in names)
    return alt.ExprRef(f"slice(split({found}, '|'), 1)")
