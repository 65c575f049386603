"""The forms of multi-head latent attention while it decodes, and what a roofline allows them.

L = ``num_hidden_layers``, a = ``num_attention_heads``, c = ``kv_lora_rank``, n = ``qk_nope_head_dim``,
r = ``qk_rope_head_dim`` and v = ``v_head_dim`` of the config; a model without latent attention raises
:class:`~moecalc.base.errors.InputError`. Of each of `batch` sequences s = `cached_tokens` [tokens] are in the cache, and
q = `query_tokens` [tokens] are new. A cached number is `bytes_per_element` [bytes] wide. Examples use
``v3 = load_model("deepseek-v3")``.
"""

import math
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from ..base.errors import InputError
from ..base.limits import MAX_BYTES_PER_ELEMENT, MAX_SEQ_LEN
from ..hardware.accelerator import Accelerator
from ..hardware.roofline import Operator
from ..model.config import ModelConfig

#: Width of weights and of what passes between products: BF16.
WIDE = 2

#: Ways to run multi-head latent attention -> in words.
FORMS = {
    "absorbed": "absorbed",
    "plain": "plain, expanded at each step",
    "expanded": "plain, expanded cache",
}


def num_pairs(cached_tokens: int, query_tokens: int) -> int:
    r"""Pairs of a query token and a token that it sees, under the causal mask [pairs].

    .. math:: P = \sum_{i=1}^{q} (s + i) = q s + \frac{q (q + 1)}{2}

    q is 1 when decoding, and the whole prompt when it is read from nothing.

    >>> num_pairs(4096, 1), num_pairs(0, 3)
    (4097, 6)
    """
    cached = whole("cached_tokens", cached_tokens, least=0, most=MAX_SEQ_LEN)
    queries = whole("query_tokens", query_tokens, most=MAX_SEQ_LEN)
    return queries * cached + queries * (queries + 1) // 2


def expanded_cache_elements(config: ModelConfig) -> int:
    r"""Numbers that all L layers cache of a token where keys and values are kept as they are [numbers per token].

    .. math:: e = L \left[ a \, (n + v) + r \right]

    The rotary key is kept once for all heads. Code that keeps it in each head has a (n + r + v).

    >>> expanded_cache_elements(v3)
    2002752
    """
    _needs_latent(config)
    heads, both = config.num_attention_heads, config.qk_nope_head_dim + config.v_head_dim
    return config.num_hidden_layers * (heads * both + config.qk_rope_head_dim)


def mla_operators(
    config: ModelConfig,
    form: str,
    cached_tokens: int,
    query_tokens: int = 1,
    batch: int = 1,
    bytes_per_element: float = 2,
    tp: int = 1,
) -> list:
    r"""Products of multi-head latent attention between its projections down and out, in one layer.

    .. math::
        F_{\text{absorbed}} &= 2 a \left[ q\,c\,(n + v) + P\,(2 c + r) \right] \\
        F_{\text{plain}} &= 2 a \left[ (s + q)\,c\,(n + v) + P\,(n + r + v) \right] \\
        F_{\text{expanded}} &= 2 a \left[ q\,c\,(n + v) + P\,(n + r + v) \right]

    Parameters
    ----------
    form : str
        "absorbed": queries are taken to the latent space and values come back from it; "plain": keys and
        values of every token are made from the cached latent vectors each time; "expanded": keys and
        values are cached as they are, and made for new tokens only
    batch : int, optional
        Sequences; FLOPs are multiplied by it, weights are read once
    bytes_per_element : float, optional
        Of a cached number; weights and what passes between products are BF16 [bytes]
    tp : int, optional
        GPUs that share the heads, and divide them; the latent cache cannot be shared so, each reads all of it

    Returns
    -------
    list of Operator
        In the order in which they run, on one of the `tp` GPUs [FLOPs, bytes]

    Notes
    -----
    Every product reads its inputs and writes its result once; scores stay on the chip, as in a fused
    kernel. Left out: what the forms have in common before and after (projections of queries, latent
    vector and output), softmax, norms, and reading keys again for each block of queries.

    Examples
    --------
    A layer decodes one token after 4,096:

    >>> {form: sum(one.flops for one in mla_operators(v3, form, 4096)) for form in FORMS}
    {'absorbed': 1174683648, 'plain': 137808134144, 'expanded': 369180672}
    """
    one_of("form", form, FORMS)
    _needs_latent(config)
    b = real("bytes_per_element", bytes_per_element, positive=True, most=MAX_BYTES_PER_ELEMENT)
    heads, c, r = config.num_attention_heads, config.kv_lora_rank, config.qk_rope_head_dim
    n, v = config.qk_nope_head_dim, config.v_head_dim
    if heads % whole("tp", tp):
        raise InputError(f"tp must divide the {heads} attention heads; found {tp}")
    a = heads // tp
    pairs = whole("batch", batch, most=MAX_SEQ_LEN) * num_pairs(cached_tokens, query_tokens)
    new, every = batch * query_tokens, batch * (cached_tokens + query_tokens)
    if form == "absorbed":
        return [
            Operator("queries to the latent space", 2 * a * new * n * c, WIDE * a * (new * (n + c) + n * c)),
            Operator(
                "attention over latent vectors",
                2 * a * pairs * (2 * c + r),
                WIDE * a * new * (2 * c + r) + b * every * (c + r),
            ),
            Operator("values from the latent space", 2 * a * new * c * v, WIDE * a * (new * (c + v) + c * v)),
        ]
    made = every if form == "plain" else new
    stored = WIDE if form == "plain" else b
    latents = b if form == "plain" else WIDE
    return [
        Operator(
            "keys and values from the latent vectors",
            2 * a * made * c * (n + v),
            latents * made * c + WIDE * a * c * (n + v) + stored * a * made * (n + v),
        ),
        Operator(
            "attention over keys and values",
            2 * a * pairs * (n + r + v),
            WIDE * a * new * (n + r + v) + stored * a * every * (n + v) + b * every * r,
        ),
    ]


