r"""Scaling laws of loss in parameters and tokens: dense models [1]_, and mixtures of experts.

All have one form once what they say of experts is put in, so that optima follow in closed form:

.. math:: L(N, D) = c + A N^{-\alpha} + B D^{-\beta}

N parameters are trained on D tokens with C = 6 N D FLOPs. Constants are pure numbers.

.. [1] Hoffmann et al., Training Compute-Optimal Large Language Models, arXiv:2203.15556, approach 3.
.. [2] Ludziejewski et al., Joint MoE Scaling Laws, arXiv:2502.05172, Eq. 6.
.. [3] Krajewski et al., Scaling Laws for Fine-Grained Mixture of Experts, arXiv:2402.07871, Eq. 9.
"""

import math
from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError

#: FLOPs of training for a parameter and a token, as all these papers count them.
FLOPS_EACH = 6


class Law(NamedTuple):
    """A law with its constants; N is what its paper counts."""

    c: float  #: loss that no size and no data take away
    a: float
    alpha: float
    b: float
    beta: float

    def loss(self, num_params: float, num_tokens: float) -> float:
        """Loss of a model trained on so many tokens [nats a token].

        >>> round(Law(1.69, 406.4, 0.34, 410.7, 0.28).loss(70e9, 1.4e12), 3)
        1.937
        """
        real("num_params", num_params, positive=True)
        real("num_tokens", num_tokens, positive=True)
        return self.c + self.a * num_params**-self.alpha + self.b * num_tokens**-self.beta

    def best(self, flops: float) -> tuple:
        r"""(parameters, tokens) of the least loss for some FLOPs [1]_: both terms fall alike.

        .. math:: \alpha A N^{-\alpha} = \beta B D^{-\beta}

        >>> params, tokens = Law(1.69, 406.4, 0.34, 410.7, 0.28).best(5.76e23)
        >>> round(tokens / params, 1)
        92.6
        """
        pairs = real("flops", flops, positive=True) / FLOPS_EACH
        both = self.alpha + self.beta
        shape = (self.alpha * self.a / (self.beta * self.b)) ** (1 / both)
        num_params = shape * pairs ** (self.beta / both)
        return num_params, pairs / num_params

    def least_loss(self, flops: float) -> float:
        """Loss at :meth:`best` [nats a token]."""
        return self.loss(*self.best(flops))

    def least_flops(self, loss: float) -> float:
        """FLOPs of the cheapest model of a loss [FLOPs]; infinite where no model has it.

        >>> law = Law(1.69, 406.4, 0.34, 410.7, 0.28)
        >>> round(law.least_flops(law.least_loss(1e21)) / 1e21, 9), law.least_flops(1.5)
        (1.0, inf)
        """
        left = loss - self.c
        if left <= 0:
            return math.inf
        num_params = (self.a * (1 + self.alpha / self.beta) / left) ** (1 / self.alpha)
        num_tokens = (self.b * (1 + self.beta / self.alpha) / left) ** (1 / self.beta)
        return FLOPS_EACH * num_params * num_tokens

    def params_for(self, loss: float, num_tokens: float) -> float:
        """Parameters that reach a loss on so many tokens [parameters]; infinite where those tokens do not suffice."""
        left = loss - self.c - self.b * num_tokens**-self.beta
        return (self.a / left) ** (1 / self.alpha) if left > 0 else math.inf

    def of_share(self, total_over_counted: float) -> "Law":
        """The law in another count of parameters, of which what its paper counts is so many times as many."""
        return self._replace(a=self.a * total_over_counted**-self.alpha)


def joint(num_experts: float, a, alpha, delta, gamma, b, beta, omega, zeta, e_start, e_max, c) -> Law:
    r"""The joint law [2]_ for E = `num_experts` of full size, one of which is active; N counts activated parameters.

    .. math:: L = a \hat E^{\delta} N^{\alpha + \gamma \ln \hat E} + b \hat E^{\omega} D^{\beta + \zeta \ln \hat E} + c,
              \qquad \frac{1}{\hat E} = \frac{1}{E - 1 + (1/E_s - 1/E_m)^{-1}} + \frac{1}{E_m}

    E = 1 is a dense model. The other arguments are the constants of its Table 3, whose exponents are negative.
    """
    real("num_experts", num_experts, positive=True)
    if num_experts < 1:
        raise InputError(f"num_experts must be 1 or more; found {num_experts}")
    seen = 1 / (1 / (num_experts - 1 + 1 / (1 / e_start - 1 / e_max)) + 1 / e_max)
    log = math.log(seen)
    return Law(c, a * seen**delta, -(alpha + gamma * log), b * seen**omega, -(beta + zeta * log))


def fine_grained(granularity: float, a, alpha, b, beta, g, gamma, c) -> Law:
    r"""The law of fine-grained experts [3]_ at G = `granularity`; N counts all parameters but the embedding.

    .. math:: L = c + \left( \frac{g}{G^{\gamma}} + a \right) N^{-\alpha} + b D^{-\beta}

    G is the width of a dense feed-forward part over that of an expert. The constants of Table 1 hold for 64 copies of it.
    """
    real("granularity", granularity, positive=True)
    return Law(c, a + g / granularity**gamma, alpha, b, beta)


def total_over_activated(num_experts: float) -> float:
    """All parameters over the activated ones, without embedding, of E = `num_experts` of full size with one active [ratio].

    A layer has 4 d^2 of attention and 8 d^2 for each feed-forward part [3]_.

    >>> total_over_activated(1), total_over_activated(64)
    (1.0, 43.0)
    """
    return (2 * num_experts + 1) / 3
