"""OLMoE: small experts in each layer; the norms of query and key span the whole projection."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer

KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(False),
    "num_experts": size(),
    "num_experts_per_tok": size(),
}


def describe(config):
    bias = config.attention_bias
    block = layer(
        config,
        "MoE layer",
        gqa_attention(config, qkv_bias=bias, output_bias=bias, qk_norm="projection"),
        experts_mlp(config, config.num_experts, config.intermediate_size),
    )
    return decoder(config, [block] * config.num_hidden_layers)
