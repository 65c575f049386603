"""dots.llm1: DeepSeek-V3's experts behind attention with norms of each head; upper layers may slide a window."""

from ..keys import flag, layer_count, names, size
from ._parts import FULL, SLIDING, gqa_attention, windows_of_layers
from ._sparse import SPARSE_KEYS, sparse_decoder

KEYS = SPARSE_KEYS | {
    "attention_bias": flag(False),
    "first_k_dense_replace": layer_count(),
    "sliding_window": size(None),
    "max_window_layers": layer_count(None),
    "layer_types": names(FULL, SLIDING),
}


def describe(config):
    bias, num_layers = config.attention_bias, config.num_hidden_layers
    full = num_layers if config.sliding_window is None or config.max_window_layers is None else config.max_window_layers

    def attention(window):
        return gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window, qk_norm="head")

    routes = [index >= config.first_k_dense_replace for index in range(num_layers)]
    windows = windows_of_layers(config, lambda index: FULL if index < full else SLIDING)
    return sparse_decoder(config, attention, routes, windows)
