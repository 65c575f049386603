"""DeepSeek-V4: streams that mix around each half of a layer (hyper-connections), one key-value head for a window and for
keys that a compressor makes of several tokens, an output projection in groups, experts in each layer.
"""

from ...base.errors import InputError
from ..anatomy import Cache, Score, matrix, vector
from ..keys import count, flag, layer_count, names, size
from ._parts import COMMON_KEYS, SLIDING, decoder, experts_mlp, kinds_of_layers, layer, norm, stack

CSA, HCA = "compressed_sparse_attention", "heavily_compressed_attention"
HASH, ROUTED = "hash_moe", "moe"

#: In ``compress_ratios``: tokens to a key, 0 where a layer has a window alone.
KINDS = {0: SLIDING, 4: CSA, 128: HCA}

KEYS = {key: reader for key, reader in COMMON_KEYS.items() if key != "intermediate_size"} | {
    "head_dim": size(),
    "q_lora_rank": size(),
    "o_groups": size(),
    "o_lora_rank": size(),
    "sliding_window": size(),
    "layer_types": names(SLIDING, CSA, HCA),
    "compress_ratios": names(*KINDS),
    "compress_rate_csa": size(4),
    "compress_rate_hca": size(128),
    "index_n_heads": size(),
    "index_head_dim": size(),
    "index_topk": size(),
    "hc_mult": size(),
    "moe_intermediate_size": size(),
    "n_routed_experts": size(),
    "num_experts_per_tok": size(),
    "mlp_bias": flag(False),
    "mlp_layer_types": names(HASH, ROUTED),
    "num_hash_layers": count(3),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = {
    "moe_intermediate_size": ("intermediate_size",),
    "compress_rate_csa": (f"compress_rates.{CSA}",),
    "compress_rate_hca": (f"compress_rates.{HCA}",),
}

MTP_NOTE = "the config does not give the form of the multi-token prediction module that the published checkpoint holds"
CACHE_NOTE = (
    "a layer keeps the keys of a window, and one for every 4 or 128 tokens before: bytes per token are those of a token in "
    "the window and its part of such a key, and the keys of the indexer are left out"
)


def compressor(name, hidden, width, rate):
    """A key of `rate` tokens: each gives numbers and how much they weigh."""
    return [
        matrix("attention_compressor", f"{name}.kv_proj", hidden, width),
        matrix("attention_compressor", f"{name}.gate_proj", hidden, width),
        vector("attention_compressor", f"{name}.position_bias", rate * width),
    ]


def compressed(config, kind):
    """Keys of a layer behind its window: tensors, scores and cache, each counted by the token."""
    hidden, heads, head_dim = config.hidden_size, config.num_attention_heads, config.head_dim
    index_heads, index_dim = config.index_n_heads, config.index_head_dim
    rate = config.compress_rate_csa if kind == CSA else config.compress_rate_hca
    share = -(-head_dim // rate)
    # keys that overlap come of two sets of numbers
    tensors = compressor("compressor", hidden, head_dim * (2 if kind == CSA else 1), rate)
    tensors += norm("compressor.kv_norm", head_dim, component="attention_internal_norms")
    selected, scores = None, []
    if kind == CSA:
        selected = config.index_topk * rate
        tensors += [
            *compressor("indexer", hidden, 2 * index_dim, rate),
            *norm("indexer.kv_norm", index_dim, component="attention_internal_norms"),
            matrix("attention_indexer", "indexer.q_b_proj", config.q_lora_rank, index_heads * index_dim, shards=index_heads),
            matrix("attention_indexer", "indexer.weights_proj", hidden, index_heads, shards=index_heads),
        ]
        scores.append(Score("indexer_scores", index_heads, -(-(index_dim + 1) // rate)))
    scores += [Score(name, heads, share, selected=selected) for name in ("attention_scores", "attention_values")]
    return tensors, scores, [Cache("compressed key", share)]


def attention(config, kind):
    """Low-rank queries, one key that is the value too, sinks, and an output projection of ``o_groups`` groups."""
    hidden, heads, head_dim = config.hidden_size, config.num_attention_heads, config.head_dim
    groups, window = config.o_groups, config.sliding_window
    if heads * head_dim % groups:
        raise InputError(f"o_groups must divide the {heads * head_dim} numbers of all heads; found {groups}")
    narrow = groups * config.o_lora_rank
    tensors = [
        matrix("attention", "q_a_proj", hidden, config.q_lora_rank),
        *norm("q_a_norm", config.q_lora_rank, component="attention_internal_norms"),
        matrix("attention", "q_b_proj", config.q_lora_rank, heads * head_dim, shards=heads),
        matrix("attention", "kv_proj", hidden, head_dim),
        *norm("kv_norm", head_dim, component="attention_internal_norms"),
        vector("attention", "sinks", heads, shards=heads),
        matrix("attention", "o_a_proj", heads * head_dim // groups, narrow, shards=groups),
        matrix("attention", "o_b_proj", narrow, hidden, shards=groups),
    ]
    scores = [Score(name, heads, head_dim, window) for name in ("attention_scores", "attention_values")]
    cache = [Cache("key, which is the value", head_dim, window)]
    if kind == SLIDING:
        return tensors, scores, cache
    more = compressed(config, kind)
    return tensors + more[0], scores + more[1], cache + more[2]


def hyper_connection(name, config, mixes):
    """Streams read and written by what all of them say: `mixes` numbers, each with a base, and a few scales."""
    streams = config.hc_mult
    part = "hyper_connections"
    return [matrix(part, f"{name}.fn", streams * config.hidden_size, mixes), vector(part, f"{name}.base", mixes)]


def describe(config):
    streams, experts = config.hc_mult, config.n_routed_experts
    around = [
        tensor
        for name in ("attn_hc", "ffn_hc")
        for tensor in (
            *hyper_connection(name, config, streams * (streams + 2)),
            vector("hyper_connections", f"{name}.scale", 3),
        )
    ]

    def block(kind, mlp):
        width = config.moe_intermediate_size
        routed = experts_mlp(config, experts, width, shared_width=width, shared_bias=config.mlp_bias)
        name = "MoE layer, " + kind.replace("_", " ") + (", routed by a table" if mlp == HASH else "")
        # a table from token to expert needs no correction
        return layer(config, name, attention(config, kind), routed, 0 if mlp == HASH else experts, after=around)

    if config.layer_types is None and config.compress_ratios is not None:
        kinds = [KINDS[ratio] for ratio in kinds_of_layers(config, key="compress_ratios")]
    else:
        kinds = kinds_of_layers(config, lambda index: CSA if index > 1 and index % 2 else HCA)
    mlps = kinds_of_layers(config, lambda index: HASH if index < config.num_hash_layers else ROUTED, "mlp_layer_types")
    end = [*hyper_connection("hc_head", config, streams), vector("hyper_connections", "hc_head.scale", 1)]
    mtp = MTP_NOTE if config.num_nextn_predict_layers else None
    order = stack(list(zip(kinds, mlps, strict=True)), block)
    return decoder(config, order, after=end, mtp_note=mtp, cache_note=CACHE_NOTE)
