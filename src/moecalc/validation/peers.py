"""What other simulators say of the same measured runs: ``data/peer_predictions.csv``."""

from typing import NamedTuple

from ..facts import tables
from .cases import Case, cases

TABLE = "peer_predictions"


class Compared(NamedTuple):
    """A measured case that a peer predicts too."""

    case: Case
    peer_error: float  #: the peer's predicted over measured, less 1


def compared(quantity: str) -> tuple:
    """The cases of the ledger for which a peer's ``quantity`` is known, such as ``simumax_step_time``.

    >>> len(compared("simumax_peak_allocated_fullest_rank"))
    12
    """
    kind = "training" if quantity.endswith("step_time") else "memory"
    own = {case.id: case for case in cases(kind)}
    peer, _, measured = quantity.partition("_")
    found = []
    for subject, quantities in tables.by_subject(TABLE).items():
        if fact := quantities.get(quantity):
            case = own[subject if kind == "training" else f"{subject}:{measured}"]
            value = fact.to("s") if kind == "training" else fact.value
            found.append(Compared(case, value / case.measured - 1))
    return tuple(found)


def reported_errors() -> tuple:
    """Facts of errors that a peer reports of runs that the ledger cannot express, in per cent."""
    return tuple(fact for fact in tables.facts(TABLE) if fact.quantity.endswith("_error"))
