r"""Scales that fit numbers into a format: one for a tile, a block, a row or a whole matrix.

.. math:: \hat x = s \, \mathrm{round}(x / s), \qquad s = \max |x| \, / \, x_{max}

The maximum is over the entries that share s, x_max is the format's largest number; s = 1 where all are zero. A matrix is a
list of rows of floats.
"""

from math import frexp, ldexp
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError, quoted
from .formats import MAX_VALUES, FloatFormat, check_values, rounded


class Block(NamedTuple):
    """Rows and columns that share a scale; None for all of them."""

    rows: int | None
    columns: int | None


#: DeepSeek-V3 scales activations by tiles, weights by blocks; rows and tensors are coarser, the groups of MX formats finer.
GRANULARITIES = {
    "tile": Block(1, 128),
    "block": Block(128, 128),
    "row": Block(1, None),
    "tensor": Block(None, None),
    "group": Block(1, 32),
}


class Quantised(NamedTuple):
    """A matrix in few bits: what is stored, the scale of each block in rows of blocks, and `values`, their products."""

    values: list
    stored: list
    scales: list
    block: Block  # with numbers for None
    num_underflows: int  # entries that became zero
    num_saturated: int  # entries beyond the range of a scale that was given


def quantised(matrix, fmt: FloatFormat, block: Block, power_of_two: bool = False, scales=None) -> Quantised:
    """A matrix in a format, with a scale for each block; blocks at the edges may be smaller.

    Parameters
    ----------
    matrix : list of list of float, shape [rows][columns]
    fmt : FloatFormat
    block : Block
    power_of_two : bool, optional
        Whether a scale is raised to the next power of two, so that dividing by it rounds nothing
    scales : list of list of float, optional
        Those of an earlier matrix, as delayed scaling takes them; without them each is found online, from its own block

    Examples
    --------
    A large entry costs those that share its scale:

    >>> for columns in (2, 4):
    ...     quantised([[1.0, 1.0, 448e3, 0.0]], FloatFormat("e4m3", 4, 3, "nan"), Block(1, columns)).values
    [[1.0, 1.0, 448000.0, 0.0]]
    [[1.953125, 1.953125, 448000.0, 0.0]]
    """
    block = _whole_block(block, matrix)
    height, width, largest = block.rows, block.columns, fmt.largest
    num_columns, found = len(matrix[0]), []
    stored, values = [[] for _ in matrix], [[] for _ in matrix]
    saturated = 0
    for top in range(0, len(matrix), height):
        rows = range(top, min(top + height, len(matrix)))
        found.append([])
        for left in range(0, num_columns, width):
            cells = [matrix[i][left : left + width] for i in rows]
            if scales is None:
                scale = _scale(max(max(max(one), -min(one)) for one in cells), largest, power_of_two)
            else:
                scale = _given(scales, top // height, left // width)
                saturated += sum(abs(x) > scale * largest for one in cells for x in one)
            found[-1].append(scale)
            for i, one in zip(rows, cells, strict=True):
                kept = rounded([x / scale for x in one], fmt)
                stored[i] += kept
                values[i] += [y * scale for y in kept]
    underflows = sum(new.count(0.0) - old.count(0.0) for new, old in zip(stored, matrix, strict=True))
    return Quantised(values, stored, found, block, underflows, saturated)


def check_matrix(name: str, matrix) -> list:
    """`matrix`, if it is rows of equally many finite numbers; `name` is what the error sentence calls it."""
    if not isinstance(matrix, (list, tuple)) or not matrix or not all(isinstance(row, (list, tuple)) for row in matrix):
        raise InputError(f"{name} must be a list of rows, at least one; found {quoted(matrix)}")
    widths = {len(row) for row in matrix}
    if len(widths) > 1 or 0 in widths or len(matrix) * max(widths) > MAX_VALUES:
        shape = f"{len(matrix):,} rows of {', '.join(map(str, sorted(widths)[:3]))} numbers"
        raise InputError(f"{name} must be rows of equally many numbers, {MAX_VALUES:,} at most in all; found {shape}")
    for row in matrix:
        check_values(row)
    return matrix


def _whole_block(block: Block, matrix) -> Block:
    """The block with numbers for None."""
    rows, columns = (size if side is None else side for side, size in zip(block, (len(matrix), len(matrix[0])), strict=True))
    return Block(whole("rows of a block", rows), whole("columns of a block", columns))


def _scale(peak: float, largest: float, power_of_two: bool) -> float:
    scale = peak / largest
    if scale == 0:  # a block of zeros, or of numbers that no scale can lift
        return 1.0
    if power_of_two:
        fraction, exponent = frexp(scale)
        scale = ldexp(1.0, exponent - (fraction == 0.5))
    return scale


def _given(scales, i: int, j: int) -> float:
    try:
        scale = scales[i][j]
    except IndexError:
        raise InputError(f"scales must hold one of each block; none is found for block {i}, {j}") from None
    return real("scales", scale, positive=True)
