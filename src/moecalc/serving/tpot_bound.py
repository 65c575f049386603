r"""The least time of an output token that dispatch and combine alone allow, and how many tokens an expert gets.

Examples use ``v3 = load_model("deepseek-v3")``.

.. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, section 2.3.2.
.. [2] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.4.2.
"""

import math
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.limits import MAX_BYTES_PER_ELEMENT, MAX_PARALLEL_SIZE
from ..hardware.all_to_all.gate import gate_of
from ..model.config import ModelConfig

#: Of the published bound [1]_: tokens of a device in one micro-batch, and the hidden size that it calls 7K.
TOKENS, ROUNDED_HIDDEN = 32, 7000
#: Micro-batches whose communication follows one another on the link, while the other computes.
MICRO_BATCHES = 2


class TpotBound(NamedTuple):
    """A bound on the time per output token (TPOT), with its steps."""

    token_bytes: float  #: dispatched and combined for one token of one layer
    pass_s: float  #: dispatch and combine of one micro-batch in one layer
    layer_s: float  #: of both micro-batches
    layers: int
    tpot_s: float

    @property
    def tokens_per_s(self) -> float:
        """Tokens that one user gets at most [tokens/s]."""
        return 1 / self.tpot_s if self.tpot_s else math.inf


class ExpertTokens(NamedTuple):
    """Tokens of one step that go to one copy of a routed expert."""

    mean: float
    fullest: float  #: of all copies, where each token chooses at random


def layers_with_experts(config: ModelConfig) -> int:
    """Layers that dispatch and combine tokens [layers].

    >>> layers_with_experts(v3), v3.num_hidden_layers
    (58, 61)
    """
    return sum(block.num_routed_experts > 1 for block in config.anatomy.layers)


def experts_of_token(config: ModelConfig) -> int:
    """Experts that a token is sent to, the shared ones among them, as V3 serves them [2]_ [experts].

    >>> experts_of_token(v3)
    9
    """
    return gate_of(config).num_chosen + (getattr(config, "n_shared_experts", None) or 0)


def tpot_bound(
    config: ModelConfig,
    bandwidth_bytes_per_s: float,
    tokens: int = TOKENS,
    dispatch_bytes: float = 1,
    combine_bytes: float = 2,
    layers: int | None = None,
    hidden_size: int | None = None,
) -> TpotBound:
    r"""TPOT if computing took no longer than communication, which two micro-batches hide.

    .. math:: t = 2 L \frac{n \, (k + s) \, h \, (b_d + b_c)}{W}

    Parameters
    ----------
    bandwidth_bytes_per_s : float
        W, of the link of a device in one direction, reached without latency [bytes/s]
    tokens : int, optional
        n, of one device in each of two micro-batches [tokens]
    dispatch_bytes, combine_bytes : float, optional
        b, of one number: FP8 and BF16 in V3 [bytes]
    layers : int, optional
        L; the model's layers with experts where nothing is said, while [1]_ counts all
    hidden_size : int, optional
        h; the model's own where nothing is said, while [1]_ counts 7K

    Notes
    -----
    A token goes to k experts that it chooses and s shared ones, each on another device. Scale factors are left out.

    Examples
    --------
    As printed in [1]_: 120.96 us, 14.76 ms, 67 tokens a second; and with the layers that have an all-to-all:

    >>> printed = tpot_bound(v3, 50e9, layers=61, hidden_size=7000)
    >>> round(printed.pass_s * 1e6, 2), round(printed.tpot_s * 1e3, 2), int(printed.tokens_per_s)
    (120.96, 14.76, 67)
    >>> round(tpot_bound(v3, 50e9, hidden_size=7000).tpot_s * 1e3, 2)
    14.03
    """
    real("bandwidth [bytes/s]", bandwidth_bytes_per_s, positive=True, most=1e18)
    whole("tokens", tokens, most=10**6)
    for name, one in (("dispatch_bytes", dispatch_bytes), ("combine_bytes", combine_bytes)):
        real(name, one, positive=True, most=MAX_BYTES_PER_ELEMENT)
    hidden = config.hidden_size if hidden_size is None else whole("hidden_size", hidden_size, most=10**6)
    counted = layers_with_experts(config) if layers is None else whole("layers", layers, most=10**4)
    of_token = experts_of_token(config) * hidden * (dispatch_bytes + combine_bytes)
    of_pass = tokens * of_token / bandwidth_bytes_per_s
    return TpotBound(of_token, of_pass, MICRO_BATCHES * of_pass, counted, MICRO_BATCHES * of_pass * counted)


def tokens_per_expert(config: ModelConfig, tokens: int, num_gpus: int, redundant: int = 0) -> ExpertTokens:
    r"""Tokens of a step at one copy of a routed expert.

    .. math:: \bar{n} = \frac{P \, n \, k}{N}, \qquad n_{\max} \approx \bar{n} + \sqrt{2 \bar{n} \ln N}

    P = `num_gpus` [GPUs] hold n = `tokens` [tokens] each, of which everyone chooses k of the N copies: routed experts and
    `redundant` ones. The fullest is estimated from the largest of N normal deviations.

    >>> [round(one) for one in tokens_per_expert(v3, 32, 320)]
    [320, 380]
    """
    gate = gate_of(config)
    whole("tokens", tokens, most=10**6)
    whole("num_gpus", num_gpus, most=MAX_PARALLEL_SIZE)
    copies = gate.num_experts + whole("redundant", redundant, least=0, most=10**5)
    mean = num_gpus * tokens * gate.num_chosen / copies
    return ExpertTokens(mean, mean + math.sqrt(2 * mean * math.log(copies)))


def most_tokens(config: ModelConfig, tokens_of_expert: float, num_gpus: int, redundant: int = 0) -> float:
    """Tokens that a GPU may have in a step so that an expert's copy gets `tokens_of_expert` [tokens] on average [tokens].

    `num_gpus` [GPUs] and `redundant` as in :func:`tokens_per_expert`. V3's 256 on 320 GPUs, by the routed experts alone:

    >>> most_tokens(v3, 256, 320)
    25.6
    """
    real("tokens_of_expert", tokens_of_expert, positive=True, most=1e9)
    return tokens_of_expert / tokens_per_expert(config, 1, num_gpus, redundant).mean
