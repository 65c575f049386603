"""Kinds of attention as decoding sees them: what each caches of a token, and the FLOPs of a pair of tokens.

Both functions return e, the numbers cached of a token; F, the FLOPs of a query token with a cached one; and
N, the parameters; all of one layer. h = `hidden_size`, a = `heads` of queries, d = `head_dim`.

.. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 1.
"""

from typing import NamedTuple

from ..base.checks import whole
from ..base.errors import InputError
from ..model.config import ModelConfig

#: No layer has a larger head, rank or number of heads.
MAX_SIZE = 10**6


class AttentionKind(NamedTuple):
    """One kind of attention, one layer of it, as decoding sees it."""

    name: str
    cache_elements: int  #: numbers kept of a token
    flops_per_pair: int  #: of one query token with one cached token, all heads
    num_params: int  #: of its projections

    def intensity(self, bytes_per_element: float = 2) -> float:
        """FLOPs for each byte of cache that one query token reads."""
        return self.flops_per_pair / (self.cache_elements * bytes_per_element)


def grouped_query(hidden_size: int, heads: int, head_dim: int, kv_heads: int, name: str = "GQA") -> AttentionKind:
    r"""Grouped-query attention: g = `kv_heads` keys and values; a of them are multi-head attention, 1 is multi-query.

    .. math:: e = 2 g d, \qquad F = 4 a d, \qquad N = 2 h a d + 2 h g d

    126 such layers in BF16 are Llama 3.1 405B's, published as 516.096 KB a token [1]_. `kv_heads` must divide `heads`.

    >>> grouped_query(16384, 128, 128, 8).cache_elements * 2 * 126
    516096
    """
    _sizes(hidden_size=hidden_size, heads=heads, head_dim=head_dim, kv_heads=kv_heads)
    if heads % kv_heads:
        raise InputError(f"kv_heads must divide the {heads} heads; found {kv_heads}")
    params = 2 * hidden_size * head_dim * (heads + kv_heads)
    return AttentionKind(name, 2 * kv_heads * head_dim, 4 * heads * head_dim, params)


def latent(
    hidden_size: int, heads: int, head_dim: int, kv_rank: int, rope_dim: int, q_rank: int | None = None
) -> AttentionKind:
    r"""Multi-head latent attention, absorbed: all heads share one latent vector and one rotary key.

    .. math:: e = c + r, \qquad F = 2 a (2 c + r), \qquad
              N = h q + q a (d + r) + h (c + r) + 2 c a d + a d h

    d is the width of a head's values, and of its keys without the rotary part; c = `kv_rank` that of the latent vector,
    r = `rope_dim`, which may be 0, that of the rotary key, q = `q_rank` that of the queries' own latent vector (None: one
    matrix h x a (d + r) instead). 61 such layers in BF16 are DeepSeek-V3's, published as 70.272 KB a token [1]_:

    >>> latent(7168, 128, 128, 512, 64, 1536).cache_elements * 2 * 61
    70272
    """
    _sizes(hidden_size=hidden_size, heads=heads, head_dim=head_dim, kv_rank=kv_rank)
    whole("rope_dim", rope_dim, least=0, most=MAX_SIZE)
    q_dim = heads * (head_dim + rope_dim)
    queries = hidden_size * q_dim if q_rank is None else whole("q_rank", q_rank, most=MAX_SIZE) * (hidden_size + q_dim)
    rest = hidden_size * (kv_rank + rope_dim) + heads * head_dim * (2 * kv_rank + hidden_size)
    return AttentionKind("MLA", kv_rank + rope_dim, 2 * heads * (2 * kv_rank + rope_dim), queries + rest)


def _sizes(**values) -> None:
    for name, value in values.items():
        whole(name, value, most=MAX_SIZE)


def four_kinds(config: ModelConfig, kv_heads: int = 8) -> dict:
    """MHA, GQA, MQA and MLA at the width of one model with latent attention, by name.

    >>> {name: kind.cache_elements for name, kind in four_kinds(load_model("deepseek-v3")).items()}
    {'MHA': 32768, 'GQA': 2048, 'MQA': 256, 'MLA': 576}
    """
    hidden, heads, dim = config.hidden_size, config.num_attention_heads, config.v_head_dim
    return {
        "MHA": grouped_query(hidden, heads, dim, heads, "MHA"),
        "GQA": grouped_query(hidden, heads, dim, kv_heads),
        "MQA": grouped_query(hidden, heads, dim, 1, "MQA"),
        "MLA": latent(hidden, heads, dim, config.kv_lora_rank, config.qk_rope_head_dim, config.q_lora_rank),
    }
