"""Hy3: norms of each head, and experts beside a shared one in all layers but the first."""

from ..keys import flag, layer_count
from ._parts import gqa_attention
from ._sparse import MLP_TYPES, SHARED_SPELLING, SPARSE_KEYS, mtp_note, routed_layers, sparse_decoder

KEYS = SPARSE_KEYS | MLP_TYPES | {
    "attention_bias": flag(False),
    "mlp_bias": flag(False),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = SHARED_SPELLING


def describe(config):
    bias = config.attention_bias
    attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, qk_norm="head")
    routes, mlp_bias = routed_layers(config, prefix=1), config.mlp_bias
    return sparse_decoder(config, lambda window: attention, routes, mlp_bias=mlp_bias, mtp_note=mtp_note(config))
