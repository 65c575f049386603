"""Seeded matrices as lists of rows, their products, and how far one lies from another.

Random numbers come from ``random.Random(seed).random`` alone, one generator a matrix, entry after entry in rows.
"""

from itertools import islice
from math import sqrt
from operator import add, mul, sub
from random import Random

from ..base.checks import one_of, real, whole
from ..base.errors import InputError
from .formats import MAX_VALUES


def _uniform(draw, num: int) -> list:
    return list(islice(iter(draw, None), num))  # an iterator that calls draw() without a loop in Python


def _gauss(draw, num: int) -> list:
    """Each of twelve uniform numbers less six: a bell curve of unit variance without its far tails."""
    drawn = _uniform(draw, 12 * num)
    found = drawn[::12]
    for i in range(
        1, 12
    ):  # left to right in plain doubles: sum() of Python 3.12 compensates, and the last digit would change
        found = list(map(add, found, drawn[i::12]))
    return [x - 6.0 for x in found]


#: Law of an entry -> so many entries, from a function that draws uniform numbers from 0 to 1.
LAWS = {
    "gauss": _gauss,
    "uniform": _uniform,
    "abs_gauss": lambda draw, num: list(map(abs, _gauss(draw, num))),
    "gauss_plus_half": lambda draw, num: [x + 0.5 for x in _gauss(draw, num)],
}


def random_vectors(law: str, seed: int, num_entries: int, num_vectors: int = 1) -> list:
    """Vectors of independent entries of a law of :data:`LAWS`, all from one generator, one vector after the other."""
    entries = LAWS[one_of("law", law, LAWS)]
    whole("num_entries", num_entries, 1, MAX_VALUES // whole("num_vectors", num_vectors, 1, MAX_VALUES))
    draw = Random(seed).random
    return [entries(draw, num_entries) for _ in range(num_vectors)]


def random_matrix(law: str, seed: int, rows: int, columns: int, row_scale_bits: float = 0, std: float = 1.0) -> list:
    """A matrix of independent entries of a law of :data:`LAWS`.

    `std` multiplies all entries. With `row_scale_bits` b each row is also multiplied by 2^u, u uniform from -b/2 to b/2,
    drawn after the entries: rows as different as tokens may be.

    >>> random_matrix("uniform", 5060, 1, 2)
    [[0.2112488996638806, 0.4331038168415896]]
    """
    entries = LAWS[one_of("law", law, LAWS)]
    whole("columns", columns, 1, MAX_VALUES // whole("rows", rows, 1, MAX_VALUES))
    draw = Random(seed).random
    matrix = [entries(draw, columns) for _ in range(rows)]
    if real("row_scale_bits", row_scale_bits, 0, 64):
        factors = [2.0 ** (row_scale_bits * draw() - row_scale_bits / 2) for _ in range(rows)]
        matrix = [[x * factor for x in row] for row, factor in zip(matrix, factors, strict=True)]
    return matrix if std == 1 else [[x * std for x in row] for row in matrix]


def with_outliers(matrix, factor: float, row: int | None = None, column: int | None = None) -> list:
    """The matrix with a row, a column, or, where both are given, one entry multiplied by `factor`."""
    if row is not None:
        whole("row", row, 0, len(matrix) - 1)
    if column is not None:
        whole("column", column, 0, len(matrix[0]) - 1)
    columns = range(len(matrix[0])) if column is None else (column,)
    found = [list(one) for one in matrix]
    for one in found if row is None else (found[row],):
        for j in columns:
            one[j] *= factor
    return found


def product(a, w) -> list:
    """A W^T in doubles: rows of `a` times rows of `w`, as weights are stored."""
    if len(a[0]) != len(w[0]):
        raise InputError(f"a and w must have equally many columns; found {len(a[0])} and {len(w[0])}")
    return [[sum(map(mul, x, y)) for y in w] for x in a]


def relative_error(found, exact) -> float:
    """Frobenius norm of the difference of two matrices over that of the exact one, a ratio; 0 where both are zero."""
    off = sqrt(sum(sum([d * d for d in map(sub, x, y)]) for x, y in zip(found, exact, strict=True)))
    norm = sqrt(sum(sum(map(mul, y, y)) for y in exact))
    return off / norm if norm else 0.0 if not off else float("inf")


def without(matrix, row: int | None = None, column: int | None = None) -> list:
    """The matrix with zeros in a row, a column, or, where both are given, in one entry: the rest is what is looked at."""
    return with_outliers(matrix, 0.0, row, column)
