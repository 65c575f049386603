"""Bamba: Mamba-2 layers with attention at a few, and a gated feed-forward in each."""

from ..keys import flag, indices
from ._parts import COMMON_KEYS, FULL, GQA_KEYS, LINEAR, decoder, gqa_attention, layer, stack, swiglu
from ._recurrences import MAMBA2_KEYS, mamba2, mixing_layer, note

KEYS = COMMON_KEYS | GQA_KEYS | MAMBA2_KEYS | {
    "attention_bias": flag(False),
    "mlp_bias": flag(False),
    "mamba_proj_bias": flag(False),
    "attn_layer_indices": indices(),
}


def describe(config):
    bias = config.attention_bias
    mlp = swiglu("dense_mlp", config.hidden_size, config.intermediate_size, bias=config.mlp_bias)

    def block(kind):
        if kind == LINEAR:
            return layer(config, mixing_layer(False, "Mamba-2"), mamba2(config, bias=config.mamba_proj_bias), mlp)
        return layer(config, "dense layer", gqa_attention(config, qkv_bias=bias, output_bias=bias), mlp)

    kinds = [FULL if index in config.attn_layer_indices else LINEAR for index in range(config.num_hidden_layers)]
    return decoder(config, stack([(kind,) for kind in kinds], block), flops_note=note(kinds))
