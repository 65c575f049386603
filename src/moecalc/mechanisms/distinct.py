"""In how many equal parts a few chosen ones of many lie, if any choice is as likely as any other."""

import math


def distinct_parts(num_parts: int, part_size: int, num_chosen: int, num_outside: int = 0) -> tuple:
    r"""Probabilities that none, one, ... of the parts hold a chosen one.

    .. math:: P(k) = \binom{n}{k} \sum_{j=0}^{k} (-1)^{k-j} \binom{k}{j} \binom{j s + z}{K} \Big/ \binom{n s + z}{K}

    n = `num_parts` of s = `part_size`, K = `num_chosen` drawn without replacement, z = `num_outside` that lie in no part.
    Whole numbers are divided once, so a probability is exact to its last digit.

    >>> distinct_parts(2, 2, 2)
    (0.0, 0.3333333333333333, 0.6666666666666666)
    """
    ways = math.comb(num_parts * part_size + num_outside, num_chosen)

    def exactly(hit):
        inside = sum(
            (-1) ** (hit - some) * math.comb(hit, some) * math.comb(some * part_size + num_outside, num_chosen)
            for some in range(hit + 1)
        )
        return math.comb(num_parts, hit) * inside / ways

    return tuple(exactly(hit) for hit in range(min(num_parts, num_chosen) + 1))
