"""Qwen3-Next: three layers of linear attention (a gated delta rule) to one of gated full attention; experts in each."""

from ...base.errors import InputError
from ..anatomy import Cache, matrix, vector
from ..keys import count, flag, names, size
from ._parts import (
    COMMON_KEYS,
    FULL,
    GQA_KEYS,
    LINEAR,
    decoder,
    experts_mlp,
    gqa_attention,
    kinds_of_layers,
    layer,
    layer_name,
    stack,
    swiglu,
)
from .qwen3_moe import KEYS as QWEN3_MOE_KEYS
from .qwen3_moe import is_moe_layer

#: Keys of the two kinds of attention.
HYBRID_KEYS = COMMON_KEYS | GQA_KEYS | {
    "attention_bias": flag(False),
    "full_attention_interval": size(4),
    "layer_types": names(FULL, LINEAR),
    "linear_num_key_heads": size(),
    "linear_num_value_heads": size(),
    "linear_key_head_dim": size(),
    "linear_value_head_dim": size(),
    "linear_conv_kernel_dim": size(),
}

EXPERT_KEYS = {
    "moe_intermediate_size": size(),
    "shared_expert_intermediate_size": count(0),
    "num_experts": count(),
    "num_experts_per_tok": size(),
}

KEYS = HYBRID_KEYS | EXPERT_KEYS | {key: QWEN3_MOE_KEYS[key] for key in ("decoder_sparse_step", "mlp_only_layers")}

MTP_NOTE = "the config does not give the form of the multi-token prediction module that the published checkpoint holds"
FLOPS_NOTE = "the products inside the gated delta rule are not counted: how many there are depends on the size of its chunks"


def linear_attention(config, split=False):
    """A gated delta rule behind a short convolution: its state is of one size, however long the sequence.

    With `split`, the gate of the output and the two of the state have projections of their own.
    """
    hidden, kernel = config.hidden_size, config.linear_conv_kernel_dim
    k_heads, v_heads = config.linear_num_key_heads, config.linear_num_value_heads
    if v_heads % k_heads:
        raise InputError(f"linear_num_key_heads must divide the {v_heads} linear value heads; found {k_heads}")
    keys, values = k_heads * config.linear_key_head_dim, v_heads * config.linear_value_head_dim
    mixed = 2 * keys + values
    into = {"qkvz": mixed + values, "ba": 2 * v_heads}
    if split:
        into = {"qkv": mixed, "z": values, "b": v_heads, "a": v_heads}
    tensors = [
        *[matrix(LINEAR, f"in_proj_{name}", hidden, width, shards=k_heads) for name, width in into.items()],
        matrix(LINEAR, "conv1d", kernel, mixed, shards=k_heads),  # each channel apart
        vector(LINEAR, "dt_bias", v_heads, shards=k_heads),
        vector(LINEAR, "A_log", v_heads, shards=k_heads),
        vector(LINEAR, "norm", config.linear_value_head_dim),
        matrix(LINEAR, "out_proj", values, hidden, shards=v_heads),
    ]
    state = v_heads * config.linear_key_head_dim * config.linear_value_head_dim
    inputs = Cache("inputs of the convolution", kernel * mixed, once=True, shards=k_heads)
    return tensors, [], [Cache("state", state, once=True, shards=k_heads), inputs]


def feed_forward(config, moe):
    """Experts with a shared one that a gate of its own scales, or one dense feed-forward."""
    hidden, shared = config.hidden_size, config.shared_expert_intermediate_size
    if not moe:
        return swiglu("dense_mlp", hidden, config.intermediate_size)
    routed = experts_mlp(config, config.num_experts, config.moe_intermediate_size, shared_width=shared)
    return [*routed, matrix("shared_experts", "shared_expert_gate", hidden, 1)] if shared else routed


def hybrid(config, moe, feed_forward, split=False, mtp_note=MTP_NOTE):
    """The model whose layers mix tokens in either way; ``moe(index)`` says which have experts, `feed_forward` makes both."""
    bias = config.attention_bias

    def block(kind, moe):
        if kind == LINEAR:
            attention = linear_attention(config, split)
        else:
            attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, qk_norm="head", gate=True)
        return layer(config, layer_name(moe, linear=kind == LINEAR), attention, feed_forward(config, moe))

    types = kinds_of_layers(config, lambda index: LINEAR if (index + 1) % config.full_attention_interval else FULL)
    kinds = [(kind, moe(index)) for index, kind in enumerate(types)]
    flops_note = FLOPS_NOTE if LINEAR in types else None
    return decoder(config, stack(kinds, block), mtp_note=mtp_note, flops_note=flops_note)


def describe(config):
    return hybrid(config, lambda index: is_moe_layer(config, index), feed_forward)
