"""LFM2: short convolutions with attention at some layers, and a gated feed-forward in each."""

import math

from ..keys import flag, indices, names, number, size
from ._parts import COMMON_KEYS, FULL, GQA_KEYS, decoder, gqa_attention, kinds_of_layers, layer, stack, swiglu
from ._recurrences import mixing_layer, short_convolution

CONVOLUTION = "conv"  #: in ``layer_types``

#: Keys of the two kinds of layers.
MIXER_KEYS = COMMON_KEYS | GQA_KEYS | {
    "conv_bias": flag(False),
    "conv_L_cache": size(),
    "layer_types": names(FULL, CONVOLUTION),
}

KEYS = MIXER_KEYS | {
    "block_ff_dim": size("intermediate_size"),
    "block_auto_adjust_ff_dim": flag(True),
    "block_ffn_dim_multiplier": number(None),
    "block_multiple_of": size(),
    "full_attn_idxs": indices(None),
}

SPELLING = {"tie_word_embeddings": ("tie_embedding",)}


def mixer(config, kind):
    """A short convolution, or attention whose queries and keys are normalised head by head."""
    if kind == CONVOLUTION:
        return short_convolution(config, config.conv_L_cache, bias=config.conv_bias)
    return gqa_attention(config, qk_norm="head")


def name_of(kind, moe=False):
    """What a layer is called."""
    return mixing_layer(moe, "short convolution" if kind == CONVOLUTION else "")


def width(config):
    """Width of the feed-forward: two thirds of what is given, times a factor, in whole multiples, unless it is as given."""
    given, factor, step = config.block_ff_dim, config.block_ffn_dim_multiplier, config.block_multiple_of
    if not config.block_auto_adjust_ff_dim:
        return given
    two_thirds = int(2 * given / 3)
    return two_thirds if factor is None else max(1, math.ceil(int(factor * two_thirds) / step)) * step


def describe(config):
    def block(kind):
        mlp = swiglu("dense_mlp", config.hidden_size, width(config))
        return layer(config, name_of(kind), mixer(config, kind), mlp)

    chosen = config.full_attn_idxs
    kinds = kinds_of_layers(config, lambda index: FULL if chosen is None or index in chosen else CONVOLUTION)
    return decoder(config, stack([(kind,) for kind in kinds], block))
