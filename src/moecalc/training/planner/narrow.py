"""A part of a large space that is looked at where time is short: the values that are rarely best are left out first.

Examples use :func:`.question.ask`.
"""

from typing import NamedTuple

from .axes import AXES, Values
from .question import Question, setting_of
from .space import space_of, usual_values

#: (axis, values that are left out) in the order in which they are; V3's own layout stays to the last.
STEPS = (
    ("vpp", (4,)),
    ("cp", (4, 8)),
    ("etp", (2, 4, 8)),
    ("micro_batch", (8,)),
    ("zero", (0,)),
    ("ep", (1, 2, 4)),
    ("split", ("first-lighter",)),
    ("cp", (2,)),
    ("micro_batch", (4,)),
    ("schedule", ("interleaved",)),
    ("ep", (8, 512)),
    ("micro_batch", (2,)),
    ("zero", (3,)),
    ("schedule", ("zb1p",)),
    ("ep", (16,)),
    ("zero", (2,)),
    ("tp", (4,)),
    ("recompute", ("none",)),
    ("ep", (128,)),
    ("tp", (2,)),
    ("ep", (32,)),
)
#: So many values an axis keeps, where it is not one.
LEAST = {"ep": 2, "recompute": 2, "schedule": 2}


class Narrow(NamedTuple):
    """A question whose space is small enough, and what that leaves out."""

    question: Question
    num_layouts: int  #: of the space that is searched
    num_in_all: int  #: of the whole space
    left_out: dict  #: axis -> values that are not searched


def narrowed(question: Question, most: int) -> Narrow:
    """The question for a part of its space of at most `most` layouts, if leaving out values of axes can make it so small.

    An axis keeps at least a value, and one that the question limits keeps all of its own.

    >>> mine = ask("deepseek-v3", "h800-sxm", 2048, 15360, 4096)
    >>> few = narrowed(mine, 20_000)
    >>> few.num_layouts <= 20_000 < few.num_in_all
    True
    """
    config = setting_of(question).config
    whole = usual_values(question, config)
    limited = {axis for axis, _ in question.limits}
    left_out, found = {}, question
    num_in_all = num_layouts = len(space_of(question))
    for axis, values in STEPS:
        if num_layouts <= most:
            break
        kept = _kept(whole, axis, (*left_out.get(axis, ()), *values))
        if (
            axis in limited
            or len(kept) < min(LEAST.get(axis, 1), len(_every(whole, axis)))
            or kept == _kept(whole, axis, left_out.get(axis, ()))
        ):
            continue
        left_out[axis] = tuple(one for one in _every(whole, axis) if one not in kept)
        limits = dict(question.limits) | {name: _kept(whole, name, out) for name, out in left_out.items()}
        found = question._replace(limits=tuple((name, limits[name]) for name in AXES if name in limits))
        num_layouts = len(space_of(found))
    return Narrow(found, num_layouts, num_in_all, {axis: left_out[axis] for axis in AXES if axis in left_out})


def _every(whole: Values, axis: str) -> tuple:
    """The values of an axis; experts' tensor parallelism is 1, or that of the rest."""
    values = getattr(whole, axis)
    return (1, *(size for size in whole.tp if size > 1)) if values is None else values


def _kept(whole: Values, axis: str, out: tuple) -> tuple:
    if out and getattr(whole, axis) is None:
        return (1,)  # as TP, or not at all: no list says the first
    return tuple(one for one in _every(whole, axis) if one not in out)
