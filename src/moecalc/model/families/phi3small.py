"""Phi-3-small: norms with a bias, biases everywhere, a gated feed-forward; the head is the embedding table."""

from ._parts import COMMON_KEYS, GQA_KEYS, LAYER_NORM, decoder, dense_layers

KEYS = COMMON_KEYS | GQA_KEYS

SPELLING = {"intermediate_size": ("ff_intermediate_size",)}

#: Every few layers attend to all tokens, the others to blocks of them only.
FLOPS_NOTE = "attention of the block-sparse layers is counted as if it were dense"


def describe(config):
    layers = dense_layers(config, mlp_bias=True, norm_kind=LAYER_NORM, qkv_bias=True, output_bias=True)
    return decoder(config, layers, LAYER_NORM, flops_note=FLOPS_NOTE)
