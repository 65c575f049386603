"""Explorers: the report's figures, each a module here that holds ``EXPLORER``.

A module's name is the explorer's, with underscores for hyphens. The chart that goes
with it stands in ``moebook.charts``.
"""

import os

from ..base.errors import InputError
from ..facts.tables import unknown
from ._define import Choice, Explorer, Metric, Number, Result, Switch, Text
from ._exchange import answer_as_json, portable, single_moves

__all__ = [
    "Choice",
    "Explorer",
    "Metric",
    "Number",
    "Result",
    "Switch",
    "Text",
    "answer",
    "explore",
    "explorer",
    "explorer_names",
    "explorers",
    "portable",
    "single_moves",
]


def explorer_names() -> list:
    """Names of all explorers."""
    files = os.listdir(__path__[0])
    return sorted(f[:-3].replace("_", "-") for f in files if f.endswith(".py") and not f.startswith("_"))


def explorer(name: str):
    """One explorer by its name.

    Parameters
    ----------
    name : str
        Such as ``cost``; ``moecalc explore --list`` names them [-]

    Returns
    -------
    Explorer

    Raises
    ------
    InputError
        If there is no such explorer.

    Examples
    --------
    >>> explorer("cost").run({"gpu_hours": 2788000}).metrics["usd"]
    5576000.0
    """
    if name not in explorer_names():
        raise InputError(unknown("explorer", name, explorer_names()))
    from importlib import import_module

    return import_module("." + name.replace("-", "_"), __name__).EXPLORER


def explorers() -> list:
    """All explorers, by name."""
    return [explorer(name) for name in explorer_names()]


def explore(name: str, /, **values) -> dict:
    """The numbers of a figure of the report, for any values of its controls.

    Parameters
    ----------
    name : str
        An explorer, such as ``cost`` [-]
    **values
        Controls moved away from their defaults, each a value or its text [-]

    Returns
    -------
    dict
        What ``moecalc explore --json`` prints: ``explorer``, ``controls`` and ``metrics``.

    Raises
    ------
    InputError
        If there is no such explorer or control, or a value is not accepted.

    Examples
    --------
    >>> from moecalc import explore
    >>> explore("cost", num_gpus=1000)["metrics"]["wall_days"]
    116.16666666666667
    """
    result = explorer(name).run(values)
    return {"explorer": name, "controls": result.controls, "metrics": result.metrics}


def answer(name: str, values: str, progress=None) -> str:
    """What the page's engine asks: an explorer's numbers for JSON values, as JSON; see :func:`answer_as_json`."""
    return answer_as_json(explorer(name), values, progress)
