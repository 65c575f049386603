"""Mamba-2, such as Codestral Mamba: Mamba-2 layers alone, without attention and feed-forwards."""

from ..keys import flag
from ._parts import decoder, layer
from ._recurrences import MAMBA2_KEYS, MAMBA_NOTE, OWN_NAMES, mamba2
from .mamba import ENDS, ONE_NORM

KEYS = ENDS | MAMBA2_KEYS | {"use_bias": flag(False)}

SPELLING = {key: OWN_NAMES.get(key, ()) for key in MAMBA2_KEYS} | {
    "mamba_n_heads": ("num_heads",),
    "mamba_d_head": ("head_dim",),
}


def describe(config):
    block = layer(config, "Mamba-2 layer", mamba2(config, bias=config.use_bias), [], norms=ONE_NORM)
    return decoder(config, [block] * config.num_hidden_layers, flops_note=MAMBA_NOTE)
