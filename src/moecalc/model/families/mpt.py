"""MPT: multi-head attention without rotary or learned positions, no biases, a feed-forward of two matrices."""

from ..keys import size
from ._parts import COMMON_KEYS, decoder, dense_layers, plain_mlp

KEYS = {key: reader for key, reader in COMMON_KEYS.items() if key != "intermediate_size"} | {"expansion_ratio": size(4)}


def describe(config):
    width, heads = config.expansion_ratio * config.hidden_size, config.num_attention_heads
    return decoder(config, dense_layers(config, None, plain_mlp, width, kv_heads=heads))
