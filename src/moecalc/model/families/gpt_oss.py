"""gpt-oss: biases everywhere, a learned sink for each head, and a sliding window in every other layer."""

from ..anatomy import vector
from ..keys import flag, names, size
from ._parts import (
    COMMON_KEYS,
    FULL,
    GQA_KEYS,
    SLIDING,
    decoder,
    experts_mlp,
    gqa_attention,
    layer,
    layer_name,
    stack,
    windows_of_layers,
)

KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(True),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "sliding_window": size(),
    "layer_types": names(FULL, SLIDING),
}


def describe(config):
    bias, heads = config.attention_bias, config.num_attention_heads

    def block(window):
        tensors, scores, cache = gqa_attention(config, qkv_bias=bias, output_bias=bias, window=window)
        tensors.append(vector("attention", "sinks", heads, shards=heads))
        routed = experts_mlp(config, config.num_local_experts, config.intermediate_size, bias=True)
        return layer(config, layer_name(moe=True, window=window), (tensors, scores, cache), routed)

    windows = windows_of_layers(config, lambda index: FULL if index % 2 else SLIDING)
    return decoder(config, stack([(window,) for window in windows], block))
