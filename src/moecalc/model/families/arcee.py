"""Arcee: Llama's attention, a feed-forward of two matrices."""

from . import llama
from ._parts import decoder, dense_layers, plain_mlp

KEYS = llama.KEYS


def describe(config):
    bias = config.attention_bias
    return decoder(config, dense_layers(config, None, plain_mlp, mlp_bias=config.mlp_bias, qkv_bias=bias, output_bias=bias))
