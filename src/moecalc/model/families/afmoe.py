"""Trinity (AFMoE): norms and a gate in attention, four norms a layer, a full layer to three that slide a window, experts
beside shared ones behind a dense prefix.
"""

from ..anatomy import matrix
from ..keys import flag, layer_count, layers, names, size
from ._parts import FULL, SLIDING, gqa_attention, head_size, windows_of_layers
from ._sparse import SHARED_SPELLING, SPARSE_KEYS, sparse_decoder

KEYS = SPARSE_KEYS | {
    "attention_bias": flag(False),
    "num_dense_layers": layer_count(),
    "sliding_window": size(None),
    "global_attn_every_n_layers": layers(4),
    "layer_types": names(FULL, SLIDING),
}

SPELLING = SHARED_SPELLING

NORMS = ("input_layernorm", "post_attention_layernorm", "pre_mlp_layernorm", "post_mlp_layernorm")


def describe(config):
    bias, heads = config.attention_bias, config.num_attention_heads
    gate = matrix("attention", "gate_proj", config.hidden_size, heads * head_size(config), shards=heads)

    def attention(window):
        tensors, *rest = gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window, qk_norm="head")
        return [*tensors, gate], *rest

    routes = [index >= config.num_dense_layers for index in range(config.num_hidden_layers)]
    every = config.global_attn_every_n_layers
    windows = windows_of_layers(config, lambda index: SLIDING if (index + 1) % every else FULL)
    return sparse_decoder(config, attention, routes, windows, how={"norms": NORMS})
