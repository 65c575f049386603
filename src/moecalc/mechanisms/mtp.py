"""Multi-token prediction as DeepSeek-V3 trains it: its loss, term by term, and what the module costs.

`depth` k is 0 for the model's own next-token head, from 1 on for the modules. `probabilities` are P_i^k[t_i], shape
[T - k]: those given to the token that comes. Examples use ``v3 = load_model("deepseek-v3")``.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, sections 2.2 and 4.2.
"""

import math
from collections.abc import Sequence

from ..base.checks import real, whole
from ..base.errors import InputError
from ..base.limits import MAX_SEQ_LEN
from ..model.config import ModelConfig
from ..model.flops import training_flops_per_token


def depth_terms(probabilities: Sequence[float], depth: int) -> list:
    r"""The terms of the cross entropy at one depth: dicts of ``position`` i, ``probability`` and ``term`` [nats].

    .. math:: \ell_i = -\log P_i^k[t_i], \qquad i = 2 + k, \dots, T + 1

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
    r"""Cross entropy at one prediction depth [nats per token]: equation 24 of [1]_.

    .. math:: \mathcal{L}^k = -\frac{1}{T} \sum_{i=2+k}^{T+1} \log P_i^k[t_i]

    As printed, T - k terms are divided by T. `per_term` divides by T - k, the mean that "cross entropy" usually is: at a
    length of 4,096 and a depth of 1 it is more by one part in 4,096.

    >>> round(depth_loss([0.5, 0.5, 0.5], 1), 4), round(depth_loss([0.5, 0.5, 0.5], 1, per_term=True), 4)
    (0.5199, 0.6931)
    """
    terms = [one["term"] for one in depth_terms(probabilities, depth)]
    return math.fsum(terms) / _divisor(len(terms), depth, per_term)


def _divisor(num_terms: int, depth: int, per_term: bool) -> int:
    """T, of which a depth has k terms less, or the number of its terms."""
    return num_terms if per_term else num_terms + depth


def mtp_loss(depth_losses: Sequence[float], weight: float) -> float:
    r"""What multi-token prediction adds to the loss of the next token [nats per token]: equation 25 of [1]_.

    .. math:: \mathcal{L}_{\text{MTP}} = \frac{\lambda}{D} \sum_{k=1}^{D} \mathcal{L}^k

    lambda = `weight`: V3 took 0.3 for its first 10 T tokens and 0.1 for the rest.

    >>> mtp_loss([2.0, 4.0], 0.5)
    1.5
    """
    if not depth_losses:
        raise InputError("depth_losses must hold at least one number; found none")
    real("weight", weight)
    return weight * math.fsum(real("depth_losses", one) for one in depth_losses) / len(depth_losses)


def mtp_terms(probabilities: Sequence[Sequence[float]], weight: float, per_term: bool = False) -> list:
    r"""Every term of what multi-token prediction adds to the loss, with its share in it: equation 24 put into 25.

    .. math:: \mathcal{L}_{\text{MTP}} = \sum_{k=1}^{D} \sum_{i=2+k}^{T+1} \frac{\lambda}{D \, T} \, \ell_i^k

    The terms of :func:`depth_terms`, each with ``depth`` and ``share`` [nats per token]; the shares sum to :func:`mtp_loss`.
    Three tokens and two depths, lambda 0.3: a share is 0.3 / (2 x 3) of its term.

    >>> [(one["depth"], one["position"], round(one["share"], 4)) for one in mtp_terms([[0.5, 0.25], [0.1]], 0.3)]
    [(1, 3, 0.0347), (1, 4, 0.0693), (2, 4, 0.1151)]
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
    """Training FLOPs that the MTP modules add to a token of a sequence of `seq_len` [tokens] [FLOPs per token].

    Each module's pass through the shared head is in it. None where the modules' form is not known.

    >>> mtp_training_flops_per_token(v3, 4096)
    10191765504
    """
    with_mtp, without = (training_flops_per_token(config, seq_len, causal, mtp=mtp) for mtp in (True, False))
    return None if with_mtp is None else with_mtp - without
