"""StableLM: norms with a bias, perhaps one a layer; each head of query and key may have a norm of its own."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, LAYER_NORM, PARALLEL, PRE, decoder, dense_layers

KEYS = COMMON_KEYS | {
    "num_key_value_heads": size("num_attention_heads"),
    "use_qkv_bias": flag(False),
    "qk_layernorm": flag(False),
    "use_parallel_residual": flag(False),
}


def describe(config):
    norms, qk_norm = PARALLEL if config.use_parallel_residual else PRE, "projection" if config.qk_layernorm else None
    how = {"norms": norms, "norm_kind": LAYER_NORM, "qkv_bias": config.use_qkv_bias, "qk_norm": qk_norm}
    return decoder(config, dense_layers(config, **how), LAYER_NORM)
