"""What a part of a search found, and how parts are joined: in any order and grouping, the same to the byte."""

from typing import NamedTuple

from ...base import search
from ...base.errors import InputError
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
    tokens_per_s_per_gpu: float
    mfu: float


class Refused(NamedTuple):
    """Layouts that fail for one reason."""

    count: int
    needed_bytes: int  #: by the layout that comes nearest; 0 where it is no question of size
    index: int  #: that layout's number: of equal ones the first


class Part(NamedTuple):
    """A part of the answer: what some layouts of the space came to. Plain values alone."""

    num_considered: int
    num_fitting: int
    refused: tuple  #: (reason, :class:`Refused`) in the order of their names
    best: tuple  #: :class:`Found`, the best first, as many as the question asks for
    front: tuple  #: :class:`Found` that no other one beats in both time and memory, the shortest step first


EMPTY = Part(0, 0, (), (), ())


def merge(question: Question, parts) -> Part:
    """The parts as one.

    >>> merge(None, []) == EMPTY
    True
    """
    considered = fitting = 0
    refused, best, front = {}, set(), set()
    for part in parts:
        considered += part.num_considered
        fitting += part.num_fitting
        best.update(part.best)
        front.update(part.front)
        for reason, one in part.refused:
            search.refuse(refused, reason, one)
    if not considered:
        return EMPTY
    return Part(considered, fitting, tuple(sorted(refused.items())), tuple(sorted(best)[: question.top]), front_of(front))


def front_of(found) -> tuple:
    """Those that no other one beats or equals in step time and memory; of equal ones the first of the space.

    >>> rows = [Found(0, step_s, step_s - 1, 0, 0, 0, most, 0, 0) for step_s, most in [(1, 9), (2, 9), (3, 5)]]
    >>> [one.index for one in front_of(rows)]
    [0, 2]
    """
    return search.front_of(found, costs=lambda one: (one.step_s, one.most_bytes, one.index))


def part_told(part: Part) -> dict:
    """A part as JSON has it."""
    return part._asdict() | {"refused": {reason: list(one) for reason, one in part.refused}}


def part_of(told: dict) -> Part:
    """The part that such a JSON object holds.

    >>> part_of(part_told(EMPTY)) == EMPTY
    True
    """
    try:
        refused = tuple(sorted((reason, Refused(*one)) for reason, one in told["refused"].items()))
        rows = [tuple(Found(*one) for one in told[name]) for name in ("best", "front")]
        return Part(told["num_considered"], told["num_fitting"], refused, *rows)
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"a part of an answer is a JSON object with {', '.join(Part._fields)}") from None
