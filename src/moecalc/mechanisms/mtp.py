"""Multi-token prediction as DeepSeek-V3 trains it: its loss, term by term, and what the module costs."""

import math
from collections.abc import Sequence

from ..base.checks import real, whole
from ..base.errors import InputError
from ..base.limits import MAX_SEQ_LEN
from ..model.config import ModelConfig
from ..model.flops import training_flops_per_token


def depth_terms(probabilities: Sequence[float], depth: int) -> list:
    r"""The terms of the cross entropy at one prediction depth.

    .. math:: \ell_i = -\log P_i^k[t_i], \qquad i = 2 + k, \dots, T + 1

    Parameters
    ----------
    probabilities : sequence of float, shape [T - k]
        P_i^k[t_i], given to the token that comes, position by position [-]
    depth : int
        k: 0 for the model's own next-token head, from 1 on for the modules [-]

    Returns
    -------
    list of dict
        ``position`` (i, from 2 + k), ``probability`` and ``term``, the natural logarithm's [nats]

    Raises
    ------
    InputError
        If there is no probability, or one is not above 0 and at most 1.

    Examples
    --------
    >>> [(one["position"], round(one["term"], 3)) for one in depth_terms([0.5, 0.25], 1)]
    [(3, 0.693), (4, 1.386)]
    """
    whole("depth", depth, least=0, most=MAX_SEQ_LEN)
    if not probabilities:
        raise InputError("probabilities must hold at least one number; found none")
    # 0 - log(1) is 0, where -log(1) would be -0.0
    return [
        {"position": i, "probability": p, "term": 0 - math.log(real("probability", p, positive=True, most=1))}
        for i, p in enumerate(probabilities, start=2 + depth)
    ]


def depth_loss(probabilities: Sequence[float], depth: int, per_term: bool = False) -> float:
    r"""Cross entropy at one prediction depth: equation 24 of the report.

    .. math:: \mathcal{L}^k = -\frac{1}{T} \sum_{i=2+k}^{T+1} \log P_i^k[t_i]

    Parameters
    ----------
    probabilities : sequence of float, shape [T - k]
        P_i^k[t_i], given to the token that comes [-]
    depth : int
        k; with 0 it is the loss of the next token [-]
    per_term : bool, optional
        Divide by the number of terms, T - k, instead of T: the mean that "cross entropy" usually is [-]

    Returns
    -------
    float
        L^k [nats a token]

    Raises
    ------
    InputError
        If there is no probability, or one is not above 0 and at most 1.

    Notes
    -----
    As printed [1]_, T - k terms are divided by T. At a length of 4,096 and a depth of 1 that is less than the mean
    by one part in 4,096.

    Examples
    --------
    >>> round(depth_loss([0.5, 0.5, 0.5], 1), 4), round(depth_loss([0.5, 0.5, 0.5], 1, per_term=True), 4)
    (0.5199, 0.6931)

    References
    ----------
    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 2.2, equation 24.
    """
    terms = [one["term"] for one in depth_terms(probabilities, depth)]
    return math.fsum(terms) / _divisor(len(terms), depth, per_term)


def _divisor(num_terms: int, depth: int, per_term: bool) -> int:
    """T, of which a depth has k terms less, or the number of its terms."""
    return num_terms if per_term else num_terms + depth


def mtp_loss(depth_losses: Sequence[float], weight: float) -> float:
    r"""What multi-token prediction adds to the training loss: equation 25 of the report.

    .. math:: \mathcal{L}_{\text{MTP}} = \frac{\lambda}{D} \sum_{k=1}^{D} \mathcal{L}^k

    Parameters
    ----------
    depth_losses : sequence of float, shape [D]
        L^k of each depth from 1 on [nats a token]
    weight : float
        lambda: V3 took 0.3 for its first 10 T tokens and 0.1 for the rest [1]_ [-]

    Returns
    -------
    float
        L_MTP, added to the loss of the next token [nats a token]

    Raises
    ------
    InputError
        If there is no loss, or a number is negative or not finite.

    Examples
    --------
    >>> mtp_loss([2.0, 4.0], 0.5)
    1.5

    References
    ----------
    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, sections 2.2 (equation 25) and 4.2.
    """
    if not depth_losses:
        raise InputError("depth_losses must hold at least one number; found none")
    real("weight", weight)
    return weight * math.fsum(real("depth_losses", one) for one in depth_losses) / len(depth_losses)


def mtp_terms(probabilities: Sequence[Sequence[float]], weight: float, per_term: bool = False) -> list:
    r"""Every term of what multi-token prediction adds to the loss, with its share in it: equation 24 put into 25.

    .. math:: \mathcal{L}_{\text{MTP}} = \sum_{k=1}^{D} \sum_{i=2+k}^{T+1} \frac{\lambda}{D \, T} \, \ell_i^k, \qquad
        \ell_i^k = -\log P_i^k[t_i]

    Parameters
    ----------
    probabilities : sequence of sequences of float, shape [D][T - k]
        P_i^k[t_i] of each depth from 1 on [-]
    weight : float
        lambda [-]
    per_term : bool, optional
        Divide by T - k instead of T, as in :func:`depth_loss` [-]

    Returns
    -------
    list of dict
        What :func:`depth_terms` gives, with ``depth`` and ``share`` [nats a token]; the shares sum to :func:`mtp_loss` [1]_

    Raises
    ------
    InputError
        If a number is out of range, or a depth has not one probability less than the depth before.

    Examples
    --------
    Three tokens and two depths, lambda 0.3: a share is 0.3 / (2 x 3) of its term.

    >>> [(one["depth"], one["position"], round(one["share"], 4)) for one in mtp_terms([[0.5, 0.25], [0.1]], 0.3)]
    [(1, 3, 0.0347), (1, 4, 0.0693), (2, 4, 0.1151)]

    References
    ----------
    .. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 2.2, equations 24 and 25.
    """
    if not probabilities:
        raise InputError("probabilities must hold those of at least one depth; found none")
    lengths = [len(one) for one in probabilities]
    if lengths != [lengths[0] - k for k in range(len(lengths))]:
        raise InputError(f"a depth has one probability less than the depth before; found {', '.join(map(str, lengths))}")
    share = real("weight", weight) / len(lengths)
    return [
        {"depth": depth, **one, "share": share * one["term"] / _divisor(len(given), depth, per_term)}
        for depth, given in enumerate(probabilities, start=1)
        for one in depth_terms(given, depth)
    ]


def mtp_training_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True) -> int | None:
    """Training FLOPs that the MTP modules add to a token.

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    seq_len : int
        Length of the sequence [tokens]
    causal : bool, optional
        Halve the score products [-]

    Returns
    -------
    int
        0 where the model has no modules, None where their form is not known; each module's pass through the shared
        head is in it [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Examples
    --------
    >>> from moecalc import load_model
    >>> mtp_training_flops_per_token(load_model("deepseek-v3"), 4096)
    10191765504
    """
    with_mtp, without = (training_flops_per_token(config, seq_len, causal, mtp=mtp) for mtp in (True, False))
    return None if with_mtp is None else with_mtp - without
