r"""Parts that a token's experts lie in, without a limit: exact for experts of any popularity.

A token draws K = `num_chosen` experts one after the other, without replacement, in proportion to their `weights` w. Then
each expert is a clock that rings first after an exponential time of rate w, and the token takes the first K to ring.
"""

import math
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from ...base.checks import real, whole
from ...base.errors import InputError
from .gate import MAX_CHOSEN, MAX_EXPERTS

#: Step and range of the quadrature, in x of t = exp(x - exp(-x)) / total weight: half the step changes less than 1e-12.
STEP, LOW, HIGH = 1 / 6, -3.5, 60.0
#: A term so small ends the sum: those behind it are smaller still.
SMALLEST_TERM = 1e-18


class Parts(NamedTuple):
    """What is known of some parts, such as nodes."""

    hit: tuple  #: probability of each part that it holds a chosen expert
    expected: float  #: number of parts that hold one


def weighted_parts(weights: Sequence[float], part_size: int, num_chosen: int, num_outside: int = 0) -> Parts:
    r"""Probability of each part that it holds at least one of the K chosen experts, by an integral over time.

    .. math:: P_g = \int_0^\infty W_g e^{-W_g t} \; P(\text{at most } K - 1 \text{ of the others rang by } t) \, dt,
              \quad W_g = \sum_{e \in g} w_e

    Parameters
    ----------
    weights : sequence of float
        w, of every expert; the last `num_outside` lie in no part
    part_size : int
        Experts of a part, which stand one after the other

    Notes
    -----
    The number that rang by t is a Poisson-binomial, made of the polynomials before and behind a part. All parts share the
    points of one double-exponential quadrature, whose error is below 1e-11.

    Examples
    --------
    Equal weights give the combinatorial value:

    >>> round(weighted_parts([1.0] * 256, 32, 8).expected, 9)
    5.294652
    """
    return weighted_parts_of_sizes(weights, (part_size,), num_chosen, num_outside)[0]


def weighted_parts_of_sizes(weights: Sequence[float], sizes: Sequence[int], num_chosen: int, num_outside: int = 0) -> list:
    """:func:`weighted_parts` for several part `sizes`, multiples of the last one: for little more time.

    >>> [round(one.expected, 6) for one in weighted_parts_of_sizes([1.0] * 256, (32, 4), 8)]
    [5.294652, 7.67575]
    """
    for size in sizes:
        _check(weights, size, num_chosen, num_outside)
        if size % sizes[-1]:
            raise InputError(f"sizes of parts must be multiples of the last one, {sizes[-1]}; found {size}")
    inside = len(weights) - num_outside
    if num_chosen >= len(weights):
        return [Parts((1.0,) * (inside // size), float(inside // size)) for size in sizes]
    scale = math.fsum(weights)
    rates = [weight / scale for weight in weights]
    totals = [[math.fsum(rates[first : first + size]) for first in range(0, inside, size)] for size in sizes]
    hits = [[0.0] * len(one) for one in totals]
    for step in range(round((HIGH - LOW) / STEP) + 1):
        x = LOW + step * STEP
        time = math.exp(x - math.exp(-x))
        factor = STEP * time * (1 + math.exp(-x))
        before, behind = _around(rates, time, sizes[-1], inside, num_chosen)
        largest = 0.0
        for size, total, hit in zip(sizes, totals, hits, strict=True):
            every = size // sizes[-1]
            for part, rate in enumerate(total):
                others = _at_most(before[part * every], behind[(part + 1) * every])
                term = factor * rate * math.exp(-rate * time) * others
                hit[part] += term
                largest = max(largest, term)
        if x > 0 and largest < SMALLEST_TERM:
            break
    return [Parts(tuple(hit), math.fsum(hit)) for hit in hits]


def _around(rates, time, size, inside, num_chosen) -> tuple:
    """Probabilities of 0 .. K-1 rings by `time` of the experts before, and of those behind, each bound between parts."""
    rung = [-math.expm1(-rate * time) for rate in rates]
    none = [1.0] + [0.0] * (num_chosen - 1)
    before, behind = [none], [_times(none, rung[inside:])]
    for first in range(0, inside - size, size):
        before.append(_times(before[-1], rung[first : first + size]))
        behind.append(_times(behind[-1], rung[inside - first - size : inside - first]))
    return before, [None, *reversed(behind)]


def _at_most(before, behind) -> float:
    """Probability that at most K - 1 rang on both sides together."""
    left, so_far = 0.0, []
    for one in behind:
        left += one
        so_far.append(left)
    return sum(map(mul, before, reversed(so_far)))


def _times(counts, rung) -> list:
    """Probabilities of 0 .. K-1 rings, with further clocks that each rang with its own probability."""
    counts = list(counts)
    downwards = range(len(counts) - 1, 0, -1)
    for ring in rung:
        silent = 1.0 - ring
        for k in downwards:
            counts[k] = counts[k] * silent + counts[k - 1] * ring
        counts[0] *= silent
    return counts


def _check(weights, part_size, num_chosen, num_outside):
    if not 1 <= len(weights) <= MAX_EXPERTS:
        raise InputError(f"weights must be from 1 to {MAX_EXPERTS:,}; found {len(weights):,}")
    for weight in weights:
        real("each of the weights", weight, positive=True)
    whole("num_outside", num_outside, 0, len(weights) - 1)
    whole("part_size", part_size, 1, len(weights) - num_outside)
    if (len(weights) - num_outside) % part_size:
        raise InputError(f"part_size must divide the {len(weights) - num_outside} experts; found {part_size}")
    whole("num_chosen", num_chosen, 1, min(MAX_CHOSEN, len(weights)))
