"""What a reader may guess before a figure shows its answer."""

from typing import NamedTuple


class Guess(NamedTuple):
    """A question that one number of a figure answers."""

    metric: str  #: key of the number
    question: str
    low: float  #: of what can be guessed, in `unit`
    high: float
    unit: str  #: such as GB; with "%" the number is a share
    per: float = 1  #: the number for one such unit: 1e9 for GB, where the number is in bytes
    scale: str = "linear"  #: "log" where a guess is judged by its factor
    #: how the number follows from others, with {key} for a number or a control: as it stands in the figure at the moment
    formula: str = ""
