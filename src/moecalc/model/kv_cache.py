"""Key-value cache: what attention keeps of every token while it generates the next ones.

A cached number is `bytes_per_element` [bytes] wide: 2 for BF16, 1 for FP8. Examples use
``v3 = load_model("deepseek-v3")``.
"""

from collections.abc import Sequence

from ..base.checks import real, whole
from ..base.errors import InputError
from ..base.limits import MAX_BYTES_PER_ELEMENT, MAX_PARALLEL_SIZE, MAX_SEQ_LEN
from .anatomy import Cache, add
from .config import ModelConfig


def kv_cache_elements_per_token(config: ModelConfig) -> int:
    r"""Numbers cached for one more token, over all layers, while every window still has room [numbers per token].

    .. math:: e = \sum_{\text{layers}} e_l, \qquad
              e_l = d_c + d_h^R \ \text{(MLA)}, \quad 2 \, n_{kv} d_h \ \text{(GQA, MQA, MHA)}

    d_c = ``kv_lora_rank``, d_h^R = ``qk_rope_head_dim``; n_kv = ``num_key_value_heads``, d_h = ``head_dim``.

    >>> kv_cache_elements_per_token(v3)
    35136
    """
    return sum(cache.elements * count for cache, count in _of_tokens(config))


def kv_state_elements(config: ModelConfig) -> int:
    """Numbers kept once a sequence, of any length: linear attention's state and short convolution [numbers per sequence]."""
    return sum(cache.elements * count for cache, count in config.anatomy.caches if cache.once)


def indexer_key_cache_bytes_per_token(config: ModelConfig) -> int:
    """Bytes that the indexer of sparse attention keeps of a token, apart from keys and values [bytes per token].

    As wide as in the reference code: V3.2 has a key of 128 numbers in FP8 and one FP32 scale, in each of 61 layers.

    >>> indexer_key_cache_bytes_per_token(load_model("deepseek-v3.2"))
    8052
    """
    return sum(cache.bytes * count for cache, count in config.anatomy.caches if cache.bytes is not None)


def kv_cache_bytes(config: ModelConfig, seq_lens: Sequence[int], bytes_per_element: float = 2) -> float:
    r"""Bytes that a batch of sequences keeps in the cache, before sharding [bytes].

    .. math:: M = b \sum_i \sum_{\text{layers}} e_l \min(s_i, w_l) + z_l

    s = `seq_lens` [tokens] are cached. A layer caches e_l numbers of a token in a window w_l, if it has one, and keeps z_l
    of linear attention as soon as there is a token.

    Notes
    -----
    Leaves out the scale factors of a quantised cache, the slack of its pages, the MTP layer and the
    keys of an indexer (:func:`indexer_key_cache_bytes_per_token`). A state counts in b as all else,
    though engines often keep it in FP32.

    Examples
    --------
    One token in BF16, published as 70.272 KB [1]_:

    >>> kv_cache_bytes(v3, [1])
    70272

    References
    ----------
    .. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 1.
    """
    real("bytes_per_element", bytes_per_element, positive=True, most=MAX_BYTES_PER_ELEMENT)
    lengths = [whole("context", length, least=0, most=MAX_SEQ_LEN) for length in seq_lens]
    elements = sum(
        cache.elements * count * (length if cache.window is None else min(length, cache.window))
        for cache, count in _of_tokens(config)
        for length in lengths
    )
    elements += kv_state_elements(config) * sum(length > 0 for length in lengths)
    return elements * bytes_per_element


def cache_elements_of_rank(cache: Cache, tp: int) -> int:
    """Numbers of one layer's cache that each of `tp` tensor-parallel ranks keeps: of a token, or of a sequence [numbers].

    Ranks share the key-value heads; where these are fewer than the ranks each rank keeps one, so that several hold the same.
    What has no heads, as MLA's latent vector, is whole on every rank.

    >>> [cache_elements_of_rank(Cache("key and value", 8 * 256, shards=8), tp) for tp in (1, 2, 8, 16)]
    [2048, 1024, 256, 256]
    """
    whole("tp", tp, most=MAX_PARALLEL_SIZE)
    heads = cache.shards
    if heads > 1 and heads % tp and tp % heads:
        raise InputError(f"tp must divide the {heads} key-value heads, or be a multiple of them; found {tp}")
    return cache.elements // heads * max(1, heads // tp)


def kv_cache_report(
    config: ModelConfig, context: int, bytes_per_element: float = 2, batch: int = 1, tp: int | None = None
) -> dict:
    """The cache of `batch` sequences that each have cached `context` [tokens]: what ``moecalc kv-cache`` prints.

    Returns
    -------
    dict
        ``bytes_per_token`` (of a token within every window) and ``bytes`` of the batch [bytes]. With sliding windows also
        ``windows`` (window -> layers that have it) and ``bytes_of_next_token``, by which the cache of one sequence grows;
        with linear attention ``state_bytes`` of one sequence, part of ``bytes``; with an indexer
        ``indexer_key_cache_bytes_per_token`` and ``indexer_key_cache_bytes``, no part of ``bytes``, and
        ``bytes_with_indexer_keys``, the sum. With `tp`, tensor parallel ranks, also ``bytes_per_token_per_gpu`` and
        ``bytes_per_gpu``: what each keeps, indexer keys and states included in the latter
    """
    one = kv_cache_bytes(config, [context], bytes_per_element)
    total = one * whole("batch", batch)
    more, windows = {}, {}
    caches = _of_tokens(config)
    for cache, count in caches:
        if cache.window is not None:
            add(windows, cache.window, count)
    if windows:
        growing = [cache.elements * count for cache, count in caches if cache.window is None or cache.window > context]
        more |= {"windows": windows, "bytes_of_next_token": sum(growing) * bytes_per_element}
    if state := kv_state_elements(config):
        more["state_bytes"] = state * bytes_per_element
    if per_token := indexer_key_cache_bytes_per_token(config):
        more |= {"indexer_key_cache_bytes_per_token": per_token, "indexer_key_cache_bytes": per_token * context * batch}
        more["bytes_with_indexer_keys"] = total + per_token * context * batch
    if tp is not None:
        more |= _of_rank(config, context, bytes_per_element, batch, tp)
    return {
        "context": context,
        "batch": batch,
        "bytes_per_element": bytes_per_element,
        "bytes_per_token": kv_cache_elements_per_token(config) * bytes_per_element,
        "bytes": total,
        **more,
    }


def _of_rank(config: ModelConfig, context: int, bytes_per_element: float, batch: int, tp: int) -> dict:
    """What :func:`kv_cache_report` says of one of `tp` ranks."""
    per_token, one = 0, 0
    for cache, count in config.anatomy.caches:
        if cache.bytes is not None:
            one += cache.bytes * count * context
            continue
        width = cache_elements_of_rank(cache, tp) * count * bytes_per_element
        if cache.once:
            one += width if context else 0
        else:
            per_token += width
            one += width * (context if cache.window is None else min(context, cache.window))
    return {"tp": tp, "bytes_per_token_per_gpu": per_token, "bytes_per_gpu": one * batch}


def _of_tokens(config: ModelConfig) -> list:
    """(cache, layers) of what grows with every token, in a width that one may choose."""
    return [(cache, count) for cache, count in config.anatomy.caches if not cache.once and cache.bytes is None]
