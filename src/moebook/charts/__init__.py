"""Charts of the explorers: one module each, named after its explorer, that holds ``draw(result, wide)``.

A chart draws the rows that the explorer computed and nothing else. ``wide`` is False
for a phone: such a chart is laid out for :data:`NARROW` pixels.
"""

import importlib

import altair as alt

from moecalc.explorers import Result

WIDE, NARROW = 640, 330


def draw(name: str, result: Result, wide: bool = True) -> alt.TopLevelMixin:
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
    altair chart
    """
    return importlib.import_module("." + name.replace("-", "_"), __name__).draw(result, wide)


def data(rows) -> alt.Data:
    """Rows as Altair takes them, without a data frame."""
    return alt.Data(values=[{k: v for k, v in row.items() if v is not None} for row in rows])


def plot_width(wide: bool, labels: int = 60) -> int:
    """Width of the plotting area, when axis labels take so many pixels beside it."""
    return (WIDE if wide else NARROW) - labels
