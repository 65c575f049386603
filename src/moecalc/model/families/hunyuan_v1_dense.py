"""Hunyuan dense: Llama's form, with query and key normalised head by head."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, dense_layers

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(False)}


def describe(config):
    bias = config.attention_bias
    return decoder(config, dense_layers(config, qkv_bias=bias, output_bias=bias, qk_norm="head"))
