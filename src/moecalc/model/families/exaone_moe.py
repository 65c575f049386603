"""K-EXAONE: norms of each head, three sliding layers to a full one, experts beside a shared one behind a dense prefix, and
DeepSeek-V3's prediction module around a dense layer.
"""

from ...base.checks import whole
from ..keys import MAX_LAYERS, layer_count, names, size
from ._parts import FULL, SLIDING, gqa_attention, layer, swiglu, windows_of_layers
from ._sparse import MLP_TYPES, SHARED_SPELLING, SPARSE_KEYS, routed_layers, sparse_decoder
from .deepseek_v3 import mtp_module


def _pattern(key, value):
    """How many layers repeat: 4, or LLLG."""
    return len(value) if isinstance(value, str) and value else whole(key, value, 0, MAX_LAYERS)


KEYS = SPARSE_KEYS | MLP_TYPES | {
    "sliding_window": size(None),
    "sliding_window_pattern": (_pattern, None),
    "layer_types": names(FULL, SLIDING),
    "first_k_dense_replace": layer_count(),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = SHARED_SPELLING


def describe(config):
    def attention(window):
        return gqa_attention(config, qk_norm="head", window=window)

    repeat = config.sliding_window_pattern
    windows = windows_of_layers(config, lambda index: SLIDING if repeat and (index + 1) % repeat else FULL)
    dense = layer(config, "dense layer", attention(None), swiglu("dense_mlp", config.hidden_size, config.intermediate_size))
    modules = [mtp_module(config, dense)] * (config.num_nextn_predict_layers or 0)
    return sparse_decoder(config, attention, routed_layers(config, config.first_k_dense_replace), windows, mtp=modules)
