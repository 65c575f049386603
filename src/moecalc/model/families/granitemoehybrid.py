"""Granite 4.0: Mamba-2 or attention in each layer, before one feed-forward, beside which there may be routed experts."""

from ...base.errors import InputError
from ..keys import count, flag, names, size
from ._parts import COMMON_KEYS, FULL, GQA_KEYS, LINEAR, decoder, experts_mlp, gqa_attention, layer, stack, swiglu
from ._recurrences import MAMBA2_KEYS, OLDER, kinds, mamba2, mixing_layer, note

KEYS = COMMON_KEYS | GQA_KEYS | MAMBA2_KEYS | {
    "attention_bias": flag(False),
    "mamba_proj_bias": flag(False),
    "shared_intermediate_size": size(),
    "num_local_experts": count(),
    "num_experts_per_tok": count(),
    "layer_types": names(FULL, LINEAR, *OLDER),
}


def feed_forward(config):
    """One gated feed-forward of the shared width; it is the shared expert where there are routed ones."""
    experts, shared = config.num_local_experts, config.shared_intermediate_size
    if not experts:
        return swiglu("dense_mlp", config.hidden_size, shared)
    if not config.num_experts_per_tok:
        raise InputError(f"num_experts_per_tok must be from 1 to the {experts} routed experts; found 0")
    return experts_mlp(config, experts, config.intermediate_size, shared_width=shared)


def describe(config):
    bias, moe = config.attention_bias, bool(config.num_local_experts)

    def block(kind):
        if kind == LINEAR:
            mixer, name = mamba2(config, bias=config.mamba_proj_bias), mixing_layer(moe, "Mamba-2")
        else:
            mixer, name = gqa_attention(config, qkv_bias=bias, output_bias=bias), mixing_layer(moe)
        return layer(config, name, mixer, feed_forward(config))

    there = kinds(config, lambda index: LINEAR)
    return decoder(config, stack([(kind,) for kind in there], block), flops_note=note(there))
