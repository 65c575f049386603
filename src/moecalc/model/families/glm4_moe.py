"""GLM-4.5 to 4.7: grouped-query attention; after a dense prefix, experts beside shared ones, with correction biases, and
DeepSeek-V3's prediction module.
"""

from ..keys import count, flag, layer_count, size
from ._parts import COMMON_KEYS, GQA_KEYS, GROUP_KEYS, decoder, gqa_attention, grouped_experts_mlp, layer, swiglu
from .deepseek_v3 import mtp_module

KEYS = COMMON_KEYS | GQA_KEYS | GROUP_KEYS | {
    "attention_bias": flag(False),
    "use_qk_norm": flag(False),
    "moe_intermediate_size": size(),
    "n_routed_experts": size(),
    "n_shared_experts": count(1),
    "num_experts_per_tok": size(),
    "first_k_dense_replace": layer_count(1),
    "num_nextn_predict_layers": layer_count(None),
}


def describe(config):
    # a bias, where there is one, is on query, key and value alone
    norm = "head" if config.use_qk_norm else None
    attention = gqa_attention(config, qkv_bias=config.attention_bias, qk_norm=norm)
    dense = layer(config, "dense layer", attention, swiglu("dense_mlp", config.hidden_size, config.intermediate_size))
    moe = layer(config, "MoE layer", attention, grouped_experts_mlp(config), num_correction_biases=config.n_routed_experts)
    order = [dense if index < config.first_k_dense_replace else moe for index in range(config.num_hidden_layers)]
    return decoder(config, order, mtp=[mtp_module(config, moe)] * (config.num_nextn_predict_layers or 0))
