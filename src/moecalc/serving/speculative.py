"""Speculative decoding: tokens a step and speed-up, from acceptance alpha (of a draft, if those before it were) and depth k.

.. [1] Leviathan, Kalman, Matias, Fast Inference from Transformers via Speculative Decoding, arXiv:2211.17192.
.. [2] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 5.4.3.
"""

import math

from ..base.checks import real, whole
from ..base.limits import MAX_DEPTH


def tokens_distribution(acceptance: float, depth: int) -> list:
    """How likely a step yields each number of tokens, from 1 to k + 1: alpha^(n-1) (1 - alpha) for n <= k, then alpha^k.

    >>> tokens_distribution(0.5, 2)
    [0.5, 0.25, 0.25]
    """
    real("acceptance", acceptance, most=1)
    whole("depth", depth, least=0, most=MAX_DEPTH)
    return [acceptance**n * (1 - acceptance) for n in range(depth)] + [acceptance**depth]


def tokens_per_step(acceptance: float, depth: int = 1) -> float:
    r"""Tokens that a decoding step yields on average [tokens]: equation 1 of [1]_, for drafts that are accepted all alike.

    .. math:: E = \sum_{j=0}^{k} \alpha^j = \frac{1 - \alpha^{k+1}}{1 - \alpha}

    >>> tokens_per_step(0.85), tokens_per_step(0.9)
    (1.85, 1.9)
    """
    real("acceptance", acceptance, most=1)
    whole("depth", depth, least=0, most=MAX_DEPTH)
    return math.fsum(acceptance**j for j in range(depth + 1))


def speed_up(acceptance: float, depth: int = 1, draft_cost: float = 0, verify_cost: float = 1) -> float:
    """Factor by which tokens come faster than one a step: S = E / (v + k c), theorem 3.8 of [1]_ with v = 1.

    c = `draft_cost` and v = `verify_cost` are the times of drafting a token and of checking k drafts over a plain step; v is
    1 where reading the weights decides, up to k + 1 where arithmetic does. V3's 85 to 90 %, published with 1.8 times the
    tokens a second [2]_; its module has 4.07 % of a token's FLOPs:

    >>> [round(speed_up(acceptance, draft_cost=0.0407), 2) for acceptance in (0.85, 0.9)]
    [1.78, 1.83]
    """
    real("draft_cost", draft_cost)
    real("verify_cost", verify_cost, positive=True)
    return tokens_per_step(acceptance, depth) / (verify_cost + depth * draft_cost)
