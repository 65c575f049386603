"""Speculative decoding: tokens a step and speed-up, from acceptance and depth."""

import math

from ..base.checks import real, whole
from ..base.limits import MAX_DEPTH


def tokens_distribution(acceptance: float, depth: int) -> list:
    r"""How likely a step yields each number of tokens.

    .. math:: P(n) = \alpha^{n-1} (1 - \alpha) \ \text{for} \ n \le k, \qquad P(k + 1) = \alpha^k

    Parameters
    ----------
    acceptance : float
        alpha: how often a drafted token is accepted, given that those before it were [-]
    depth : int
        k, tokens drafted a step [tokens]

    Returns
    -------
    list of float, shape [k + 1]
        P(1) to P(k + 1); they sum to 1 [-]

    Raises
    ------
    InputError
        If `acceptance` is not from 0 to 1, or `depth` is no whole number from 0 to 100.

    Examples
    --------
    >>> tokens_distribution(0.5, 2)
    [0.5, 0.25, 0.25]
    """
    real("acceptance", acceptance, most=1)
    whole("depth", depth, least=0, most=MAX_DEPTH)
    return [acceptance**n * (1 - acceptance) for n in range(depth)] + [acceptance**depth]


def tokens_per_step(acceptance: float, depth: int = 1) -> float:
    r"""Tokens that a decoding step yields on average.

    .. math:: E = \sum_{j=0}^{k} \alpha^j = \frac{1 - \alpha^{k+1}}{1 - \alpha}

    Parameters
    ----------
    acceptance : float
        alpha: how often a drafted token is accepted, given that those before it were [-]
    depth : int, optional
        k, tokens drafted a step; V3's module drafts one [tokens]

    Returns
    -------
    float
        E: from 1, where every draft is rejected, to k + 1 [1]_ [tokens]

    Raises
    ------
    InputError
        If `acceptance` is not from 0 to 1, or `depth` is no whole number from 0 to 100.

    Notes
    -----
    Takes every drafted token of a step to be accepted with the same probability. V3's 85 to 90 % are of the first.

    Examples
    --------
    >>> tokens_per_step(0.85), tokens_per_step(0.9)
    (1.85, 1.9)

    References
    ----------
    .. [1] Leviathan, Kalman, Matias, Fast Inference from Transformers via Speculative Decoding, arXiv:2211.17192,
       equation 1.
    """
    real("acceptance", acceptance, most=1)
    whole("depth", depth, least=0, most=MAX_DEPTH)
    return math.fsum(acceptance**j for j in range(depth + 1))


def speed_up(acceptance: float, depth: int = 1, draft_cost: float = 0, verify_cost: float = 1) -> float:
    r"""How much faster tokens come than one a step.

    .. math:: S = \frac{E}{v + k c}

    Parameters
    ----------
    acceptance : float
        alpha, from which E, the tokens a step, follows [-]
    depth : int, optional
        k, tokens drafted a step [tokens]
    draft_cost : float, optional
        c, time of drafting one token over that of a plain step [-]
    verify_cost : float, optional
        v, time of a step that checks k drafts over that of a plain step: 1 where reading the weights decides, up to
        k + 1 where arithmetic does [-]

    Returns
    -------
    float
        S; below 1 drafting slows decoding down [1]_ [-]

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    V3's 85 to 90 %, published with 1.8 times the tokens a second [2]_; its module has 4.07 % of a token's FLOPs:

    >>> [round(speed_up(acceptance, draft_cost=0.0407), 2) for acceptance in (0.85, 0.9)]
    [1.78, 1.83]

    References
    ----------
    .. [1] Leviathan, Kalman, Matias, Fast Inference from Transformers via Speculative Decoding, arXiv:2211.17192,
       theorem 3.8, which has v = 1.
    .. [2] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 5.4.3.
    """
    real("draft_cost", draft_cost)
    real("verify_cost", verify_cost, positive=True)
    return tokens_per_step(acceptance, depth) / (verify_cost + depth * draft_cost)
