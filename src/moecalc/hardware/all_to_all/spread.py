"""Over how many parts (nodes, GPUs) the experts of simulated tokens lie, and how full the fullest part gets."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ...base.checks import whole

#: Points of the integral over the fullest part's load, and how far it reaches, in standard deviations.
POINTS, REACH = 300, 8.0


class Spread(NamedTuple):
    """Distinct parts of a token: their mean with its standard error (0 where it is exact), and how often none, one, ..."""

    mean: float
    standard_error: float
    distribution: tuple


class Loads(NamedTuple):
    """Experts of a token that lie on each part: mean and standard deviation over tokens, and how well they are known."""

    means: tuple
    deviations: tuple
    mean_errors: tuple  #: standard error of each mean, 0 where it is exact
    variance_error: float  #: standard error of the variances, as a share of them


def spread(chosen: Sequence, part_size: int, num_parts: int) -> Spread:
    """Distinct parts of the `chosen` experts of each token; experts beyond the last part lie in none.

    >>> spread([[0, 1], [0, 2]], part_size=2, num_parts=2)
    Spread(mean=1.5, standard_error=0.5, distribution=(0.0, 0.5, 0.5))
    """
    whole("num_parts", num_parts)
    beyond = part_size * num_parts
    counts = [0] * (min(num_parts, len(chosen[0])) + 1)
    for experts in chosen:
        counts[len({expert // part_size for expert in experts if expert < beyond})] += 1
    num = len(chosen)
    mean = sum(k * count for k, count in enumerate(counts)) / num
    squares = sum((k - mean) ** 2 * count for k, count in enumerate(counts))
    error = math.sqrt(squares / max(1, num - 1) / num)
    return Spread(mean, error, tuple(count / num for count in counts))


def exact_spread(distribution: Sequence) -> Spread:
    """A spread whose probabilities of none, one, ... are known."""
    return Spread(math.fsum(k * one for k, one in enumerate(distribution)), 0.0, tuple(distribution))


def loads(chosen: Sequence, part_size: int, num_parts: int, mean: float | None = None) -> Loads:
    """How many of a token's `chosen` experts lie on each part.

    `mean`, where all parts are alike, is what each gets; then the simulation gives only the variance, from all of them.

    >>> loads([[0, 1], [2, 3]], part_size=2, num_parts=2).means
    (1.0, 1.0)
    """
    sums, squares, of_tokens = [0] * num_parts, [0] * num_parts, []
    for experts in chosen:
        tally = Counter(expert // part_size for expert in experts)
        of_token = 0
        for part, count in tally.items():
            if part < num_parts:
                sums[part] += count
                squares[part] += count * count
                of_token += count * count
        of_tokens.append(of_token)
    num = len(chosen)
    error = _deviation(of_tokens) / num_parts / math.sqrt(num)
    if mean is not None:
        variance = max(0.0, math.fsum(squares) / num_parts / num - mean * mean)
        deviation = math.sqrt(variance)
        of_variance = error / variance if variance else 0.0
        return Loads((mean,) * num_parts, (deviation,) * num_parts, (0.0,) * num_parts, of_variance)
    means = [one / num for one in sums]
    deviations = [math.sqrt(max(0.0, two / num - one * one)) for one, two in zip(means, squares, strict=True)]
    errors = [one / math.sqrt(num) for one in deviations]
    pooled = math.fsum(one * one for one in deviations) / num_parts
    return Loads(tuple(means), tuple(deviations), tuple(errors), error / pooled if pooled else 0.0)


def fullest(num_tokens: int, of: Loads) -> tuple:
    r"""Tokens on the fullest part, of `num_tokens` [tokens] that all GPUs dispatch: (expected, standard error).

    .. math:: E[\max_i X_i] = a + \int_a^\infty \Big( 1 - \prod_i \Phi(z_i) \Big) dx,
              \quad z_i = \frac{x - T \mu_i}{\sigma_i \sqrt{T}}

    The load of a part is a sum over many tokens, so nearly normal. Parts share a fixed sum, for which a deviation counts
    sqrt(n / (n - 1)) times. A token with two experts on a part counts twice.

    >>> fullest(4096, Loads((2.0,), (0.0,), (0.0,), 0.0))
    (8192.0, 0.0)
    """
    whole("num_tokens", num_tokens, 1, 10**12)
    num = len(of.means)
    widen = math.sqrt(num_tokens * num / (num - 1)) if num > 1 else 0.0
    parts = Counter((num_tokens * mean, widen * deviation) for mean, deviation in zip(of.means, of.deviations, strict=True))
    low = max(mean - REACH * deviation for mean, deviation in parts)
    high = max(mean + REACH * deviation for mean, deviation in parts)
    matter = [(mean, deviation, count) for (mean, deviation), count in parts.items() if mean + REACH * deviation > low]
    step = (high - low) / POINTS
    expected = low
    for point in range(POINTS + 1) if step else ():
        x, below = low + step * point, 1.0
        for mean, deviation, count in matter:
            if deviation:
                below *= (0.5 * math.erfc((mean - x) / deviation * math.sqrt(0.5))) ** count
            elif x < mean:
                below = 0.0
        expected += step * (1.0 - below) * (0.5 if point in (0, POINTS) else 1.0)
    top = max(range(num), key=of.means.__getitem__)
    from_width = (expected - num_tokens * of.means[top]) * of.variance_error / 2
    return expected, math.hypot(num_tokens * of.mean_errors[top], from_width)


def _deviation(values) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in values) / len(values))
