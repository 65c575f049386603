"""Mixtral: Mistral's attention, a few large experts in each layer, none shared."""

from ..keys import size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer

KEYS = COMMON_KEYS | GQA_KEYS | {
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "sliding_window": size(None),
}


def describe(config):
    block = layer(
        config,
        "MoE layer",
        gqa_attention(config, window=config.sliding_window),
        experts_mlp(config, config.num_local_experts, config.intermediate_size),
    )
    return decoder(config, [block] * config.num_hidden_layers)
