"""DBRX: Mixtral's parts under names of its own, most of them inside two objects; norms without a bias."""

from ..keys import size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer

KEYS = COMMON_KEYS | GQA_KEYS | {
    "num_key_value_heads": size(),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
}

SPELLING = {
    "hidden_size": ("d_model",),
    "intermediate_size": ("ffn_config.ffn_hidden_size",),
    "num_hidden_layers": ("n_layers",),
    "num_attention_heads": ("n_heads",),
    "num_key_value_heads": ("attn_config.kv_n_heads",),
    "num_local_experts": ("ffn_config.moe_num_experts",),
    "num_experts_per_tok": ("ffn_config.moe_top_k",),
}


def describe(config):
    experts = experts_mlp(config, config.num_local_experts, config.intermediate_size)
    block = layer(config, "MoE layer", gqa_attention(config), experts)
    return decoder(config, [block] * config.num_hidden_layers)
