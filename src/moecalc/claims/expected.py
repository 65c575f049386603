"""The guard of the ledger: no verdict changes unnoticed.

A verdict is computed, so a changed fact, config or calculator may change it. What each is expected to be is written in
``data/expected_verdicts.csv``, with the reason why it is so and since when.
"""

from typing import NamedTuple

from ..facts import tables

#: Where the expected verdicts stand.
TABLE = "expected_verdicts"
WHAT_TO_DO = f"If the new one is right, write it with reason and date into data/{TABLE}.csv; if not, mend what changed it."


class Expected(NamedTuple):
    """What is expected of a claim."""

    verdict: str
    reason: str  #: why it is so
    date: str  #: since when, or since when it has been written down


def expected() -> dict:
    """What is expected of each claim.

    Returns
    -------
    dict
        Id of a claim -> :class:`Expected`

    Examples
    --------
    >>> expected()["C45"].verdict, expected()["C45"].reason
    ('differs', '95.55 % is cut off instead of rounded')
    """
    return {row["id"]: Expected(row["verdict"], row["reason"], row["date"]) for row in tables.rows(TABLE)}


def unexpected(rows) -> list:
    """A sentence for each verdict that is not the one expected.

    Parameters
    ----------
    rows : iterable of dict
        Of the ledger: ``id`` and ``verdict`` are read

    Returns
    -------
    list of str
        Id, the verdict expected, the one computed, and what to do

    Examples
    --------
    >>> unexpected([{"id": "C45", "verdict": "reproduced"}])[0].partition(".")[0]
    'C45 was differs (95'
    """
    known, found = expected(), {row["id"]: row["verdict"] for row in rows}
    changed = [
        f"{claim} was {known[claim].verdict} ({known[claim].reason}) and now is {verdict}. {WHAT_TO_DO}"
        for claim, verdict in found.items()
        if claim in known and verdict != known[claim].verdict
    ]
    return changed + [
        f"{claim} is {verdict}, and no verdict of it is expected. {WHAT_TO_DO}"
        for claim, verdict in found.items()
        if claim not in known
    ]
