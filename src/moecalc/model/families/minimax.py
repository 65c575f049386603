"""MiniMax-Text-01 as transformers spells it: MiniMax-M1's layers under names of their kinds."""

from ..keys import names
from . import minimax_m1
from ._parts import FULL, LINEAR, kinds_of_layers

KEYS = {key: reader for key, reader in minimax_m1.KEYS.items() if key not in ("attn_type_list", "shared_intermediate_size")}
KEYS |= {"layer_types": names(FULL, LINEAR)}


def describe(config):
    kinds = kinds_of_layers(config, lambda index: LINEAR if index % 2 else FULL)
    return minimax_m1.layers_of(config, [kind == LINEAR for kind in kinds])
