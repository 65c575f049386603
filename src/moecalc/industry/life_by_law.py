"""The cheapest dense model of a loss over its life: the more it is used, the smaller it is and the longer it is trained.

.. [1] Sardana et al., Beyond Chinchilla-Optimal: Accounting for Inference in Language Model Scaling Laws, arXiv:2401.00448.
"""

import math
from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError
from ..mechanisms.scaling_laws import FLOPS_EACH, Law

#: FLOPs of one parameter and one token that is read or written.
SERVED_EACH = 2
#: Steps of the search, each of which leaves 62 % of the range.
STEPS = 80
GOLDEN = (math.sqrt(5) - 1) / 2


class DenseLife(NamedTuple):
    """A dense model, and what it takes to train and to use."""

    num_params: float
    num_tokens: float  #: of training
    training_flops: float
    use_flops: float

    @property
    def flops(self) -> float:
        """Of its whole life [FLOPs]."""
        return self.training_flops + self.use_flops


def life_of(law: Law, loss: float, served_tokens: float, num_params: float) -> DenseLife:
    """A model of `num_params` [parameters], trained until `law` gives it a `loss` [nats a token], then used.

    What it reads and writes are `served_tokens` [tokens].

    >>> law = Law(1.69, 406.4, 0.34, 410.7, 0.28)
    >>> round(life_of(law, law.loss(70e9, 1.4e12), 0, 70e9).num_tokens / 1e12, 6)
    1.4
    """
    left = loss - law.c - law.a * real("num_params", num_params, positive=True) ** -law.alpha
    if left <= 0:
        raise InputError(f"num_params must be so many that the loss can be reached; found {num_params:g}")
    tokens = (law.b / left) ** (1 / law.beta)
    return DenseLife(num_params, tokens, FLOPS_EACH * num_params * tokens, SERVED_EACH * num_params * served_tokens)


def cheapest_life(law: Law, loss: float, served_tokens: float) -> DenseLife:
    r"""The model of a `loss` [nats a token] for which training and `served_tokens` [tokens] together take least [1]_.

    .. math:: \min_N \; 6 N D + 2 N T \quad \text{with} \quad L(N, D) = L

    Served tokens are read or written, the cached ones not counted. Without any it is the compute-optimal model:

    >>> law = Law(1.69, 406.4, 0.34, 410.7, 0.28)
    >>> made = cheapest_life(law, law.least_loss(5.76e23), 0)
    >>> round(made.num_tokens / made.num_params, 1), round(made.flops / 5.76e23, 6)
    (92.6, 1.0)
    """
    real("served_tokens", served_tokens, most=1e24)
    best = law.least_flops(loss)
    if not math.isfinite(best):
        raise InputError(f"loss must be above {law.c:g}, which no model is below; found {loss!r}")
    smallest = (law.a / (loss - law.c)) ** (1 / law.alpha)
    low, high = math.log(smallest * (1 + 1e-9)), math.log(smallest) + 20

    def cost(log_params):
        return life_of(law, loss, served_tokens, math.exp(log_params)).flops

    # the cost falls, then rises with the size
    one, two = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_one, at_two = cost(one), cost(two)
    for _ in range(STEPS):
        if at_one < at_two:
            high, two, at_two = two, one, at_one
            one = high - GOLDEN * (high - low)
            at_one = cost(one)
        else:
            low, one, at_one = one, two, at_two
            two = low + GOLDEN * (high - low)
            at_two = cost(two)
    return life_of(law, loss, served_tokens, math.exp((low + high) / 2))
