"""Command A+: one norm before attention and feed-forward side by side, three sliding layers to a full one, experts beside
shared ones behind a dense prefix that has a pattern of its own.
"""

from ..keys import count, flag, layer_count, layers, names, size
from ._parts import (
    COMMON_KEYS,
    FULL,
    GQA_KEYS,
    PARALLEL,
    SLIDING,
    decoder,
    experts_mlp,
    gqa_attention,
    layer,
    layer_name,
    stack,
    swiglu,
    windows_of_layers,
)
from ._sparse import MLP_TYPES, routed_layers

KEYS = COMMON_KEYS | GQA_KEYS | MLP_TYPES | {
    "attention_bias": flag(False),
    "num_experts": size(),
    "num_experts_per_tok": size(),
    "num_shared_experts": count(0),
    "first_k_dense_replace": layer_count(0),
    "prefix_dense_intermediate_size": size("intermediate_size"),
    "prefix_dense_sliding_window_pattern": layers(1),
    "sliding_window": size(None),
    "sliding_window_pattern": layers(4),
    "layer_types": names(FULL, SLIDING),
}


def describe(config):
    bias, width, prefix = config.attention_bias, config.intermediate_size, config.first_k_dense_replace

    def kind(index):
        own = (index, config.prefix_dense_sliding_window_pattern)
        place, every = own if index < prefix else (index - prefix, config.sliding_window_pattern)
        return SLIDING if (place + 1) % every else FULL

    def block(moe, window):
        mlp = swiglu("dense_mlp", config.hidden_size, config.prefix_dense_intermediate_size)
        if moe:
            mlp = experts_mlp(config, config.num_experts, width, shared_width=width * config.num_shared_experts)
        attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window)
        return layer(config, layer_name(moe, window), attention, mlp, norms=PARALLEL)

    kinds = zip(routed_layers(config, prefix), windows_of_layers(config, kind), strict=True)
    return decoder(config, stack(list(kinds), block))
