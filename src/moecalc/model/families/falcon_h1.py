"""Falcon-H1: in each layer Mamba-2 and attention side by side, then a gated feed-forward."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, gqa_attention, layer, swiglu
from ._recurrences import MAMBA2_KEYS, MAMBA_NOTE, mamba2, mixing_layer

KEYS = COMMON_KEYS | GQA_KEYS | MAMBA2_KEYS | {
    "attention_bias": flag(False),
    "mlp_bias": flag(False),
    "mamba_proj_bias": flag(False),
    "projectors_bias": flag(False),
    "mamba_rms_norm": flag(False),
    "mamba_d_ssm": size(None),
}


def describe(config):
    bias, norm = config.attention_bias, config.mamba_rms_norm
    # null: as wide as in other Mamba-2 layers
    entry, output = config.mamba_proj_bias, config.projectors_bias
    mamba = mamba2(config, inner=config.mamba_d_ssm, bias=entry, output_bias=output, gated_norm=norm)
    attention = gqa_attention(config, qkv_bias=bias, output_bias=bias)
    both = [[*one, *other] for one, other in zip(mamba, attention, strict=True)]
    mlp = swiglu("dense_mlp", config.hidden_size, config.intermediate_size, bias=config.mlp_bias)
    block = layer(config, mixing_layer(False, "Mamba-2 beside attention"), both, mlp)
    return decoder(config, [block] * config.num_hidden_layers, flops_note=MAMBA_NOTE)
