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

KEYS = COMMON_KEYS | GQA_KEYS | {key: QWEN3_MOE_KEYS[key] for key in ("decoder_sparse_step", "mlp_only_layers")} | {
    "attention_bias": flag(False),
    "moe_intermediate_size": size(),
    "shared_expert_intermediate_size": count(0),
    "num_experts": count(),
    "num_experts_per_tok": size(),
    "full_attention_interval": size(4),
    "layer_types": names(FULL, LINEAR),
    "linear_num_key_heads": size(),
    "linear_num_value_heads": size(),
    "linear_key_head_dim": size(),
    "linear_value_head_dim": size(),
    "linear_conv_kernel_dim": size(),
}

MTP_NOTE = "the config does not give the form of the multi-token prediction module that the published checkpoint holds"
FLOPS_NOTE = "the products inside the gated delta rule are not counted: how many there are depends on the size of its chunks"


def linear_attention(config):
    """A gated delta rule behind a short convolution: its state is of one size, however long the sequence."""
    hidden, kernel = config.hidden_size, config.linear_conv_kernel_dim
    k_heads, v_heads = config.linear_num_key_heads, config.linear_num_value_heads
    if v_heads % k_heads:
        raise InputError(f"linear_num_key_heads must divide the {v_heads} linear value heads; found {k_heads}")
    keys, values = k_heads * config.linear_key_head_dim, v_heads * config.linear_value_head_dim
    mixed = 2 * keys + values
    tensors = [
        matrix(LINEAR, "in_proj_qkvz", hidden, mixed + values, shards=k_heads),
        matrix(LINEAR, "in_proj_ba", hidden, 2 * v_heads, shards=k_heads),
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


def describe(config):
    bias = config.attention_bias

    def block(kind, moe):
        if kind == LINEAR:
            attention = linear_attention(config)
        else:
            attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, qk_norm="head", gate=True)
        return layer(config, layer_name(moe, linear=kind == LINEAR), attention, feed_forward(config, moe))

    types = kinds_of_layers(config, lambda index: LINEAR if (index + 1) % config.full_attention_interval else FULL)
    kinds = [(kind, is_moe_layer(config, index)) for index, kind in enumerate(types)]
    flops_note = FLOPS_NOTE if LINEAR in types else None
    return decoder(config, stack(kinds, block), mtp_note=MTP_NOTE, flops_note=flops_note)
