"""BLOOM: multi-head attention, biases everywhere, norms with a bias, one of them behind the embedding."""

from ._parts import COMMON_KEYS, LAYER_NORM, decoder, dense_layers, norm, plain_mlp

KEYS = {key: reader for key, reader in COMMON_KEYS.items() if key != "intermediate_size"}

SPELLING = {"hidden_size": ("n_embed",)}


def describe(config):
    hidden, heads = config.hidden_size, config.num_attention_heads
    attention = {"kv_heads": heads, "qkv_bias": True, "output_bias": True}
    layers = dense_layers(config, None, plain_mlp, 4 * hidden, mlp_bias=True, norm_kind=LAYER_NORM, **attention)
    return decoder(config, layers, LAYER_NORM, before=norm("word_embeddings_layernorm", hidden, LAYER_NORM))