def mla_roofline(
    config: ModelConfig,
    form: str,
    peak_flops_per_s: float,
    bandwidth_bytes_per_s: float,
    cached_tokens: int,
    query_tokens: int = 1,
    batch: int = 1,
    bytes_per_element: float = 2,
    tp: int = 1,
) -> dict:
    r"""FLOPs, bytes and time of one form of multi-head latent attention, over all L layers: a lower bound.

    .. math:: t = L \sum_{\text{products}} \max \left( \frac{F}{\text{peak}}, \frac{B}{\text{bandwidth}} \right)

    `peak_flops_per_s` [FLOP/s] is for the dtype in which products run, `bandwidth_bytes_per_s` [bytes/s] that of memory.
    No kernel reaches either, and products follow one another.

    Returns
    -------
    dict
        ``flops`` [FLOPs], ``bytes`` [bytes], ``intensity`` [FLOPs per byte] and ``time_s`` [s] of one GPU

    Examples
    --------
    >>> found = mla_roofline(v3, "absorbed", 989e12, 3.35e12, 4096, batch=64)
    >>> round(found["intensity"]), round(found["time_s"] * 1e3, 2)
    (201, 6.82)
    """
    real("peak_flops_per_s", peak_flops_per_s, positive=True)
    real("bandwidth_bytes_per_s", bandwidth_bytes_per_s, positive=True)
    operators = mla_operators(config, form, cached_tokens, query_tokens, batch, bytes_per_element, tp)
    layers = config.num_hidden_layers
    flops, moved = sum(one.flops for one in operators), sum(one.num_bytes for one in operators)
    times = [one.time_s(peak_flops_per_s, bandwidth_bytes_per_s) for one in operators]
    return {
        "flops": layers * flops,
        "bytes": layers * moved,
        "intensity": flops / moved,
        "time_s": layers * math.fsum(times),
    }


def absorption_break_even(config: ModelConfig) -> float:
    r"""Query tokens up to which absorbing takes fewer FLOPs than expanding a long cache [tokens].

    .. math:: q^* = \frac{c\,(n + v)}{2 c - n - v}

    Infinite where the latent vector is so small that absorbing always takes fewer. Where P is close to q s, both forms'
    FLOPs grow with s: plain by c (n + v) + q (n + r + v), absorbed by q (2 c + r). With a short cache the exact counts of
    :func:`mla_operators` decide; with none, plain wins.

    >>> round(absorption_break_even(v3), 2)
    170.67
    """
    _needs_latent(config)
    c, both = config.kv_lora_rank, config.qk_nope_head_dim + config.v_head_dim
    return c * both / (2 * c - both) if 2 * c > both else math.inf


def _needs_latent(config) -> None:
    if "kv_lora_rank" not in config.keys:
        raise InputError(f"latent attention needs a model with kv_lora_rank, such as deepseek-v3; found {config.name}")


class StepByForm(NamedTuple):
    """One step of all layers in the two forms that a server can choose between."""

    flops: dict  #: form -> FLOPs of the step
    time_s: dict  #: form -> least time by the roofline

    @property
    def faster(self) -> str:
        """The form that takes less time."""
        return min(self.time_s, key=self.time_s.get)


def step_by_form(
    config: ModelConfig, accelerator: Accelerator, cached_tokens: int, query_tokens: int = 1, batch: int = 1
) -> StepByForm:
    """FLOPs [FLOPs] and least time [s] of a step of all layers that keeps latent vectors, absorbed and plain.

    `cached_tokens`, `query_tokens` [tokens] and `batch` as in :func:`mla_roofline`. Absorbing is faster for one new
    token, the plain form for a prompt that is read from nothing:

    >>> h800 = load_accelerator("h800-sxm")
    >>> step_by_form(v3, h800, 4096, 1, 64).faster, step_by_form(v3, h800, 0, 4096).faster
    ('absorbed', 'plain')
    """
    roofs = tuple(map(accelerator.needed, ("peak_dense_bf16_flops_per_s", "memory_bandwidth_bytes_per_s")))
    found = {
        form: mla_roofline(config, form, *roofs, cached_tokens, query_tokens, batch) for form in ("absorbed", "plain")
    }
    return StepByForm(*({form: one[key] for form, one in found.items()} for key in ("flops", "time_s")))
