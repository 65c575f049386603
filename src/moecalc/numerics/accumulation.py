r"""Dot products in an accumulator of few bits, promoted to FP32 every N_C elements.

A tensor core adds the products of one instruction to its accumulator. How is not documented; two models bracket it. With
n significant bits, and m the largest floor(log2 \|addend\|) among the products and the accumulator:

- ``aligned``: each addend is truncated toward zero to a multiple of 2^(m - n + 1), the alignment that hardware saves
  adders with; so is their sum, to n significant bits;
- ``rounded``: products are added exactly, and the sum is rounded to n significant bits, to nearest, ties to even.

Where values come from a format of :mod:`moecalc.numerics.formats`, their products are exact in doubles.
"""

from itertools import accumulate
from math import frexp, fsum, ldexp
from operator import mul
from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError
from .formats import FP32, FloatFormat, rounded
from .scaling import Quantised

MODELS = ("aligned", "rounded")
#: Widest accumulator: an exact sum must still fit into a double [bits]
MAX_BITS = 40


class Accumulator(NamedTuple):
    """How products are added; after N_C elements the accumulator goes to an FP32 total and is reset."""

    model: str = "aligned"
    significant_bits: int = 14
    products_per_step: int = 32  # of one instruction
    promote_every: int | None = None  # N_C; None for never


#: What DeepSeek's report describes of the H800: "around 14 bits", promoted every 128 elements [elements].
V3_PROMOTE_EVERY = 128


def check_accumulator(how: Accumulator) -> Accumulator:
    """`how`, if it can be; an interval of promotion holds whole steps."""
    one_of("model", how.model, MODELS)
    whole("significant_bits", how.significant_bits, 2, MAX_BITS)
    whole("products_per_step", how.products_per_step, 1, 2**16)
    every = how.promote_every
    if every is not None and whole("promote_every", every, 1, 10**9) % how.products_per_step:
        raise InputError(
            f"promote_every must be a multiple of the {how.products_per_step} products of a step; found {every}"
        )
    return how


def partial_sums(products, how: Accumulator) -> list:
    """The sum after each step: the FP32 total with what the accumulator holds.

    >>> partial_sums([1.0, 2.0**-14], Accumulator("aligned", products_per_step=1))
    [1.0, 1.0]
    """
    check_accumulator(how)
    step, every, bits = how.products_per_step, how.promote_every, how.significant_bits
    add = _aligned if how.model == "aligned" else _rounded
    total = held = 0.0
    sums = []
    for start in range(0, len(products), step):
        held = add(products[start : start + step], held, bits)
        if every and (start + step) % every == 0:
            total, held = _fp32(total + held), 0.0
        sums.append(total + held)
    if every and held:  # the rest of the last interval is promoted too
        sums[-1] = _fp32(total + held)
    return sums


def dot(a, b, how: Accumulator) -> float:
    """The dot product of two vectors as an accumulator finds it, in the ratio of their own scales.

    >>> dot([1.0] * 64, [1.0] * 64, Accumulator("rounded"))
    64.0
    """
    if len(a) != len(b):
        raise InputError(f"a and b must have equally many entries; found {len(a)} and {len(b)}")
    sums = partial_sums(list(map(mul, a, b)), how)
    return sums[-1] if sums else 0.0


def exact_sums(products, step: int) -> list:
    """The sum after each `step` products, exact but for the roundings of doubles."""
    return list(accumulate(fsum(products[start : start + step]) for start in range(0, len(products), step)))


def scaled_to(values, fmt: FloatFormat) -> list:
    """A vector in a format, its largest magnitude brought to the format's largest number; no scale is put back."""
    peak = max(max(values), -min(values))
    return rounded([x * (fmt.largest / peak) for x in values] if peak else values, fmt)


def product_in(a: Quantised, w: Quantised, how: Accumulator) -> list:
    """A W^T of two scaled matrices, as an accumulator finds it.

    Where a scale changes along the inner dimension, the accumulator is promoted: its content times both scales goes to the
    FP32 total.

    Raises
    ------
    InputError
        If the inner dimensions differ, or ``promote_every`` and the blocks' columns do not divide one another.
    """
    check_accumulator(how)
    inner = len(a.stored[0])
    if inner != len(w.stored[0]):
        raise InputError(f"a and w must have equally many columns; found {inner} and {len(w.stored[0])}")
    span = min(a.block.columns, w.block.columns)
    if max(a.block.columns, w.block.columns) % span and span < inner:
        raise InputError(f"the columns of the blocks of a and w must divide one another; found {a.block} and {w.block}")
    if how.promote_every:
        if span % how.promote_every and how.promote_every % span:
            raise InputError(f"promote_every must divide the {span} columns of a block or be a multiple; found {how}")
        span = min(span, how.promote_every)
    once = how._replace(promote_every=None)
    spans = [(k, k // a.block.columns, k // w.block.columns) for k in range(0, inner, span)]
    found = []
    for i, x in enumerate(a.stored):
        of_row = a.scales[i // a.block.rows]
        found.append([])
        for j, y in enumerate(w.stored):
            of_column, total = w.scales[j // w.block.rows], 0.0
            for k, left, right in spans:
                part = dot(x[k : k + span], y[k : k + span], once)
                total = _fp32(total + part * (of_row[left] * of_column[right]))
            found[-1].append(total)
    return found


def _aligned(products, held: float, bits: int) -> float:
    addends = [*products, held]
    exponent = frexp(max(max(addends), -min(addends)))[1]
    quantum = ldexp(1.0, exponent - bits)
    total = sum([int(x / quantum) for x in addends])  # whole quanta: exact, and int() truncates toward zero
    excess = max(abs(total).bit_length() - bits, 0)
    magnitude = abs(total) >> excess << excess
    return (magnitude if total > 0 else -magnitude) * quantum


def _rounded(products, held: float, bits: int) -> float:
    exact = fsum([*products, held])
    quantum = ldexp(1.0, frexp(exact)[1] - bits)
    return round(exact / quantum) * quantum  # round() takes ties to even


def _fp32(x: float) -> float:
    return rounded([x], FP32)[0]
