"""MiMo-V2-Flash: values narrower than keys; most layers slide a window, with more key-value heads and learned sinks."""

from ..anatomy import vector
from ..keys import count, flag, names, size
from ._parts import FULL, SLIDING, gqa_attention, kinds_of_layers
from ._sparse import MLP_TYPES, SPARSE_KEYS, routed_layers, sparse_decoder, with_sizes

KEYS = SPARSE_KEYS | MLP_TYPES | {
    "n_shared_experts": count(None),
    "head_dim": size(),
    "v_head_dim": size(),
    "swa_num_key_value_heads": size(None),
    "attention_bias": flag(False),
    "sliding_window": size(),
    "layer_types": names(FULL, SLIDING),
    "hybrid_layer_pattern": names(0, 1),
    "moe_layer_freq": names(0, 1),
    "add_swa_attention_sink_bias": flag(True),
    "add_full_attention_sink_bias": flag(False),
}

MTP_NOTE = "the config does not name the multi-token prediction modules that the published checkpoint holds"


def describe(config):
    def attention(window):
        slides = window is not None
        kv_heads = config.num_key_value_heads
        if slides:
            kv_heads = config.swa_num_key_value_heads or 2 * kv_heads
        sizes = with_sizes(config, num_key_value_heads=kv_heads)
        parts = gqa_attention(sizes, qkv_bias=config.attention_bias, window=window, v_dim=config.v_head_dim)
        if config.add_swa_attention_sink_bias if slides else config.add_full_attention_sink_bias:
            parts[0].append(vector("attention", "sinks", config.num_attention_heads, shards=config.num_attention_heads))
        return parts

    if config.layer_types is None and config.hybrid_layer_pattern is not None:
        slides = [kind == 1 for kind in kinds_of_layers(config, key="hybrid_layer_pattern")]
    else:
        kinds = kinds_of_layers(config, lambda index: FULL if index == 0 or (index + 1) % 6 == 0 else SLIDING)
        slides = [kind == SLIDING for kind in kinds]
    windows = [config.sliding_window if one else None for one in slides]
    routes = routed_layers(config, prefix=1, flags="moe_layer_freq")
    return sparse_decoder(config, attention, routes, windows, mtp_note=MTP_NOTE)
