"""The ledger: every measured run that the calculators can express, with what they predict for it and the error.

``moecalc validate`` prints it, the page "How wrong is this" shows it. Times of training are rows of
``data/training_cases.csv``, memory those of ``data/memory_measured.csv``, serving those of ``data/serving_cases.csv``.
"""

import functools
from typing import NamedTuple

from ..base.checks import one_of
from .hold_out import FITTED, HELD_OUT

KINDS = ("training", "memory", "serving")


class Case(NamedTuple):
    """One measured figure and what is predicted for it, in the metric's unit."""

    id: str
    kind: str  #: one of :data:`KINDS`
    metric: str  #: what was measured, with its unit
    model: str
    accelerator: str
    measured: float | None
    predicted: float | None
    low: float | None  #: the measured value is expected between this
    high: float | None  #: and this
    use: str | None  #: fitted or held out; None for a row of a file
    source: str  #: key of data/sources.json, or what the row of a file says
    why_not: str | None = None  #: one sentence where nothing is predicted
    group: str = ""  #: dense or moe, of training; the engine, or deployment, of serving
    note: str = ""  #: what is assumed

    @property
    def error(self) -> float | None:
        """Predicted over measured, less 1; None where one of them is not there."""
        if self.predicted is None or not self.measured:
            return None
        return self.predicted / self.measured - 1

    @property
    def inside(self) -> bool | None:
        """Whether the measured value lies in the interval; None where there is none."""
        if None in (self.low, self.high, self.measured):
            return None
        return self.low <= self.measured <= self.high

    @property
    def fitted(self) -> bool | None:
        """Whether a parameter may be fitted on it."""
        return None if self.use is None else self.use == FITTED


class Summary(NamedTuple):
    """Errors of some cases, as shares of what was measured; None where no case has an error."""

    count: int
    predicted: int  #: cases with a prediction and a measured value
    mean_abs_error: float | None
    worst: float | None  #: with its sign
    worst_id: str | None
    bias: float | None  #: mean of the errors with their signs
    median_abs_error: float | None
    inside: float | None  #: share of measured values that lie in their interval


def cases(kind: str | None = None, use: str | None = None) -> tuple:
    """Cases of the ledger, of one kind and use where these are given: training, memory, serving.

    >>> {case.kind for case in cases("memory", HELD_OUT)}
    {'memory'}
    """
    kinds = KINDS if kind is None else (one_of("kind", kind, KINDS),)
    if use is not None:
        one_of("use", use, (FITTED, HELD_OUT))
    return tuple(case for one in kinds for case in _of_kind(one) if use in (None, case.use))


def summary(some) -> Summary:
    """The :class:`Summary` of some cases.

    >>> summary(())[:3]
    (0, 0, None)
    """
    some = list(some)
    errors = sorted((abs(case.error), case.error, case.id) for case in some if case.error is not None)
    if not errors:
        return Summary(len(some), 0, None, None, None, None, None, None)
    sizes = [size for size, *_ in errors]
    half = len(sizes) // 2
    inside = [case.inside for case in some if case.error is not None and case.inside is not None]
    return Summary(
        len(some),
        len(sizes),
        sum(sizes) / len(sizes),
        errors[-1][1],
        errors[-1][2],
        sum(error for _, error, _ in errors) / len(errors),
        sizes[half] if len(sizes) % 2 else (sizes[half - 1] + sizes[half]) / 2,
        sum(inside) / len(inside) if inside else None,
    )


@functools.cache  # a figure asks again at each move
def _of_kind(kind: str) -> tuple:
    if kind == "training":
        from .training_cases import training_cases

        return training_cases()
    if kind == "memory":
        from .memory import memory_ledger

        return memory_ledger()
    from .serving_cases import serving_cases

    return serving_cases()
