"""GLM-4.7-Flash: DeepSeek-V3 where the layers with experts are named, else all but the first."""

from . import deepseek_v3
from ._sparse import MLP_TYPES, routed_layers

KEYS = {key: reader for key, reader in deepseek_v3.KEYS.items() if key not in ("first_k_dense_replace", "moe_layer_freq")}
KEYS |= MLP_TYPES


def describe(config):
    return deepseek_v3.describe(config, routes=routed_layers(config, prefix=1))
