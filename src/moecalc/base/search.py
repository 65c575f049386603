"""A search whose parts are computed apart: which places a part has, and how what parts found is joined.

Joining is associative and the same in any order, so that one process, several and a cluster give one answer.
"""

from typing import NamedTuple

from .checks import whole


class Refused(NamedTuple):
    """Places of a space that fail for one reason."""

    count: int
    lacks: float  #: by how much the one that comes nearest fails; 0 where it is no question of size
    index: int  #: the place of that one: of equal ones the first


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
    # a count, by how much it fails and its place, whatever a search calls the second
    refused[reason] = one if other is None else type(one)(one.count + other.count, *min(one[1:], other[1:]))


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
