"""GPT-2: learned positions, biases everywhere, norms with a bias, a feed-forward of two matrices.

GPT-BigCode (StarCoder, SantaCoder) is the same with multi-query attention.
"""

from ..keys import flag, size
from ._parts import COMMON_KEYS, LAYER_NORM, decoder, dense_layers, learned_positions, plain_mlp

KEYS = COMMON_KEYS | {
    "intermediate_size": size(None),
    "max_position_embeddings": size(),
    "multi_query": flag(False),
    "tie_word_embeddings": flag(True),
}

SPELLING = {"intermediate_size": ("n_inner",)}


def describe(config):
    width = config.intermediate_size or 4 * config.hidden_size
    attention = {"qkv_bias": True, "output_bias": True, "kv_heads": 1 if config.multi_query else config.num_attention_heads}
    layers = dense_layers(config, None, plain_mlp, width, mlp_bias=True, norm_kind=LAYER_NORM, **attention)
    return decoder(config, layers, LAYER_NORM, before=[learned_positions(config, config.max_position_embeddings)])
