"""Step-3.5-Flash: norms and a gate of each head; layers that slide a window have more heads; experts beside a shared one."""

from ..anatomy import matrix
from ..keys import flag, indices_as_text, layer_count, names, size
from ._parts import FULL, SLIDING, decoder, experts_mlp, gqa_attention, kinds_of_layers, layer, layer_name, stack, swiglu
from ._sparse import MLP_TYPES, SPARSE_KEYS, mtp_note, routed_layers, with_sizes

KEYS = {key: reader for key, reader in SPARSE_KEYS.items() if key != "n_shared_experts"} | MLP_TYPES | {
    "num_sliding_attention_heads": size("num_attention_heads"),
    "share_expert_dim": size(),
    "sliding_window": size(None),
    "layer_types": names(FULL, SLIDING),
    "moe_layers_enum": indices_as_text(),
    "attention_bias": flag(False),
    "mlp_bias": flag(False),
    "use_head_wise_attn_gate": flag(True),
    "use_moe_router_bias": flag(True),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = {
    "num_key_value_heads": ("num_attention_groups",),
    "n_routed_experts": ("moe_num_experts",),
    "num_experts_per_tok": ("moe_top_k",),
    "share_expert_dim": ("share_expert_dims",),
    "num_sliding_attention_heads": ("attention_other_setting.num_attention_heads",),
}


def attention(config, window, heads):
    """Grouped-query attention of `heads` heads, each with a gate of one number."""
    bias = config.attention_bias
    sizes = with_sizes(config, num_attention_heads=heads)
    parts = gqa_attention(sizes, qkv_bias=bias, output_bias=bias, window=window, qk_norm="head")
    if config.use_head_wise_attn_gate:
        parts[0].append(matrix("attention", "g_proj", config.hidden_size, heads, shards=heads))
    return parts


def describe(config):
    hidden, bias, experts = config.hidden_size, config.mlp_bias, config.n_routed_experts

    def block(moe, kind):
        slides = kind == SLIDING
        window = config.sliding_window if slides else None
        parts = attention(config, window, config.num_sliding_attention_heads if slides else config.num_attention_heads)
        if not moe:
            return layer(config, layer_name(moe, window), parts, swiglu("dense_mlp", hidden, config.intermediate_size, bias))
        mlp = experts_mlp(config, experts, config.moe_intermediate_size, config.share_expert_dim, shared_bias=bias)
        return layer(config, layer_name(moe, window), parts, mlp, experts if config.use_moe_router_bias else 0)

    named = config.moe_layers_enum
    routes = routed_layers(config, prefix=3)
    if config.mlp_layer_types is None and named is not None:
        routes = [index in named for index in range(config.num_hidden_layers)]
    kinds = kinds_of_layers(config, lambda index: FULL)
    return decoder(config, stack(list(zip(routes, kinds, strict=True)), block), mtp_note=mtp_note(config))
