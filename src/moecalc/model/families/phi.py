"""Phi-1.5 and Phi-2: attention and feed-forward side by side behind one norm; biases everywhere, in the head too."""

from ..keys import flag
from ._parts import COMMON_KEYS, GQA_KEYS, LAYER_NORM, PARALLEL, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | GQA_KEYS | {"qk_layernorm": flag(False)}


def describe(config):
    how = {"mlp_bias": True, "norms": PARALLEL, "norm_kind": LAYER_NORM, "qkv_bias": True, "output_bias": True}
    if config.qk_layernorm:
        how |= {"qk_norm": "head", "qk_norm_kind": LAYER_NORM}
    return decoder(config, dense_layers(config, None, plain_mlp, **how), LAYER_NORM, head_bias=True)
