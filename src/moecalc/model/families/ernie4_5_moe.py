"""ERNIE 4.5 MoE: experts beside shared ones from one layer to another, at an interval; biases everywhere by a flag."""

from ...base.checks import whole
from ..keys import MAX_LAYERS, flag, layer_count, layers
from ._parts import gqa_attention
from ._sparse import SPARSE_KEYS, mtp_note, sparse_decoder


def _last(key, value):
    """A layer, or -1 for the last one."""
    return whole(key, value, -1, MAX_LAYERS)


KEYS = SPARSE_KEYS | {
    "use_bias": flag(False),
    "moe_layer_start_index": layer_count(),
    "moe_layer_end_index": (_last, None),
    "moe_layer_interval": layers(1),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = {
    "n_routed_experts": ("moe_num_experts",),
    "n_shared_experts": ("moe_num_shared_experts",),
    "num_experts_per_tok": ("moe_k",),
}


def describe(config):
    bias, first, step = config.use_bias, config.moe_layer_start_index, config.moe_layer_interval
    last = config.num_hidden_layers - 1 if config.moe_layer_end_index in (None, -1) else config.moe_layer_end_index
    routes = [first <= index <= last and (index + 1) % step == 0 for index in range(config.num_hidden_layers)]

    def attention(window):
        return gqa_attention(config, qkv_bias=bias, output_bias=bias)

    return sparse_decoder(config, attention, routes, mlp_bias=bias, head_bias=bias, mtp_note=mtp_note(config))
