"""HyperCLOVA X: Llama's form, perhaps with further norms behind attention and feed-forward."""

from ..keys import flag
from . import llama
from ._parts import PRE, SANDWICH, decoder, dense_layers

KEYS = llama.KEYS | {"use_post_norm": flag(True)}


def describe(config):
    norms, bias = SANDWICH if config.use_post_norm else PRE, config.attention_bias
    return decoder(config, dense_layers(config, norms=norms, mlp_bias=config.mlp_bias, qkv_bias=bias, output_bias=bias))
