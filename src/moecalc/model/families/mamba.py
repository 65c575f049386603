"""Mamba and Falcon-Mamba: Mamba-1 layers alone, without attention and feed-forwards."""

from ..keys import flag, size
from ._parts import COMMON_KEYS, decoder, layer
from ._recurrences import MAMBA1_KEYS, MAMBA_NOTE, OWN_NAMES, mamba1

ENDS = {key: COMMON_KEYS[key] for key in ("vocab_size", "hidden_size", "num_hidden_layers", "tie_word_embeddings")}
KEYS = ENDS | MAMBA1_KEYS | {"intermediate_size": size(None), "use_bias": flag(False)}

SPELLING = {key: OWN_NAMES[key] for key in MAMBA1_KEYS} | {"hidden_size": ("d_model",), "num_hidden_layers": ("n_layer",)}

#: The only norm of a layer that has one part.
ONE_NORM = ("norm", None, None, None)


def describe(config):
    mixer = mamba1(config, inner=config.intermediate_size, bias=config.use_bias)
    block = layer(config, "Mamba-1 layer", mixer, [], norms=ONE_NORM)
    return decoder(config, [block] * config.num_hidden_layers, flops_note=MAMBA_NOTE)
