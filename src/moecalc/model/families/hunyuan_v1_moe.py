"""Hunyuan-A13B: norms of each head, experts beside a shared one, of which each layer may use its own number."""

from ..keys import flag, size, sizes
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, kinds_of_layers, layer, stack
from ._sparse import with_sizes

KEYS = COMMON_KEYS | GQA_KEYS | {"attention_bias": flag(False), "num_experts": size(), "num_experts_per_tok": sizes()}

SPELLING = {"num_experts_per_tok": ("moe_topk",)}


def describe(config):
    bias, width = config.attention_bias, config.intermediate_size
    attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, qk_norm="head")

    def block(top_k):
        routed = experts_mlp(with_sizes(config, num_experts_per_tok=top_k), config.num_experts, width, shared_width=width)
        return layer(config, "MoE layer", attention, routed)

    numbers = kinds_of_layers(config, lambda index: config.num_experts_per_tok, "num_experts_per_tok")
    return decoder(config, stack([(top_k,) for top_k in numbers], block))
