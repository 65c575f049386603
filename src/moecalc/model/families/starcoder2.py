"""StarCoder2: norms with a bias, a feed-forward of two matrices, one flag for all other biases, perhaps a window."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, LAYER_NORM, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | GQA_KEYS | {"use_bias": flag(True), "sliding_window": size(None)}


def describe(config):
    bias, windows = config.use_bias, [config.sliding_window] * config.num_hidden_layers
    how = {"mlp_bias": bias, "norm_kind": LAYER_NORM, "qkv_bias": bias, "output_bias": bias}
    return decoder(config, dense_layers(config, windows, plain_mlp, **how), LAYER_NORM)
