"""InternLM3: Llama's form, with one flag for biases of query, key and value, and one for all others."""

from . import llama
from ._parts import decoder, dense_layers

KEYS = llama.KEYS


def describe(config):
    qkv, others = config.attention_bias, config.mlp_bias
    return decoder(config, dense_layers(config, mlp_bias=others, qkv_bias=qkv, output_bias=others))
