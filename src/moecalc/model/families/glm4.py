"""GLM-4-0414: biases on query, key and value, four norms a layer."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, SANDWICH, decoder, dense_layers

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(True)}


def describe(config):
    return decoder(config, dense_layers(config, norms=SANDWICH, qkv_bias=config.attention_bias))
