"""Mistral 7B and its dense kin: Llama without biases, in early versions with a sliding window."""

from ..keys import size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, gqa_attention, layer, swiglu

KEYS = COMMON_KEYS | GQA_KEYS | {"sliding_window": size(None)}


def describe(config):
    block = layer(
        config,
        "dense layer",
        gqa_attention(config, window=config.sliding_window),
        swiglu("dense_mlp", config.hidden_size, config.intermediate_size),
    )
    return decoder(config, [block] * config.num_hidden_layers)
