"""Gemma 2: four norms a layer, a sliding window in every other layer."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, PERIOD_WINDOW_KEYS, SANDWICH, decoder, dense_layers, periodic_windows

KEYS = COMMON_KEYS | GQA_KEYS | PERIOD_WINDOW_KEYS | {"attention_bias": flag(False)}


def describe(config, period=2, **attention):
    bias = config.attention_bias
    windows = periodic_windows(config, period)
    return decoder(config, dense_layers(config, windows, norms=SANDWICH, qkv_bias=bias, output_bias=bias, **attention))
