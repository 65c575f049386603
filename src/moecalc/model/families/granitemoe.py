"""Granite 3 MoE: Mixtral's parts with biases in attention by a flag, and in a later form one shared expert."""

from ..keys import count, flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer

KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(False),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "shared_intermediate_size": count(0),
}


def describe(config):
    bias = config.attention_bias
    experts = experts_mlp(config, config.num_local_experts, config.intermediate_size, config.shared_intermediate_size)
    block = layer(config, "MoE layer", gqa_attention(config, qkv_bias=bias, output_bias=bias), experts)
    return decoder(config, [block] * config.num_hidden_layers)
