"""DeepSeek-MoE, and models of V2's name with ``use_mla`` false: V2's experts behind grouped-query attention."""

from ..keys import flag, layer_count, size
from . import deepseek_v2
from ._parts import decoder, gqa_attention
from ._sparse import SPARSE_KEYS

KEYS = SPARSE_KEYS | {"attention_bias": flag(False), "first_k_dense_replace": layer_count(), "moe_layer_freq": size(1)}


def describe(config):
    bias = config.attention_bias
    _, order = deepseek_v2.layers(config, attention=gqa_attention(config, qkv_bias=bias, output_bias=bias))
    return decoder(config, order)
