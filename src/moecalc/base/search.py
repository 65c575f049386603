"""A search whose parts are computed apart: what is asked, which places a part has, and how what parts found is joined.

Joining is associative and the same in any order, so that one process, several and a cluster give one answer. Questions and
parts hold plain values alone, so that they travel as JSON.
"""

import json
from typing import NamedTuple

from .checks import real, whole
from .errors import InputError, quoted


class Refused(NamedTuple):
    """Places of a space that fail for one reason."""

    count: int
    lacks: float  #: by how much the one that comes nearest fails; 0 where it is no question of size
    index: int  #: the place of that one: of equal ones the first


class Part(NamedTuple):
    """A part of the answer: what some places of the space came to. Rows are what a search finds, the best sorts first."""

    num_considered: int
    num_fitting: int
    refused: tuple  #: (reason, :class:`Refused`) in the order of their names
    best: tuple  #: rows, as many as the question asks for
    front: tuple  #: rows that no other one beats or equals in both costs, see :func:`front_of`


EMPTY = Part(0, 0, (), (), ())


def question_text(question) -> str:
    """A question, which is a named tuple of plain values, as one line of JSON: the same for the same question."""
    return json.dumps(question._asdict(), sort_keys=True, separators=(",", ":"), allow_nan=False)


def question_read(text: str, kind, ask):
    """The question that such a line holds, checked anew by `ask`, which takes the fields of `kind` in their order."""
    try:
        known = kind(**json.loads(text))
        limits = {axis: tuple(values) for axis, values in known.limits}
    except (ValueError, TypeError):
        raise InputError(f"a question is a JSON object with {', '.join(kind._fields)}; found {quoted(text)}") from None
    return ask(*known._replace(limits=limits))


def one_or_each(name: str, given, count: int, each: str) -> tuple:
    """A number for each of so many: the given one for all, or one for each, in any unit.

    >>> one_or_each("usd_per_gpu_hour", 2, 3, "accelerator")
    (2, 2, 2)
    """
    numbers = (given,) * count if isinstance(given, (int, float)) else tuple(given)
    if len(numbers) != count:
        raise InputError(f"{name} must be one number, or one for each {each}; found {len(numbers)} for {count}")
    for number in numbers:
        real(name, number, positive=True)
    return numbers


def chunk_places(size: int, chunk: int, num_chunks: int) -> range:
    """Places of one chunk of so many, as even as can be.

    >>> [len(chunk_places(10, chunk, 3)) for chunk in range(3)]
    [3, 3, 4]
    """
    whole("num_chunks", num_chunks)
    whole("chunk", chunk, 0, num_chunks - 1)
    return range(size * chunk // num_chunks, size * (chunk + 1) // num_chunks)


def in_chunks(chunk_of, merge, num_chunks: int):
    """All chunks one after the other, a generator of the share that is done; returns what `merge` makes of their parts.

    >>> list(in_chunks(lambda chunk, num_chunks: chunk, sum, 4))
    [0.25, 0.5, 0.75, 1.0]
    """
    found = merge(())
    for chunk in range(num_chunks):
        found = merge((found, chunk_of(chunk, num_chunks)))
        yield (chunk + 1) / num_chunks
    return found


def refuse(refused: dict, reason: str, one: Refused) -> None:
    """Count places under their reason; of two examples the one stays that comes nearer to passing.

    >>> known = {}
    >>> for lacks, index in ((5, 1), (3, 9)):
    ...     refuse(known, "memory", Refused(1, lacks, index))
    >>> known
    {'memory': Refused(count=2, lacks=3, index=9)}
    """
    other = refused.get(reason)
    refused[reason] = one if other is None else Refused(one.count + other.count, *min(one[1:], other[1:]))


def merge(parts, top: int, costs) -> Part:
    """The parts as one, whatever their order, with the `top` best rows and the front of `costs`.

    >>> merge((), 10, costs=None)
    Part(num_considered=0, num_fitting=0, refused=(), best=(), front=())
    """
    parts, refused = tuple(parts), {}
    for part in parts:
        for reason, one in part.refused:
            refuse(refused, reason, one)
    return Part(
        sum(part.num_considered for part in parts),
        sum(part.num_fitting for part in parts),
        tuple(sorted(refused.items())),
        tuple(sorted({row for part in parts for row in part.best})[:top]),
        front_of({row for part in parts for row in part.front}, costs),
    )


def part_told(part: Part) -> dict:
    """A part as JSON has it."""
    return part._asdict() | {"refused": {reason: list(one) for reason, one in part.refused}}


def part_read(told: dict, row) -> Part:
    """The part that such a JSON object holds, of rows that are `row`.

    >>> part_read(part_told(EMPTY), tuple) == EMPTY
    True
    """
    try:
        refused = tuple(sorted((reason, Refused(*one)) for reason, one in told["refused"].items()))
        rows = [tuple(row(*one) for one in told[name]) for name in ("best", "front")]
        return Part(told["num_considered"], told["num_fitting"], refused, *rows)
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"a part of an answer is a JSON object with {', '.join(Part._fields)}") from None


def front_of(rows, costs) -> tuple:
    """The rows that no other beats or equals in both of two `costs`, less of the first one first; of equal ones the first.

    >>> front_of([(1, 9), (2, 9), (3, 5)], costs=lambda row: row)
    ((1, 9), (3, 5))
    """
    kept, least = [], None
    for row in sorted(rows, key=lambda row: (*costs(row), row)):
        other = costs(row)[1]
        if least is None or other < least:
            kept.append(row)
            least = other
    return tuple(kept)
