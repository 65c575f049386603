"""Seed-OSS and GLM-4: Llama's form, with biases of query, key and value apart from that of the output."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, dense_layers

KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(True),
    "attention_out_bias": flag(False),
    "mlp_bias": flag(False),
}


def describe(config):
    qkv, output = config.attention_bias, config.attention_out_bias
    return decoder(config, dense_layers(config, mlp_bias=config.mlp_bias, qkv_bias=qkv, output_bias=output))
