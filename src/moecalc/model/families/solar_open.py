"""Solar Open: GLM-4.5 without norms in attention, experts in each layer."""

from ..keys import flag, size
from ._parts import gqa_attention
from ._sparse import SPARSE_KEYS, sparse_decoder

KEYS = SPARSE_KEYS | {"attention_bias": flag(False), "intermediate_size": size(None)}


def describe(config):
    # a bias, where there is one, is on query, key and value alone
    attention = gqa_attention(config, qkv_bias=config.attention_bias)
    return sparse_decoder(config, lambda window: attention, [True] * config.num_hidden_layers)
