"""Qwen2 and Qwen2.5, dense: biases on query, key and value; upper layers may slide a window."""

from ..keys import flag, layer_count, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, gqa_attention, layer, swiglu

KEYS = COMMON_KEYS | GQA_KEYS | {
    "use_sliding_window": flag(False),
    "sliding_window": size(None),
    "max_window_layers": layer_count(28),
}


def describe(config):
    def block(name, window):
        return layer(
            config,
            name,
            gqa_attention(config, qkv_bias=True, window=window),
            swiglu("dense_mlp", config.hidden_size, config.intermediate_size),
        )

    num_full = config.num_hidden_layers
    if config.use_sliding_window and config.sliding_window is not None:
        num_full = min(num_full, config.max_window_layers)
    full = block("dense layer", None)
    windowed = block("dense layer, sliding window", config.sliding_window)
    return decoder(config, [full] * num_full + [windowed] * (config.num_hidden_layers - num_full))
