"""Explorers: the report's figures, each a module that holds ``EXPLORER``, in a folder for each chapter.

A module's name is the explorer's, with underscores for hyphens; the folder is not part
of it. The chart that goes with it stands at the same place in ``moebook.charts``.

May import: base, facts, numerics, model, mechanisms, hardware, training, serving, economics, validation, industry, claims.
"""

import os

from ..base.errors import InputError, nearest, quoted
from ..facts.tables import unknown
from ._define import MOST_LEADING, Choice, Explorer, Metric, Number, Result, Switch, Text
from ._exchange import answer_as_json, as_text, portable, single_moves
from ._guess import Guess

__all__ = [
    "MOST_LEADING",
    "Choice",
    "Explorer",
    "Guess",
    "Metric",
    "Number",
    "Result",
    "Switch",
    "Text",
    "answer",
    "as_text",
    "explore",
    "explorer",
    "explorer_names",
    "explorers",
    "places",
    "portable",
    "single_moves",
]


#: names that figures had before -> the present ones; links that were shared under them still open
ALIASES = {"memory": "model-states", "schedule": "pretraining-schedule", "stages": "training-stages"}

#: So many names that share a word with an unknown one are named.
MOST_ALIKE = 5

_places = {}


def places() -> dict:
    """Where each explorer stands.

    Returns
    -------
    dict
        Name -> its module below this package, such as ``training.model_states``; in the order of the names

    Raises
    ------
    ValueError
        If two modules have one name.
    """
    if not _places:
        found = {}
        for folder in sorted(entry.name for entry in os.scandir(__path__[0]) if entry.is_dir() and entry.name[0] != "_"):
            for file in os.listdir(os.path.join(__path__[0], folder)):
                if not file.endswith(".py") or file.startswith("_"):
                    continue
                name, place = file[:-3].replace("_", "-"), f"{folder}.{file[:-3]}"
                if name in found or name in ALIASES:
                    raise ValueError(f"two explorers are named {name}: {found.get(name, 'an alias')} and {place}")
                found[name] = place
        _places.update(sorted(found.items()))
    return _places


def explorer_names() -> list:
    """Names of all explorers, without those that they had before."""
    return list(places())


def explorer(name: str):
    """One explorer by its name.

    Parameters
    ----------
    name : str
        Such as ``cost``; ``moecalc explore --list`` names them. A name that a figure had before is understood [-]

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
    name = ALIASES.get(name, name)
    if name not in places():
        words = set(str(name).lower().replace("_", "-").split("-"))
        alike = [one for one in explorer_names() if words & set(one.split("-"))]
        if alike and not nearest(name, explorer_names()):
            raise InputError(f"no explorer named {quoted(name)}; the nearest are {', '.join(alike[:MOST_ALIKE])}")
        raise InputError(unknown("explorer", name, explorer_names(), "moecalc explore --list"))
    from importlib import import_module

    return import_module("." + places()[name], __name__).EXPLORER


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
