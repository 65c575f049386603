"""MiniMax-M3: grouped-query attention with norms of each head, in most layers over blocks that an indexer chooses, and
experts beside a shared one.
"""

from ..anatomy import Cache, Score, matrix, vector
from ..keys import count, names, size
from ._parts import COMMON_KEYS, FULL, GQA_KEYS, decoder, experts_mlp, gqa_attention, kinds_of_layers, layer, stack, swiglu
from ._sparse import MLP_TYPES, routed_layers

CHOSEN = "minimax_m3_sparse"

KEYS = COMMON_KEYS | GQA_KEYS | MLP_TYPES | {
    "layer_types": names(FULL, CHOSEN),
    "sparse_attention_freq": names(0, 1),
    "moe_layer_freq": names(0, 1),
    "dense_intermediate_size": size(),
    "shared_intermediate_size": count(),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "index_n_heads": size(),
    "index_head_dim": size(),
    "index_block_size": size(),
    "index_topk_blocks": size(),
    "num_mtp_modules": count(0),
}

INSIDE = "sparse_attention_config"
SPELLING = {
    "sparse_attention_freq": (f"{INSIDE}.sparse_attention_freq",),
    "index_n_heads": (f"{INSIDE}.sparse_num_index_heads",),
    "index_head_dim": (f"{INSIDE}.sparse_index_dim",),
    "index_block_size": (f"{INSIDE}.sparse_block_size",),
    "index_topk_blocks": (f"{INSIDE}.sparse_topk_blocks",),
}

MTP_NOTE = "the config does not give the form of the multi-token prediction modules that it names"


def attention(config, chosen):
    """Over all tokens, or over the blocks of them that are `chosen` by an indexer with one small key a token."""
    if not chosen:
        return gqa_attention(config, qk_norm="head")
    hidden, heads, width = config.hidden_size, config.index_n_heads, config.index_head_dim
    tensors, scores, cache = gqa_attention(config, qk_norm="head")
    tensors += [
        matrix("attention_indexer", "indexer.q_proj", hidden, heads * width, shards=heads),
        matrix("attention_indexer", "indexer.k_proj", hidden, width),
        vector("attention_indexer", "indexer.q_norm", width),
        vector("attention_indexer", "indexer.k_norm", width),
    ]
    selected = config.index_topk_blocks * config.index_block_size
    scores = [score._replace(selected=selected) for score in scores]
    return tensors, [*scores, Score("indexer_scores", heads, width)], [*cache, Cache("indexer key", width, bytes=2 * width)]


def describe(config):
    experts, hidden = config.num_local_experts, config.hidden_size

    def block(kind, moe):
        chosen = kind == CHOSEN
        name = ("MoE layer" if moe else "dense layer") + (", sparse attention" if chosen else "")
        mlp = swiglu("dense_mlp", hidden, config.dense_intermediate_size)
        if moe:
            mlp = experts_mlp(config, experts, config.intermediate_size, config.shared_intermediate_size)
        return layer(config, name, attention(config, chosen), mlp, experts if moe else 0)

    frequent = config.layer_types is None and config.sparse_attention_freq is not None
    kinds = kinds_of_layers(config, lambda index: FULL, "sparse_attention_freq" if frequent else "layer_types")
    if frequent:
        kinds = [CHOSEN if kind else FULL for kind in kinds]
    routes = routed_layers(config, prefix=0, flags="moe_layer_freq")
    order = stack(list(zip(kinds, routes, strict=True)), block)
    return decoder(config, order, mtp_note=MTP_NOTE if config.num_mtp_modules else None)
