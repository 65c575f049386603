"""GPT-J: attention and feed-forward side by side behind one norm; biases in the feed-forward and the head alone."""

from ..keys import size
from ._parts import COMMON_KEYS, LAYER_NORM, PARALLEL, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | {"intermediate_size": size(None)}

SPELLING = {"intermediate_size": ("n_inner",)}


def describe(config):
    how = {"width": config.intermediate_size or 4 * config.hidden_size, "mlp_bias": True, "norms": PARALLEL}
    layers = dense_layers(config, None, plain_mlp, norm_kind=LAYER_NORM, kv_heads=config.num_attention_heads, **how)
    return decoder(config, layers, LAYER_NORM, head_bias=True)
