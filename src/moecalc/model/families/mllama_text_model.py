"""Llama 3.2 Vision, its language model: Llama's layers, and between them layers that attend to the image alone."""

from ..anatomy import matrix, vector
from ..keys import indices, size
from ._parts import COMMON_KEYS, decoder, gqa_attention, layer, swiglu

#: Where the layers stand that attend to the image, if the config does not say so: those of Llama 3.2 11B Vision.
CROSS_LAYERS = (3, 8, 13, 18, 23, 28, 33, 38)

KEYS = COMMON_KEYS | {"num_key_value_heads": size("num_attention_heads"), "cross_attention_layers": indices(CROSS_LAYERS)}

#: Rows of the embedding table beyond the vocabulary, for tokens of images.
IMAGE_ROWS = 8

FLOPS_NOTE = "the products of cross-attention with an image are not counted: how many there are depends on the image"
CACHE_NOTE = "keys and values of an image, which cross-attention keeps once, are not counted"


def cross_attention(config):
    """Attention of text to an image: keys and values are made of the image, not of the tokens."""
    tensors, _, _ = gqa_attention(config, qk_norm="head")
    image = ("k_proj", "v_proj")
    tensors = [one._replace(name=f"image_{one.name}", multiplied=False) if one.name in image else one for one in tensors]
    return [*tensors, vector("attention", "cross_attn_attn_gate", 1)], [], []


def describe(config):
    hidden = config.hidden_size
    mlp = swiglu("dense_mlp", hidden, config.intermediate_size)
    own = layer(config, "dense layer", gqa_attention(config), mlp)
    gated = [*mlp, vector("dense_mlp", "cross_attn_mlp_gate", 1)]
    cross = layer(config, "cross-attention layer", cross_attention(config), gated)
    blocks = [cross if index in config.cross_attention_layers else own for index in range(config.num_hidden_layers)]
    rows = matrix("embedding", "embed_tokens.image", IMAGE_ROWS, hidden, multiplied=False)
    notes = {"flops_note": FLOPS_NOTE, "cache_note": CACHE_NOTE} if cross in blocks else {}
    return decoder(config, blocks, before=[rows], **notes)
