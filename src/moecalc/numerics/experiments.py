"""Small experiments with the formats: what a scale for each tile saves, what an accumulator of few bits loses."""

from functools import lru_cache
from math import sqrt
from operator import mul, sub
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from .accumulation import MODELS, Accumulator, exact_sums, partial_sums, scaled_to
from .formats import FloatFormat
from .matrices import product, random_matrix, random_vectors, relative_error, with_outliers, without
from .scaling import GRANULARITIES, quantised

#: Longest vectors that are added up [entries]
MAX_INNER = 2**16
#: Tokens and channels of the activations: small enough for a page; and channels whose error is told together
SHAPE, CELL = (8, 512), 32
#: Where outliers are -> whether they have a row, a column: one entry, a channel of all tokens, all channels of a token.
PLACES = {"entry": (True, True), "channel": (False, True), "token": (True, False)}


class Poisoned(NamedTuple):
    """Activations with outliers in a row, a column or where both meet, and weights to multiply them with."""

    activations: list
    weights: list
    row: int | None
    column: int | None


class Loss(NamedTuple):
    """What a granularity of scales costs the activations that are no outliers: errors are relative Frobenius norms."""

    cells: list  # error of each run of :data:`CELL` channels of a token
    error: float
    share_lost: float  # of all entries, outliers too, those that became zero


def poisoned(
    largest: float = 0.0,
    place: str = "entry",
    row: int = 0,
    column: int = 0,
    row_scale_bits: float = 0,
    seed: int = 1,
    outputs: int = 1,
) -> Poisoned:
    """Gaussian activations of :data:`SHAPE`, and weights for so many `outputs`.

    One of :data:`PLACES` of the activations is multiplied so that its `largest` entry is that many standard deviations;
    0 leaves it as it is. `row_scale_bits` is that of :func:`random_matrix`, an exponent of factors.
    """
    has_row, has_column = PLACES[one_of("place", place, PLACES)]
    hit = row if has_row else None, column if has_column else None
    matrix, weights = _drawn(row_scale_bits, seed, whole("outputs", outputs, 1, 1024))
    if not real("largest", largest):
        return Poisoned(matrix, weights, *hit)
    entries = [matrix[row]] if has_row else matrix
    size = max(abs(x) for one in entries for x in ([one[column]] if has_column else one))
    return Poisoned(with_outliers(matrix, largest / size, *hit), weights, *hit)


def losses(case: Poisoned, fmt: FloatFormat, power_of_two: bool = False) -> dict:
    """Granularity of scales, of :data:`GRANULARITIES` -> :class:`Loss` of the activations."""
    exact, num_entries = without(case.activations, case.row, case.column), len(case.activations) * len(case.activations[0])
    sizes = [_squares(row) for row in exact]
    size, found = sum(map(sum, sizes)), {}
    for name, block in GRANULARITIES.items():
        a = quantised(case.activations, fmt, block, power_of_two)
        rest = without(a.values, case.row, case.column)
        off = [_squares(list(map(sub, x, y))) for x, y in zip(rest, exact, strict=True)]
        cells = [
            [sqrt(x / y) if y else 0.0 for x, y in zip(one, of, strict=True)] for one, of in zip(off, sizes, strict=True)
        ]
        found[name] = Loss(cells, sqrt(sum(map(sum, off)) / size), a.num_underflows / num_entries)
    return found


def product_errors(case: Poisoned, fmt: FloatFormat, power_of_two: bool = False) -> dict:
    """Granularity of the activations' scales -> relative error of activations times weights.

    Weights are scaled like activations by row or tensor, else by blocks of 128 x 128.
    """
    exact = product(case.activations, case.weights)
    found = {}
    for name, block in GRANULARITIES.items():
        a = quantised(case.activations, fmt, block, power_of_two)
        w = quantised(case.weights, fmt, GRANULARITIES["block"] if block.columns else block, power_of_two)
        found[name] = relative_error(product(a.values, w.values), exact)
    return found


def outlier_cases(sizes: tuple, place: str, fmt: FloatFormat, outputs: int = 128) -> dict:
    """Size of outliers -> (:func:`losses`, :func:`product_errors`)."""
    cases = {size: poisoned(size, place, outputs=outputs) for size in sizes}
    return {size: (losses(case, fmt), product_errors(case, fmt)) for size, case in cases.items()}


def accumulation_errors(
    law: str, inner: int, fmt: FloatFormat, how: Accumulator, num_vectors: int = 4, seed: int = 1
) -> list:
    """Mean error of dot products after each step, over the mean magnitude of the exact ones, a ratio.

    Vectors of `inner` entries of a law are brought to the range of a format, as :func:`scaled_to` does.
    """
    whole("inner", inner, how.products_per_step, MAX_INNER)
    drawn = _products(law, inner, fmt, whole("num_vectors", num_vectors, 1, 64), seed)
    errors = sizes = None
    for products in drawn:
        exact = exact_sums(products, how.products_per_step)
        off = [abs(x - y) for x, y in zip(partial_sums(products, how), exact, strict=True)]
        errors = off if errors is None else [x + y for x, y in zip(errors, off, strict=True)]
        sizes = list(map(abs, exact)) if sizes is None else [x + abs(y) for x, y in zip(sizes, exact, strict=True)]
    return [x / y if y else 0.0 for x, y in zip(errors, sizes, strict=True)]


class SumErrors(NamedTuple):
    """Mean relative errors of dot products whose numbers follow a law, by the model of the accumulator."""

    law: str
    aligned: float
    aligned_promoted: float
    rounded: float
    rounded_promoted: float


def sum_errors(
    law: str, inner: int, fmt: FloatFormat, promote_every: int, bits: int = 14, num_vectors: int = 8
) -> SumErrors:
    """Errors at the end of `inner` elements, each model without promotion and with it every `promote_every` elements."""
    ends = [
        accumulation_errors(law, inner, fmt, Accumulator(model, bits, promote_every=every), num_vectors)[-1]
        for model in MODELS
        for every in (None, promote_every)
    ]
    return SumErrors(law, *ends)


# A figure moves outliers and accumulators far more often than the numbers behind them.


@lru_cache(maxsize=16)
def _drawn(row_scale_bits, seed, outputs) -> tuple:
    rows, columns = SHAPE
    return random_matrix("gauss", seed, rows, columns, row_scale_bits), random_matrix("gauss", seed + 1000, outputs, columns)


def _squares(row) -> list:
    """Sums of squares of each cell of a row."""
    squares = list(map(mul, row, row))
    return [sum(squares[k : k + CELL]) for k in range(0, len(row), CELL)]


@lru_cache(maxsize=16)
def _products(law, inner, fmt, num_vectors, seed) -> tuple:
    pairs = (random_vectors(law, 1000 * seed + i, inner, 2) for i in range(num_vectors))
    return tuple(list(map(mul, scaled_to(a, fmt), scaled_to(b, fmt))) for a, b in pairs)
