"""Qwen1.5-MoE and Qwen2-MoE: Qwen3-MoE with biases instead of norms in attention, and a shared expert behind a gate."""

from ..keys import count, flag
from ._parts import FULL, SLIDING, decoder, gqa_attention, kinds_of_layers, layer, layer_name, stack
from .qwen3_moe import KEYS as QWEN3_MOE_KEYS
from .qwen3_moe import is_moe_layer
from .qwen3_next import feed_forward

KEYS = {key: reader for key, reader in QWEN3_MOE_KEYS.items() if key != "attention_bias"} | {
    "qkv_bias": flag(True),
    "sliding_window": count(None),
    "shared_expert_intermediate_size": count(0),
}


def describe(config):
    def block(moe, window):
        attention = gqa_attention(config, qkv_bias=config.qkv_bias, window=window)
        return layer(config, layer_name(moe, window), attention, feed_forward(config, moe))

    def kind(index):
        slides = config.use_sliding_window and index % 2 == 0 and index < (config.max_window_layers or 0)
        return SLIDING if slides else FULL

    kinds = kinds_of_layers(config, kind)
    windows = [config.sliding_window or None if kind == SLIDING else None for kind in kinds]
    return decoder(config, stack([(is_moe_layer(config, index), window) for index, window in enumerate(windows)], block))
