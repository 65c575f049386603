"""GPT-NeoX and Pythia: multi-head attention, norms with a bias, a feed-forward of two matrices with biases."""

from ..keys import flag
from ._parts import COMMON_KEYS, LAYER_NORM, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | {"attention_bias": flag(True)}


def describe(config):
    heads, bias = config.num_attention_heads, config.attention_bias
    how = {"mlp_bias": True, "norm_kind": LAYER_NORM, "qkv_bias": bias, "output_bias": bias, "kv_heads": heads}
    return decoder(config, dense_layers(config, None, plain_mlp, **how), LAYER_NORM)
