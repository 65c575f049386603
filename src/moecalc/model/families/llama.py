"""Llama 2, 3 and 3.1: grouped-query attention, one dense gated feed-forward a layer."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, dense_layers

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(False), "mlp_bias": flag(False)}


def describe(config):
    bias = config.attention_bias
    return decoder(config, dense_layers(config, mlp_bias=config.mlp_bias, qkv_bias=bias, output_bias=bias))
