"""OLMo: Llama's form, with norms that have no weights."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, NO_WEIGHT, decoder, dense_layers

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(False)}


def describe(config):
    bias = config.attention_bias
    return decoder(config, dense_layers(config, norm_kind=NO_WEIGHT, qkv_bias=bias, output_bias=bias), NO_WEIGHT)
