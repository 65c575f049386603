"""Laws of the router's scores, each as a race: an expert's clock rings after an exponential time; early means a high score.

With T exponential of rate w, exp(-T) is uniform for w = 1, a falling function of T is normal, and -ln T is the logit
ln w + Gumbel noise of a softmax whose experts are w times as popular. So one simulation serves all laws.
"""

import math
from random import Random
from typing import NamedTuple

from ...base.checks import one_of, real, whole

KINDS = ("uniform", "normal", "zipf")
ARRANGEMENTS = ("spread", "clustered")
#: Coefficients of Acklam's rational approximation of the normal quantile, relative error below 1.2e-9.
_MIDDLE = (
    (-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716, 2.506628277459239),
    (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0),
)
_TAIL = (
    (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968)
    + (2.938163982698783,),
    (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0),
)
_TAIL_BELOW = 0.02425


class Scores(NamedTuple):
    """How scores are drawn: all experts alike (``uniform`` score or ``normal`` logit), or some liked more (``zipf``)."""

    kind: str = "uniform"
    sigma: float = 1.0  #: standard deviation of a normal logit
    exponent: float = 1.0  #: s of the popularity (rank + 1)^-s
    arrangement: str = "spread"  #: popular experts anywhere, or ``clustered`` in the order of their popularity
    seed: int = 11  #: of where popular experts lie

    @property
    def alike(self) -> bool:
        """Whether every expert is as likely as any other."""
        return self.kind != "zipf" or self.exponent == 0


def check_scores(scores: Scores) -> Scores:
    """The law, if it is one of :data:`KINDS` with numbers in range."""
    one_of("scores", scores.kind, KINDS)
    real("sigma", scores.sigma, 0, 100, positive=True)
    real("exponent", scores.exponent, 0, 4)
    one_of("arrangement", scores.arrangement, ARRANGEMENTS)
    whole("seed", scores.seed, 0)
    return scores


def popularity(scores: Scores, num_experts: int) -> list:
    """w of each expert: 1, or (rank + 1)^-s with rank 0 the most popular.

    >>> popularity(Scores("zipf", exponent=1, arrangement="clustered"), 4)
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """
    whole("num_experts", num_experts)
    if scores.alike:
        return [1.0] * num_experts
    order = list(range(num_experts))
    if scores.arrangement == "spread":
        draw = Random(scores.seed).random
        keys = [draw() for _ in order]
        order.sort(key=keys.__getitem__)
    weights = [0.0] * num_experts
    for rank, expert in enumerate(order):
        weights[expert] = (rank + 1) ** -float(scores.exponent)
    return weights


def score_of_time(scores: Scores):
    """The function from the time at which an expert's clock rings to its score, falling from 1 to 0.

    >>> score_of_time(Scores("zipf"))(1.0), round(score_of_time(Scores("normal"))(0.6931471805599453), 9)
    (0.5, 0.5)
    """
    if scores.kind == "zipf":
        return lambda time: 1.0 / (1.0 + time)
    if scores.kind == "uniform":
        return lambda time: math.exp(-time)
    sigma = scores.sigma
    return lambda time: _sigmoid(sigma * _upper_quantile(-math.expm1(-time)))


def _sigmoid(logit: float) -> float:
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    return math.exp(max(logit, -700.0)) / (1.0 + math.exp(max(logit, -700.0)))


def _upper_quantile(share: float) -> float:
    """x that a standard normal number exceeds with probability `share`."""
    share = min(max(share, 1e-300), 1 - 1e-16)
    if share > 0.5:
        return -_upper_quantile(1.0 - share)
    if share < _TAIL_BELOW:
        root = math.sqrt(-2 * math.log(share))
        return -_polynomial(_TAIL[0], root) / _polynomial(_TAIL[1], root)
    centred = 0.5 - share
    square = centred * centred
    return centred * _polynomial(_MIDDLE[0], square) / _polynomial(_MIDDLE[1], square)


def _polynomial(coefficients, x: float) -> float:
    value = 0.0
    for one in coefficients:
        value = value * x + one
    return value
