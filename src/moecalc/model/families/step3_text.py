"""Step3: low-rank queries that all heads share, one wide key-value head, experts beside a shared one in named layers."""

from ..anatomy import Cache, Score, matrix, vector
from ..keys import indices_as_text, size
from ._parts import COMMON_KEYS, decoder, experts_mlp, layer, layer_name, stack, swiglu

KEYS = COMMON_KEYS | {
    "num_key_value_heads": size(1),
    "head_dim": size(),
    "share_q_dim": size(),
    "moe_layers_enum": indices_as_text(),
    "moe_intermediate_size": size(),
    "share_expert_dim": size(),
    "n_routed_experts": size(),
    "num_experts_per_tok": size(),
}

SPELLING = {
    "num_key_value_heads": ("num_attention_groups",),
    "n_routed_experts": ("moe_num_experts",),
    "num_experts_per_tok": ("moe_top_k",),
}


def attention(config):
    """Multi-matrix factorisation attention: queries come through a narrow vector that is normalised."""
    hidden, heads, head_dim, rank = config.hidden_size, config.num_attention_heads, config.head_dim, config.share_q_dim
    kv_heads = config.num_key_value_heads
    tensors = [
        matrix("attention", "q_proj", hidden, rank),
        vector("attention_internal_norms", "inter_norm", rank),
        matrix("attention", "wq", rank, heads * head_dim, shards=heads),
        matrix("attention", "k_proj", hidden, kv_heads * head_dim, shards=kv_heads),
        matrix("attention", "v_proj", hidden, kv_heads * head_dim, shards=kv_heads),
        matrix("attention", "o_proj", heads * head_dim, hidden, shards=heads),
    ]
    scores = [Score(name, heads, head_dim) for name in ("attention_scores", "attention_values")]
    return tensors, scores, [Cache("key and value", 2 * kv_heads * head_dim)]


def describe(config):
    def block(moe):
        mlp = swiglu("dense_mlp", config.hidden_size, config.intermediate_size)
        if moe:
            mlp = experts_mlp(config, config.n_routed_experts, config.moe_intermediate_size, config.share_expert_dim)
        return layer(config, layer_name(moe), attention(config), mlp)

    named = config.moe_layers_enum
    routes = [(index > 0 if named is None else index in named,) for index in range(config.num_hidden_layers)]
    return decoder(config, stack(routes, block))
