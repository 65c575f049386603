"""Bubbles by formula, the idle time of a rank, and where each formula is exact: what the simulation gives, not about it.

P are ranks, F, B, W and F&B the durations of a chunk, B_in = B - W. The ranges were found by comparing each formula with
:mod:`.simulate` over drawn durations; inside they agreed always, outside but for coincidences never.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, table 2.
.. [2] Narayanan et al., arXiv:2104.04473, section 2.2.
"""

from math import isclose
from typing import NamedTuple

from ...base.checks import real
from .orders import Pipeline, check_pipeline
from .simulate import PAIRED, Durations, operation_times

#: Numbers as close as this count as equal: durations such as 0.3 - 0.1 are not exact in binary.
CLOSE = 1e-9


class BubbleFormula(NamedTuple):
    """A formula at given durations; `bubble` is None where the ranks differ, for which it is not made."""

    expression: str
    bubble: float | None
    exact: bool
    exact_where: str


def bubble_1f1b(ranks: int, forward: float, backward: float) -> float:
    """(P - 1)(F + B) of [1]_ [as the durations]: a rank waits for the first forward to come and the last backward to go.

    For ``interleaved`` F and B are those of one of the V stages of a rank [2]_, which shortens the bubble V times.

    >>> bubble_1f1b(8, 1, 2)
    21
    """
    return (ranks - 1) * (forward + backward)


def bubble_zb1p(ranks: int, forward: float, backward: float, weight: float) -> float:
    """(P - 1)(F + B - 2W) of [1]_ [as the durations]: weight parts fill W of each wait for a forward and for a backward."""
    return (ranks - 1) * (forward + backward - 2 * weight)


def bubble_dualpipe(num_stages: int, backward: float, weight: float, overlapped: float) -> float:
    """(P/2 - 1)(F&B + B - 3W) of [1]_ [as the durations]; P are stages, for DualPipeV twice its devices.

    Where it is exact it is the bubble of the ranks in the middle; those towards the ends wait less.
    """
    return (num_stages // 2 - 1) * (overlapped + backward - 3 * weight)


def longest_bubble_dualpipe(num_stages: int, forward: float, backward: float, weight: float, overlapped: float) -> float:
    r"""The longest bubble of a rank of DualPipe, for any durations with max(F, B) <= F&B <= F + B [as the durations].

    .. math:: \max\left( h \, (F\&B + F - S), \; h \, (F\&B + B_{in} - S) - F \right),
              \qquad h = P/2 - 1, \quad S = W + \min(W, B_{in})

    It was found from simulations, of which none contradicts it; it is not published. With F = B_in and W <= B_in it is the
    formula of [1]_.

    >>> longest_bubble_dualpipe(8, 1.5, 1.5, 1, 3), bubble_dualpipe(8, 1.5, 1, 3)
    (9.0, 4.5)
    """
    backward_input, ranks = backward - weight, num_stages // 2 - 1
    shared = overlapped - weight - min(weight, backward_input)
    return max(ranks * (shared + forward), ranks * (shared + backward_input) - forward)


def bubble_formula(pipeline: Pipeline, durations: Durations, communication: float = 0) -> BubbleFormula:
    """The published formula of a schedule, and whether the largest bubble of a rank is exactly that.

    All formulas are made for ranks that are equally fast and for free `communication`.

    >>> bubble_formula(Pipeline("zb1p", 8, 20), Durations(1, 2, 1))[1:3]
    (7, True)
    """
    check_pipeline(pipeline)
    real("communication", communication)
    expression, where = FORMULAS[pipeline.schedule]
    lengths = operation_times(pipeline, durations)
    if any(one != lengths[0] for one in lengths):
        return BubbleFormula(expression, None, False, where)
    forward, backward, weight, overlapped = (lengths[0][kind] for kind in "FBWX")
    if pipeline.schedule == "zb1p":
        bubble = bubble_zb1p(pipeline.ranks, forward, backward, weight)
        exact = pipeline.micro_batches >= pipeline.ranks and _at_most(weight, min(forward, backward - weight))
        return BubbleFormula(expression, bubble, communication == 0 and exact or pipeline.ranks == 1, where)
    if pipeline.schedule in PAIRED:
        bubble = bubble_dualpipe(pipeline.num_stages, backward, weight, overlapped)
        exact = pipeline.num_stages == 2 or (
            isclose(forward, backward - weight, rel_tol=CLOSE)
            and _at_most(weight, backward - weight)
            and _at_most(backward, overlapped)
            and (_at_most(overlapped, forward + backward) or pipeline.num_stages == 4)
        )
        return BubbleFormula(expression, bubble, communication == 0 and exact, where)
    exact = communication == 0 or pipeline.ranks == 1
    return BubbleFormula(expression, bubble_1f1b(pipeline.ranks, forward, backward), exact, where)


def longest_bubble(pipeline: Pipeline, durations: Durations) -> float | None:
    """:func:`longest_bubble_dualpipe` where that is exact, communication being free, else None [as the durations]."""
    lengths = operation_times(check_pipeline(pipeline), durations)
    if pipeline.schedule not in PAIRED or any(one != lengths[0] for one in lengths):
        return None
    forward, backward, weight, overlapped = (lengths[0][kind] for kind in "FBWX")
    exact = _at_most(max(forward, backward), overlapped) and _at_most(overlapped, forward + backward)
    return longest_bubble_dualpipe(pipeline.num_stages, forward, backward, weight, overlapped) if exact else None


def _at_most(one: float, other: float) -> bool:
    return one <= other or isclose(one, other, rel_tol=CLOSE)


_DUALPIPE_WHERE = "F = B - W, 2W <= B and B <= F&B <= F + B, of the rank that waits longest; with two stages always"
#: schedule -> its formula, and where that is exact, if all ranks are equally fast and communication is free
FORMULAS = {
    "1f1b": ("(P - 1)(F + B)", "always, on every rank"),
    "interleaved": ("(P - 1)(F + B), F and B of one of a rank's stages", "always, on every rank"),
    "zb1p": ("(P - 1)(F + B - 2W)", "W <= min(F, B - W) and at least as many micro-batches as ranks, on every rank"),
    "dualpipe": ("(P/2 - 1)(F&B + B - 3W)", _DUALPIPE_WHERE),
    "dualpipev": ("(P - 1)(F&B + B - 3W), P devices of two stages each", _DUALPIPE_WHERE),
}
