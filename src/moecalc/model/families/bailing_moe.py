"""Ling and Ring of two generations: experts beside shared ones, later behind a dense prefix and norms of each head."""

from ..keys import flag, layer_count, size
from ._parts import check_groups, decoder, experts_mlp, gqa_attention, layer, layer_name, stack, swiglu
from ._sparse import SHARED_SPELLING, SPARSE_KEYS, mtp_note

KEYS = SPARSE_KEYS | {
    "moe_shared_expert_intermediate_size": size(None),
    "first_k_dense_replace": layer_count(0),
    "use_qk_norm": flag(False),
    "use_qkv_bias": flag(False),
    "use_bias": flag(False),
    "moe_router_enable_expert_bias": flag(False),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = SHARED_SPELLING


def describe(config):
    experts = config.n_routed_experts
    norm = "head" if config.use_qk_norm else None
    attention = gqa_attention(config, qkv_bias=config.use_qkv_bias, output_bias=config.use_bias, qk_norm=norm)
    shared = config.n_shared_experts * (config.moe_shared_expert_intermediate_size or config.moe_intermediate_size)

    def block(moe):
        if not moe:
            return layer(config, "dense layer", attention, swiglu("dense_mlp", config.hidden_size, config.intermediate_size))
        routed = experts_mlp(config, experts, config.moe_intermediate_size, shared)
        check_groups(config, experts)
        return layer(config, layer_name(moe), attention, routed, experts if config.moe_router_enable_expert_bias else 0)

    routes = [(index >= config.first_k_dense_replace,) for index in range(config.num_hidden_layers)]
    return decoder(config, stack(routes, block), mtp_note=mtp_note(config))
