"""Kimi Linear: Kimi delta attention with multi-head latent attention at some layers, experts behind a dense prefix."""

from ...base.errors import InputError
from ..keys import indices, layer_count, names, size, without
from . import deepseek_v2
from ._parts import (
    FULL,
    LINEAR,
    decoder,
    grouped_experts_mlp,
    kinds_of_layers,
    layer,
    layer_name,
    mla_attention,
    stack,
    swiglu,
)
from ._recurrences import DELTA_NOTE, kimi_delta_attention, note

DENSE, SPARSE = "dense", "sparse"

#: Keys that hybrids of latent and linear attention with experts share. They are never tied.
HYBRID_KEYS = without(deepseek_v2.KEYS, "tie_word_embeddings", "moe_layer_freq") | {
    "layer_types": names(FULL, LINEAR),
    "mlp_layer_types": names(DENSE, SPARSE),
    "first_k_dense_replace": layer_count(1),
    "num_nextn_predict_layers": layer_count(None),
}

KEYS = HYBRID_KEYS | {
    "linear_num_heads": size(),
    "linear_head_dim": size(),
    "linear_conv_kernel_dim": size(),
    "full_attn_layers": indices(None),
    "routed_expert_hidden_size": size(None),
}

#: How hybrids with these names spell what DeepSeek's have.
EXPERT_NAMES = {
    "n_routed_experts": ("num_experts", "num_local_experts"),
    "n_shared_experts": ("num_shared_experts",),
    "num_experts_per_tok": ("num_experts_per_token",),
    "n_group": ("num_expert_group",),
}

SPELLING = EXPERT_NAMES | {
    "linear_num_heads": ("linear_attn_config.num_heads",),
    "linear_head_dim": ("linear_attn_config.head_dim",),
    "linear_conv_kernel_dim": ("linear_attn_config.short_conv_kernel_size",),
    "full_attn_layers": ("linear_attn_config.full_attn_layers",),
}

MTP_NOTE = "the config does not give the form of the multi-token prediction layer"


def hybrid(config, attention, linear, attends, mtp_note):
    """The model of two kinds of mixers, which ``attends(index)`` chooses between, and two of feed-forwards."""

    def block(kind, moe):
        mlp = grouped_experts_mlp(config) if moe else swiglu("dense_mlp", config.hidden_size, config.intermediate_size)
        biases = config.n_routed_experts if moe else 0
        name = layer_name(moe, linear=kind == LINEAR)
        return layer(config, name, linear if kind == LINEAR else attention, mlp, num_correction_biases=biases)

    kinds = kinds_of_layers(config, lambda index: FULL if attends(index) else LINEAR)
    prefix = config.first_k_dense_replace
    rest = kinds_of_layers(config, lambda index: DENSE if index < prefix else SPARSE, "mlp_layer_types")
    order = stack([(kind, mlp == SPARSE) for kind, mlp in zip(kinds, rest, strict=True)], block)
    return decoder(config, order, mtp_note=mtp_note, flops_note=note(kinds, DELTA_NOTE))


def describe(config):
    if config.routed_expert_hidden_size is not None:
        given = config.routed_expert_hidden_size
        raise InputError(f"routed_expert_hidden_size must be absent, for Kimi K3 is not described; found {given}")
    given = config.full_attn_layers  # from 1

    def attends(index):
        return index + 1 in given if given is not None else index > 0 and index % 4 == 0

    linear = kimi_delta_attention(config, config.linear_num_heads, config.linear_head_dim, config.linear_conv_kernel_dim)
    return hybrid(config, mla_attention(config), linear, attends, MTP_NOTE if config.num_nextn_predict_layers else None)
