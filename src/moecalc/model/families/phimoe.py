"""Phi-3.5-MoE: Mixtral's parts between norms with a bias; biases in attention and at the head by flags."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, LAYER_NORM, decoder, experts_mlp, gqa_attention, layer, layer_name

KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(False),
    "lm_head_bias": flag(False),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "sliding_window": size(None),
}


def describe(config):
    bias, window = config.attention_bias, config.sliding_window
    attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window)
    experts = experts_mlp(config, config.num_local_experts, config.intermediate_size)
    block = layer(config, layer_name(True, window), attention, experts, norm_kind=LAYER_NORM)
    return decoder(config, [block] * config.num_hidden_layers, norm_kind=LAYER_NORM, head_bias=config.lm_head_bias)
