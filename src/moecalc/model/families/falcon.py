"""Falcon: attention and feed-forward side by side, behind one norm or a norm each; multi-query, grouped or multi-head."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, LAYER_NORM, PARALLEL, PRE, decoder, dense_layers, plain_mlp

KEYS = COMMON_KEYS | {
    "intermediate_size": size(None),
    "num_key_value_heads": size("num_attention_heads"),
    "new_decoder_architecture": flag(False),
    "multi_query": flag(True),
    "parallel_attn": flag(True),
    "num_ln_in_parallel_attn": size(None),
    "bias": flag(False),
}

SPELLING = {"intermediate_size": ("ffn_hidden_size",), "num_key_value_heads": ("num_kv_heads",), "hidden_size": ("n_embed",)}


def describe(config):
    hidden, heads, bias = config.hidden_size, config.num_attention_heads, config.bias
    new = config.new_decoder_architecture
    kv_heads = config.num_key_value_heads if new else 1 if config.multi_query else heads
    num_norms = config.num_ln_in_parallel_attn or (2 if new else 1)
    norms = PARALLEL if config.parallel_attn and num_norms != 2 else PRE
    how = {"mlp_bias": bias, "qkv_bias": bias, "output_bias": bias, "kv_heads": kv_heads}
    width = config.intermediate_size or 4 * hidden
    layers = dense_layers(config, None, plain_mlp, width, norms=norms, norm_kind=LAYER_NORM, **how)
    return decoder(config, layers, LAYER_NORM)
