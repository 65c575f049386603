"""Classes of serving cases that are judged together, with the errors that were aimed at before anything was fitted.

The ledger keeps one in twelve rows of the file that engines were fitted on; :func:`file_errors` says those of all its rows.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..facts import tables
from ..serving.engines import TABLE
from .cases import Case, cases
from .hold_out import FITTED, HELD_OUT
from .serving_cases import DEPLOYMENT
from .serving_runs import TPOT, TTFT

ENGINES = {"vllm": "vLLM", "sglang": "SGLang", "trtllm": "TensorRT-LLM"}


class Errors(NamedTuple):
    """Sizes of errors of some cases, as shares of what was measured; None where there is none."""

    count: int  #: with a prediction
    median: float | None
    nine_in_ten: float | None
    mean: float | None
    worst: float | None
    inside: float | None  #: share of measured values in their interval


class ServingClass(NamedTuple):
    """A class, what was aimed at for its held-out cases, and what both sides reach."""

    name: str
    goals: dict  #: field of :class:`Errors` -> at most so much
    held_out: Errors
    fitted: Errors

    @property
    def is_met(self) -> bool:
        """Whether each goal is reached on what is held out."""
        return all(getattr(self.held_out, name) <= most for name, most in self.goals.items())


class FileErrors(NamedTuple):
    """Errors of all rows of the published file that are of one engine and side, as shares."""

    rows: int
    median: float  #: of the time of a token
    nine_in_ten: float
    first_token_rows: int  #: at low concurrency
    first_token_median: float


def file_errors(engine: str, use: str = HELD_OUT) -> FileErrors:
    """What the fit found of an engine, one of :data:`ENGINES`, on rows of one use.

    >>> file_errors("vllm").median < 0.15 and file_errors("vllm").nine_in_ten < 0.40
    True
    """
    known, side = tables.by_subject(TABLE)[engine], use.replace(" ", "_")
    rows, median, most, first, of_first = (
        known[f"{side}_{name}"].value
        for name in ("rows", "median_error", "nine_in_ten_error", "first_token_rows", "first_token_median_error")
    )
    return FileErrors(int(rows), median / 100, most / 100, int(first), of_first / 100)


def errors(some) -> Errors:
    """The :class:`Errors` of some cases.

    >>> errors(())
    Errors(count=0, median=None, nine_in_ten=None, mean=None, worst=None, inside=None)
    """
    known = [case for case in some if case.error is not None]
    sizes = sorted(abs(case.error) for case in known)
    if not sizes:
        return Errors(0, None, None, None, None, None)
    half, many = len(sizes) // 2, len(sizes)
    median = sizes[half] if many % 2 else (sizes[half - 1] + sizes[half]) / 2
    inside = sum(case.inside for case in known) / many
    return Errors(many, median, sizes[min(many - 1, 9 * many // 10)], sum(sizes) / many, sizes[-1], inside)


def reached_serving() -> tuple:
    """Each class of the ledger's serving cases: times by engine, then deployments.

    >>> [one.name for one in reached_serving()][::6]
    ['time of a token, vLLM', "deployments of V3's class"]
    """
    kinds = []
    for slug, name in ENGINES.items():
        kinds.append((f"time of a token, {name}", {"median": 0.15, "nine_in_ten": 0.40}, _times_of(slug, TPOT)))
        kinds.append((f"time to the first token, {name}", {"median": 0.25}, _times_of(slug, TTFT)))
    kinds.append(("deployments of V3's class", {"mean": 0.15, "worst": 0.35}, lambda case: case.group == DEPLOYMENT))
    found = []
    for name, goals, has in kinds:
        sides = (errors(case for case in cases("serving", use) if has(case)) for use in (HELD_OUT, FITTED))
        found.append(ServingClass(name, goals, *sides))
    return tuple(found)


def _times_of(engine: str, metric: str) -> Callable[[Case], bool]:
    return lambda case: case.group == engine and case.metric == metric
