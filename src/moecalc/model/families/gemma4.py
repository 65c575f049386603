"""Gemma 4: full layers with heads of their own size, in the small ones a second embedding for every layer and shared keys
and values, in the large one experts beside the dense feed-forward.
"""

from collections.abc import Mapping

from ...base.checks import whole
from ...base.errors import InputError, quoted
from ..anatomy import vector
from ..keys import MAX_LAYERS, MAX_SIZE, flag, names, size
from ._parts import (
    COMMON_KEYS,
    FULL,
    GQA_KEYS,
    SANDWICH,
    SLIDING,
    decoder,
    experts_mlp,
    gqa_attention,
    kinds_of_layers,
    layer,
    layer_name,
    norm,
    stack,
    swiglu,
)
from ._per_layer import PER_LAYER_KEYS, per_layer_input, per_layer_table, shares_keys, without
from ._sparse import with_sizes

#: Sizes that a layer may have of its own.
OWN_SIZES = ("head_dim", "num_key_value_heads")


def _own_sizes(key, value):
    """Layer -> its own sizes, as transformers saves them: {"05": {"head_dim": 512}}."""
    if not isinstance(value, Mapping) or not all(isinstance(one, Mapping) for one in value.values()):
        raise InputError(f'{key} must be an object of layers such as {{"5": {{"head_dim": 512}}}}; found {quoted(value)}')
    found = {}
    for number, sizes in value.items():
        index = whole(key, int(number) if str(number).isdecimal() else number, 0, MAX_LAYERS)
        found[index] = {one: whole(one, sizes[one], 1, MAX_SIZE) for one in OWN_SIZES if one in sizes}
    return found


KEYS = COMMON_KEYS | GQA_KEYS | PER_LAYER_KEYS | {
    "head_dim": size(),
    "attention_bias": flag(False),
    "sliding_window": size(),
    "layer_types": names(FULL, SLIDING),
    "global_head_dim": size(512),
    "num_global_key_value_heads": size(None),
    "per_layer_config": (_own_sizes, None),
    "attention_k_eq_v": flag(False),
    "use_double_wide_mlp": flag(False),
    "enable_moe_block": flag(False),
    "num_experts": size(None),
    "num_experts_per_tok": size(None),
    "moe_intermediate_size": size(None),
}

SPELLING = {"num_experts_per_tok": ("top_k_experts",)}


def sizes_of_layers(config):
    """(kind, head_dim, key-value heads) of every layer; the last one attends to all."""
    kinds = kinds_of_layers(config, lambda index: SLIDING if (index + 1) % 6 else FULL)
    kinds[-1] = FULL
    own = config.per_layer_config
    if own is None:
        full = {"head_dim": config.global_head_dim}
        if config.attention_k_eq_v and config.num_global_key_value_heads:
            full["num_key_value_heads"] = config.num_global_key_value_heads
        own = {index: full for index, kind in enumerate(kinds) if kind == FULL}
    usual = {one: getattr(config, one) for one in OWN_SIZES}
    return [(kind, *(usual | own.get(index, {})).values()) for index, kind in enumerate(kinds)]


def experts_beside(config):
    """Behind the dense feed-forward: norms around both ways, a router that scales its input and each expert's output."""
    needed = ("num_experts", "num_experts_per_tok", "moe_intermediate_size")
    for key in needed:
        if getattr(config, key) is None:
            raise InputError(f"{SPELLING.get(key, (key,))[0]} must be given where enable_moe_block is true; found null")
    hidden, experts = config.hidden_size, config.num_experts
    ways = ("post_feedforward_layernorm_1", "pre_feedforward_layernorm_2", "post_feedforward_layernorm_2")
    return [
        *(tensor for way in ways for tensor in norm(way, hidden)),
        vector("router", "router.scale", hidden),
        vector("router", "router.per_expert_scale", experts),
        *experts_mlp(config, experts, config.moe_intermediate_size),
    ]


def describe(config):
    bias, moe = config.attention_bias, config.enable_moe_block

    def block(kind, head_dim, kv_heads, shared):
        window = config.sliding_window if kind == SLIDING else None
        sizes = with_sizes(config, head_dim=head_dim, num_key_value_heads=kv_heads)
        attention = gqa_attention(sizes, qkv_bias=bias, output_bias=bias, window=window, qk_norm="head")
        if shared:
            attention = without(attention, "k_", "v_", cached=False)
        elif config.attention_k_eq_v and kind == FULL:
            attention = without(attention, "v_")  # keys are used as values, and cached as both
        width = config.intermediate_size * (2 if config.use_double_wide_mlp and shared else 1)
        mlp = swiglu("dense_mlp", config.hidden_size, width) + (experts_beside(config) if moe else [])
        return layer(config, layer_name(moe, window), attention, mlp, norms=SANDWICH, after=per_layer_input(config))

    kinds = [(*sizes, shared) for sizes, shared in zip(sizes_of_layers(config), shares_keys(config), strict=True)]
    return decoder(config, stack(kinds, block), before=per_layer_table(config))
