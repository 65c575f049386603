"""What a part of a search found, and how parts are joined: in any order and grouping, the same to the byte."""

from typing import NamedTuple

from ...base import search
from ...base.search import Part
from .question import Question


class Found(NamedTuple):
    """A layout that fits, and what it comes to."""

    value: float  #: of the objective, less is better
    step_s: float
    index: int  #: its number in the space
    low_s: float
    high_s: float
    per_gpu_bytes: int  #: of the fullest GPU, as counted
    most_bytes: int  #: the same with a framework's copies and fragmentation
    headroom_bytes: float  #: what that leaves of the memory that may be used
    tokens_per_s_per_gpu: float
    mfu: float


def merge(question: Question, parts) -> Part:
    """The parts, of :class:`Found`, as one."""
    return search.merge(parts, question.top, costs)


def front_of(found) -> tuple:
    """Those that no other one beats or equals in step time and headroom; of equal ones the first of the space.

    >>> rows = [Found(0, step_s, step_s - 1, 0, 0, 0, 0, left, 0, 0) for step_s, left in [(1, 1), (2, 1), (3, 5)]]
    >>> [one.index for one in front_of(rows)]
    [0, 2]
    """
    return search.front_of(found, costs)


def costs(one: Found) -> tuple:
    """What a front is of: the time of a step, and memory that is left, which counts as less than nothing."""
    return one.step_s, -one.headroom_bytes, one.index
