"""Snowflake Arctic: beside the experts of a layer a dense feed-forward of the hidden vector's width, with its own norm."""

from ..keys import flag, layers, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer, norm, stack, swiglu

KEYS = COMMON_KEYS | GQA_KEYS | {
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "moe_layer_frequency": layers(),
    "use_residual": flag(),
}

SPELLING = {"use_residual": ("parallel_attn_mlp_res",)}


def describe(config):
    hidden, width = config.hidden_size, config.intermediate_size
    beside = norm("residual_layernorm", hidden) + swiglu("dense_mlp", hidden, hidden) if config.use_residual else []

    def block(moe):
        if not moe:
            return layer(config, "dense layer", gqa_attention(config), swiglu("dense_mlp", hidden, width))
        routed = experts_mlp(config, config.num_local_experts, width)
        return layer(config, "MoE layer", gqa_attention(config), beside + routed)

    routes = [((index + 1) % config.moe_layer_frequency == 0,) for index in range(config.num_hidden_layers)]
    return decoder(config, stack(routes, block))
