"""Llama 2, 3 and 3.1: grouped-query attention, one dense gated feed-forward a layer."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, gqa_attention, layer, swiglu

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(False), "mlp_bias": flag(False)}


def describe(config):
    block = layer(
        config,
        "dense layer",
        gqa_attention(config, qkv_bias=config.attention_bias, output_bias=config.attention_bias),
        swiglu("dense_mlp", config.hidden_size, config.intermediate_size, bias=config.mlp_bias),
    )
    return decoder(config, [block] * config.num_hidden_layers)
