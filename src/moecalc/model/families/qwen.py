"""Qwen 1: multi-head attention with biases on query, key and value; ``intermediate_size`` counts gate and up together."""

from ...base.errors import InputError
from ..keys import flag, size
from ._parts import COMMON_KEYS, decoder, dense_layers

KEYS = COMMON_KEYS | {"head_dim": size(), "no_bias": flag(True)}

SPELLING = {"head_dim": ("kv_channels",)}


def describe(config):
    both, bias = config.intermediate_size, not config.no_bias
    if both % 2:
        raise InputError(f"intermediate_size must be even, for gate and up share it; found {both}")
    attention = {"qkv_bias": True, "output_bias": bias, "kv_heads": config.num_attention_heads}
    return decoder(config, dense_layers(config, width=both // 2, mlp_bias=bias, **attention))
