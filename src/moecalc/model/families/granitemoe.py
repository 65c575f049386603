"""Granite 3 MoE: Mixtral's parts with biases in attention by a flag."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer

KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(False),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
}


def describe(config, shared_width=0):
    bias = config.attention_bias
    experts = experts_mlp(config, config.num_local_experts, config.intermediate_size, shared_width)
    block = layer(config, "MoE layer", gqa_attention(config, qkv_bias=bias, output_bias=bias), experts)
    return decoder(config, [block] * config.num_hidden_layers)
