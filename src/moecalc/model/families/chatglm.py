"""ChatGLM2, ChatGLM3 and GLM-4 as first published: Llama's form under names and flags of its own."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, LAYER_NORM, NO_WEIGHT, RMS, decoder, dense_layers

KEYS = COMMON_KEYS | {
    "head_dim": size(),
    "multi_query_attention": flag(False),
    "multi_query_group_num": size(1),
    "add_qkv_bias": flag(False),
    "add_bias_linear": flag(False),
    "rmsnorm": flag(True),
    "post_layer_norm": flag(True),
}

SPELLING = {
    "vocab_size": ("padded_vocab_size",),
    "intermediate_size": ("ffn_hidden_size",),
    "num_hidden_layers": ("num_layers",),
    "head_dim": ("kv_channels",),
}


def describe(config):
    kind, bias = RMS if config.rmsnorm else LAYER_NORM, config.add_bias_linear
    kv_heads = config.multi_query_group_num if config.multi_query_attention else config.num_attention_heads
    attention = {"qkv_bias": config.add_qkv_bias or bias, "output_bias": bias, "kv_heads": kv_heads}
    layers = dense_layers(config, mlp_bias=bias, norm_kind=kind, **attention)
    return decoder(config, layers, kind if config.post_layer_norm else NO_WEIGHT)
