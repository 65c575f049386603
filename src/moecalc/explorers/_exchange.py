"""What passes between an explorer and a page: JSON in, JSON out."""

import json

from ..base.errors import InputError
from ._define import Explorer

#: Largest whole number that JavaScript holds exactly; larger ones travel as strings of digits.
LARGEST_EXACT = 2**53


def portable(value):
    """A value that survives JSON in every language: whole numbers beyond 2^53 become strings of digits.

    Parameters
    ----------
    value : object
        Numbers, texts, None, and lists and dicts of them [-]

    Returns
    -------
    object

    Examples
    --------
    >>> portable({"total": 671026404352, "flops": [2**60]})
    {'total': 671026404352, 'flops': ['1152921504606846976']}
    """
    if isinstance(value, dict):
        # most values of a table are texts, which need no look
        return {key: one if type(one) is str else portable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [portable(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT:
        return str(value)
    return value


def answer_as_json(explorer: Explorer, text: str, progress=None) -> str:
    """What an explorer shows for the values that a page sends.

    Parameters
    ----------
    explorer : Explorer
        The figure [-]
    text : str
        JSON: control key -> value or its text [-]
    progress : callable, optional
        Is told the share done, where the explorer tells it, and as JSON what is found so far; see :meth:`Explorer.run` [-]

    Returns
    -------
    str
        JSON: ``controls``, ``metrics`` and ``rows``, or ``error`` with the sentence to show.
    """


    def as_json(result):
        return json.dumps(portable(result._asdict()), allow_nan=False)

    def tell(share, *so_far):
        progress(share, *map(as_json, so_far))

    try:
        return as_json(explorer.run(json.loads(text), progress and tell))
    except InputError as error:
        return json.dumps({"error": str(error)})


def single_moves(explorer: Explorer) -> dict:
    """What an explorer shows for every move of one control away from its defaults.

    Parameters
    ----------
    explorer : Explorer
        The figure [-]

    Returns
    -------
    dict
        Control key -> text of the value -> ``metrics`` and ``rows``, or ``error``.
    """
    moves = {}
    for control in explorer.controls:
        for value in control.stops():
            if value != control.default:
                moves.setdefault(control.key, {})[as_text(value)] = _shown(explorer, {control.key: value})
    return moves


def _shown(explorer: Explorer, values: dict) -> dict:
    try:
        result = explorer.run(values)
    except InputError as error:
        return {"error": str(error)}
    return {"metrics": portable(result.metrics), "rows": portable(result.rows)}


def as_text(value) -> str:
    """As JavaScript writes the value: 2, not 2.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
