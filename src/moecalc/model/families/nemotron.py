"""Nemotron and Minitron: norms with a bias, a feed-forward of two matrices."""

from . import llama
from ._parts import LAYER_NORM, decoder, dense_layers, plain_mlp

KEYS = llama.KEYS


def describe(config):
    bias = config.attention_bias
    how = {"mlp_bias": config.mlp_bias, "norm_kind": LAYER_NORM, "qkv_bias": bias, "output_bias": bias}
    return decoder(config, dense_layers(config, None, plain_mlp, **how), LAYER_NORM)
