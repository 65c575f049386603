"""Qwen2 and Qwen2.5, dense: biases on query, key and value; upper layers may slide a window."""

from ._parts import COMMON_KEYS, GQA_KEYS, UPPER_WINDOW_KEYS, decoder, dense_layers, upper_windows

KEYS = COMMON_KEYS | GQA_KEYS | UPPER_WINDOW_KEYS


def describe(config):
    return decoder(config, dense_layers(config, upper_windows(config), qkv_bias=True))
