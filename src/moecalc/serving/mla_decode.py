"""The forms of multi-head latent attention while it decodes, and what a roofline allows them."""

import math

from ..base.checks import one_of, real, whole
from ..base.errors import InputError
from ..base.limits import MAX_BYTES_PER_ELEMENT, MAX_SEQ_LEN
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
    r"""Pairs of a query token and a token that it sees, under the causal mask.

    .. math:: P = \sum_{i=1}^{q} (s + i) = q s + \frac{q (q + 1)}{2}

    Parameters
    ----------
    cached_tokens : int
        s, tokens of the sequence that are in the cache already [tokens]
    query_tokens : int
        q, new tokens: 1 when decoding, the whole prompt when it is read from nothing [tokens]

    Returns
    -------
    int
        P [pairs]

    Raises
    ------
    InputError
        If a number is negative or not whole, or there is no query token.

    Examples
    --------
    >>> num_pairs(4096, 1), num_pairs(0, 3)
    (4097, 6)
    """
    cached = whole("cached_tokens", cached_tokens, least=0, most=MAX_SEQ_LEN)
    queries = whole("query_tokens", query_tokens, most=MAX_SEQ_LEN)
    return queries * cached + queries * (queries + 1) // 2


def expanded_cache_elements(config: ModelConfig) -> int:
    r"""Numbers of a token that multi-head latent attention caches where keys and values are kept as they are.

    .. math:: e = L \left[ a \, (n + v) + r \right]

    Parameters
    ----------
    config : ModelConfig
        Reads L = ``num_hidden_layers``, a = ``num_attention_heads``, n = ``qk_nope_head_dim``,
        v = ``v_head_dim`` and r = ``qk_rope_head_dim`` [-]

    Returns
    -------
    int
        e, over all layers [numbers per token]

    Raises
    ------
    InputError
        If the model has no latent attention.

    Notes
    -----
    The rotary key is kept once for all heads. Code that keeps it in each head has a (n + r + v).

    Examples
    --------
    >>> from moecalc import load_model
    >>> expanded_cache_elements(load_model("deepseek-v3"))
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
    config : ModelConfig
        Reads a = ``num_attention_heads``, c = ``kv_lora_rank``, n = ``qk_nope_head_dim``,
        r = ``qk_rope_head_dim`` and v = ``v_head_dim`` [-]
    form : str
        "absorbed": queries are taken to the latent space and values come back from it; "plain": keys and
        values of every token are made from the cached latent vectors each time; "expanded": keys and
        values are cached as they are, and made for new tokens only [-]
    cached_tokens : int
        s, tokens of each sequence in the cache [tokens]
    query_tokens : int, optional
        q, new tokens of each sequence; P as :func:`num_pairs` counts them [tokens]
    batch : int, optional
        Sequences; FLOPs are multiplied by it, weights are read once [-]
    bytes_per_element : float, optional
        Width of a cached number; weights and what passes between products are BF16 [bytes]
    tp : int, optional
        GPUs that share the heads; the latent cache cannot be shared so, each reads all of it [-]

    Returns
    -------
    list of Operator
        In the order in which they run, on one of the `tp` GPUs [FLOPs, bytes]

    Raises
    ------
    InputError
        If the model has no latent attention, the form is unknown, `tp` does not divide the heads, or a number
        is negative, not whole or too large.

    Notes
    -----
    Every product reads its inputs and writes its result once; scores stay on the chip, as in a fused
    kernel. Left out: what the forms have in common before and after (projections of queries, latent
    vector and output), softmax, norms, and reading keys again for each block of queries.

    Examples
    --------
    A layer decodes one token after 4,096:

    >>> from moecalc import load_model
    >>> v3 = load_model("deepseek-v3")
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
    r"""FLOPs, bytes and time of one form of multi-head latent attention, over all layers.

    .. math:: t = L \sum_{\text{products}} \max \left( \frac{F}{\text{peak}}, \frac{B}{\text{bandwidth}} \right)

    Parameters
    ----------
    config : ModelConfig
        The model; L = ``num_hidden_layers`` [-]
    form : str
        One of :data:`FORMS` [-]
    peak_flops_per_s : float
        Of the GPU, for the dtype in which products run [FLOP/s]
    bandwidth_bytes_per_s : float
        Of its memory [bytes/s]
    cached_tokens : int
        Tokens of each sequence in the cache [tokens]
    query_tokens : int, optional
        New tokens of each sequence [tokens]
    batch : int, optional
        Sequences [-]
    bytes_per_element : float, optional
        Width of a cached number [bytes]
    tp : int, optional
        GPUs that share the heads [-]

    Returns
    -------
    dict
        ``flops`` [FLOPs], ``bytes`` [bytes], ``intensity`` [FLOPs per byte] and ``time_s`` [s] of one GPU

    Raises
    ------
    InputError
        As :func:`mla_operators`, or if a rate is not above 0.

    Notes
    -----
    A lower bound: no kernel reaches either roof, and products follow one another.

    Examples
    --------
    >>> from moecalc import load_model
    >>> found = mla_roofline(load_model("deepseek-v3"), "absorbed", 989e12, 3.35e12, 4096, batch=64)
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
    r"""Query tokens up to which absorbing takes fewer FLOPs than expanding a long cache.

    .. math:: q^* = \frac{c\,(n + v)}{2 c - n - v}

    Parameters
    ----------
    config : ModelConfig
        Reads c = ``kv_lora_rank``, n = ``qk_nope_head_dim`` and v = ``v_head_dim`` [-]

    Returns
    -------
    float
        q*, for a cache much longer than it; infinite where the latent vector is so small that absorbing
        always takes fewer [tokens]

    Raises
    ------
    InputError
        If the model has no latent attention.

    Notes
    -----
    Where P is close to q s, both forms' FLOPs grow with s: plain by c (n + v) + q (n + r + v), absorbed by
    q (2 c + r). With a short cache the exact counts of :func:`mla_operators` decide; with none, plain wins.

    Examples
    --------
    >>> from moecalc import load_model
    >>> round(absorption_break_even(load_model("deepseek-v3")), 2)
    170.67
    """
    _needs_latent(config)
    c, both = config.kv_lora_rank, config.qk_nope_head_dim + config.v_head_dim
    return c * both / (2 * c - both) if 2 * c > both else math.inf


def _needs_latent(config) -> None:
    if "kv_lora_rank" not in config.keys:
        raise InputError(f"latent attention needs a model with kv_lora_rank, such as deepseek-v3; found {config.name}")
