"""Classes of cases that are judged together, with the error that was aimed at before anything was fitted."""

from collections.abc import Callable
from typing import NamedTuple

from .cases import Case, Summary, cases, summary
from .hold_out import FITTED, HELD_OUT
from .training_runs import SECONDS, TOKENS


class CaseClass(NamedTuple):
    """Cases that are judged together."""

    name: str
    mean: float  #: goal for the mean error of what is held out
    worst: float  #: goal for the size of its worst error
    has: Callable  #: case -> whether it is one of them


class Reached(NamedTuple):
    """A class, and what its cases show."""

    name: str
    goal_mean: float
    goal_worst: float
    held_out: Summary
    fitted: Summary


def _own_step(case: Case) -> bool:
    return case.accelerator == "h800-sxm" and case.metric in (SECONDS, TOKENS)


def _own_part(case: Case) -> bool:
    return case.kind == "training" and case.accelerator == "h800-sxm" and not _own_step(case)


def _run_of(group: str) -> Callable:
    return lambda case: case.group == group and case.source != "simumax" and case.accelerator != "h800-sxm"


def _memory_by(source: str) -> Callable:
    return lambda case: case.kind == "memory" and case.source == source


CLASSES = (
    CaseClass("V3's step on 2,048 H800", 0.02, 0.02, _own_step),
    CaseClass("its parts", 0.10, 0.10, _own_part),
    CaseClass("mixtures of experts, other GPUs", 0.10, 0.25, _run_of("moe")),
    CaseClass("dense models", 0.05, 0.10, _run_of("dense")),
    CaseClass("SimuMax's cut models, B200", 0.05, 0.12, lambda case: case.kind == "training" and case.source == "simumax"),
    CaseClass("memory, SimuMax's runs", 0.02, 0.06, _memory_by("simumax")),
    CaseClass("memory, Megatron-LM's own tests", 0.02, 0.06, _memory_by("megatron-lm")),
    CaseClass("memory, TorchTitan", 0.02, 0.06, _memory_by("torchtitan")),
)


def reached() -> tuple:
    """:class:`Reached` of each class; every case is in one, but for those of serving: see ``serving_classes``.

    >>> sum(one.held_out.count + one.fitted.count for one in reached()) == len(cases("training")) + len(cases("memory"))
    True
    """
    found = []
    for one in CLASSES:
        sides = (summary(case for case in cases(use=use) if one.has(case)) for use in (HELD_OUT, FITTED))
        found.append(Reached(one.name, one.mean, one.worst, *sides))
    return tuple(found)
