"""Qwen2 and Qwen2.5, dense: biases on query, key and value; upper layers may slide a window."""

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

KEYS = COMMON_KEYS | GQA_KEYS | UPPER_WINDOW_KEYS


def describe(config):
    def block(window):
        return layer(
            config,
            layer_name(moe=False, window=window),
            gqa_attention(config, qkv_bias=True, window=window),
            swiglu("dense_mlp", config.hidden_size, config.intermediate_size),
        )

    return decoder(config, stack([(window,) for window in upper_windows(config)], block))
