"""Qwen3 with experts: in every layer, or every few, none of them shared."""

from ..keys import count, flag, indices, size
from ._parts import COMMON_KEYS, GQA_KEYS, UPPER_WINDOW_KEYS, decoder, experts_mlp, layer, layer_name, stack, upper_windows
from .qwen3 import attention, dense_layer

KEYS = COMMON_KEYS | GQA_KEYS | UPPER_WINDOW_KEYS | {
    "attention_bias": flag(False),
    "moe_intermediate_size": size(),
    "num_experts": count(),
    "num_experts_per_tok": size(),
    "decoder_sparse_step": size(),
    "mlp_only_layers": indices(),
}


def is_moe_layer(config, index):
    """Whether layer `index` routes: every ``decoder_sparse_step``-th that is not named as dense."""
    return bool(config.num_experts) and index not in config.mlp_only_layers and (index + 1) % config.decoder_sparse_step == 0


def describe(config):
    def block(moe, window):
        if not moe:
            return dense_layer(config, window)
        routed = experts_mlp(config, config.num_experts, config.moe_intermediate_size)
        return layer(config, layer_name(moe, window), attention(config, window), routed)

    kinds = [(is_moe_layer(config, index), window) for index, window in enumerate(upper_windows(config))]
    return decoder(config, stack(kinds, block))
