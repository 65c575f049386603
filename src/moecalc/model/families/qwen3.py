"""Qwen3, dense: query and key are normalised head by head; upper layers may slide a window."""

from ..keys import flag
from ._parts import (
    COMMON_KEYS,
    GQA_KEYS,
    UPPER_WINDOW_KEYS,
    decoder,
    gqa_attention,
    layer,
    layer_name,
    stack,
    swiglu,
    upper_windows,
)

KEYS = COMMON_KEYS | GQA_KEYS | UPPER_WINDOW_KEYS | {"attention_bias": flag(False)}


def attention(config, window):
    """Grouped-query attention with QK norm; a bias, where there is one, is on all four projections."""
    bias = config.attention_bias
    return gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window, qk_norm="head")


def dense_layer(config, window):
    """A layer with one gated feed-forward."""
    mlp = swiglu("dense_mlp", config.hidden_size, config.intermediate_size)
    return layer(config, layer_name(moe=False, window=window), attention(config, window), mlp)


def describe(config):
    kinds = [(config, window) for window in upper_windows(config)]
    return decoder(config, stack(kinds, dense_layer))
