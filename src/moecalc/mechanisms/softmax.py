"""The softmax of a few numbers."""

import math
from collections.abc import Sequence

from ..base.checks import LARGEST, real
from ..base.errors import InputError


def softmax(logits: Sequence[float]) -> list:
    r"""Shares that are proportional to the exponentials of scores: probabilities of words, affinities for experts.

    .. math:: p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}

    z = `logits`, at least one.

    >>> softmax([0, 0, 0, 0]), [round(p, 3) for p in softmax([3, 1, 0])]
    ([0.25, 0.25, 0.25, 0.25], [0.844, 0.114, 0.042])
    """
    if not logits:
        raise InputError("logits must hold at least one number; found none")
    top = max(real("logits", one, least=-LARGEST) for one in logits)  # taken off, so that no power overflows
    powers = [math.exp(one - top) for one in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]
