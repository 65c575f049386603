"""GPT-NeoX and Pythia: multi-head attention, norms with a bias, a feed-forward of two matrices with biases."""

from ..keys import flag
from ._parts import COMMON_KEYS, LAYER_NORM, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | {"attention_bias": flag(True)}


def describe(config):
    attention = {"kv_heads": config.num_attention_heads, "qkv_bias": config.attention_bias, "output_bias": config.attention_bias}
    return decoder(config, dense_layers(config, None, plain_mlp, mlp_bias=True, norm_kind=LAYER_NORM, **attention), LAYER_NORM)
