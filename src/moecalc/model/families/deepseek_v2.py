"""DeepSeek-V2: multi-head latent attention; after a dense prefix, fine-grained experts beside shared ones."""

from ..keys import count, flag, layer_count, size
from ._parts import COMMON_KEYS, GROUP_KEYS, decoder, grouped_experts_mlp, layer, mla_attention, swiglu

KEYS = COMMON_KEYS | {
    "q_lora_rank": size(None),
    "kv_lora_rank": size(),
    "qk_nope_head_dim": size(),
    "qk_rope_head_dim": size(),
    "v_head_dim": size(),
    "attention_bias": flag(False),
    "moe_intermediate_size": size(),
    "n_routed_experts": size(),
    "n_shared_experts": count(),
    "num_experts_per_tok": size(),
    "first_k_dense_replace": layer_count(),
    "moe_layer_freq": size(1),
    **GROUP_KEYS,
}


def is_moe_layer(config, index):
    """Whether layer `index` routes: past the dense prefix, every ``moe_layer_freq``-th."""
    return index >= config.first_k_dense_replace and index % config.moe_layer_freq == 0


def layers(config, num_correction_biases=0, attention=None, routes=None):
    """The MoE block, and all blocks in order. Attention is V2's unless another is given, and so is which layers route."""
    attention = attention or mla_attention(config)
    dense = layer(config, "dense layer", attention, swiglu("dense_mlp", config.hidden_size, config.intermediate_size))
    moe = layer(config, "MoE layer", attention, grouped_experts_mlp(config), num_correction_biases)
    routes = routes or [is_moe_layer(config, index) for index in range(config.num_hidden_layers)]
    return moe, [moe if routed else dense for routed in routes]


def describe(config):
    _, order = layers(config)
    return decoder(config, order)
