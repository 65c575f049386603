"""Qwen1.5-MoE and Qwen2-MoE: Qwen3-MoE with biases instead of norms in attention, and a shared expert behind a gate."""

from ..anatomy import matrix
from ..keys import count, flag
from ._parts import FULL, SLIDING, decoder, experts_mlp, gqa_attention, kinds_of_layers, layer, layer_name, stack, swiglu
from .qwen3_moe import KEYS as QWEN3_MOE_KEYS
from .qwen3_moe import is_moe_layer

KEYS = {key: reader for key, reader in QWEN3_MOE_KEYS.items() if key != "attention_bias"} | {
    "qkv_bias": flag(True),
    "sliding_window": count(None),
    "shared_expert_intermediate_size": count(0),
}


def describe(config):
    hidden = config.hidden_size

    def block(moe, window):
        attention = gqa_attention(config, qkv_bias=config.qkv_bias, window=window)
        mlp = swiglu("dense_mlp", hidden, config.intermediate_size)
        if moe:
            shared = config.shared_expert_intermediate_size
            mlp = experts_mlp(config, config.num_experts, config.moe_intermediate_size, shared_width=shared)
            mlp.append(matrix("shared_experts", "shared_expert_gate", hidden, 1))
        return layer(config, layer_name(moe, window), attention, mlp)

    def kind(index):
        slides = config.use_sliding_window and index % 2 == 0 and index < (config.max_window_layers or 0)
        return SLIDING if slides else FULL

    kinds = kinds_of_layers(config, kind)
    windows = [config.sliding_window or None if kind == SLIDING else None for kind in kinds]
    return decoder(config, stack([(is_moe_layer(config, index), window) for index, window in enumerate(windows)], block))
