"""JetMoE: experts in attention too. Each has a query and an output projection, all of them share keys and values."""

from ..anatomy import Cache, Score, matrix, vector
from ..keys import size
from ._parts import COMMON_KEYS, decoder, experts_mlp, layer

KEYS = COMMON_KEYS | {
    "num_attention_heads": size("num_key_value_heads"),
    "num_key_value_heads": size(),
    "head_dim": size(),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
}

SPELLING = {"head_dim": ("kv_channels",)}


def attention(config):
    """A router over attention experts; a token has as many heads as those that it uses have together."""
    hidden, experts, top_k = config.hidden_size, config.num_local_experts, config.num_experts_per_tok
    kv_heads, head_dim = config.num_key_value_heads, config.head_dim
    width = kv_heads * head_dim
    routed = {"copies": experts, "used": top_k}
    tensors = [
        matrix("router", "attention.gate", hidden, experts),
        matrix("routed_experts", "attention.q_proj", hidden, width, **routed),
        matrix("attention", "k_proj", hidden, width, shards=kv_heads),
        matrix("attention", "v_proj", hidden, width, shards=kv_heads),
        matrix("routed_experts", "attention.o_proj", width, hidden, **routed),
        vector("attention", "experts.bias", hidden),
    ]
    scores = [Score(name, top_k * kv_heads, head_dim) for name in ("attention_scores", "attention_values")]
    return tensors, scores, [Cache("key and value", 2 * width)]


def describe(config):
    experts = experts_mlp(config, config.num_local_experts, config.intermediate_size)
    experts.append(vector("router", "mlp.bias", config.hidden_size))  # of all experts together
    return decoder(config, [layer(config, "MoE layer", attention(config), experts)] * config.num_hidden_layers)
