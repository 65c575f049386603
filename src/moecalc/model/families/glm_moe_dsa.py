"""GLM-5: DeepSeek-V3.2, where some layers take the tokens that the indexer of an earlier one has chosen."""

from ...base.errors import InputError, quoted
from ..keys import layer_count, layers, names
from . import deepseek_v32
from ._parts import decoder, grouped_experts_mlp, kinds_of_layers, layer, layer_name, stack, swiglu
from ._sparse import MLP_TYPES, routed_layers
from .deepseek_v3 import mtp_module

OWN, SHARED = "full", "shared"


def _pattern(key, value):
    """One letter for each layer: F for an indexer of its own, S for that of an earlier one."""
    if not isinstance(value, str) or set(value) - set("FS"):
        raise InputError(f"{key} must be a text of F and S such as FSSF; found {quoted(value)}")
    return tuple(OWN if letter == "F" else SHARED for letter in value)


KEYS = deepseek_v32.KEYS | MLP_TYPES | {
    "indexer_types": names(OWN, SHARED),
    "index_topk_pattern": (_pattern, None),
    "index_topk_freq": layers(1),
    "index_skip_topk_offset": layer_count(2),
}


def kind_of_indexer(config, index):
    """Of a layer that no key names: behind the offset each ``index_topk_freq``-th has an indexer of its own."""
    return SHARED if max(index - config.index_skip_topk_offset + 1, 0) % config.index_topk_freq else OWN


def describe(config):
    def block(kind, moe):
        attention = deepseek_v32.attention(config, indexer=kind == OWN)
        if moe:
            name = layer_name(moe) + ("" if kind == OWN else ", shared indexer")
            return layer(config, name, attention, grouped_experts_mlp(config), config.n_routed_experts)
        return layer(config, "dense layer", attention, swiglu("dense_mlp", config.hidden_size, config.intermediate_size))

    key = "indexer_types" if config.index_topk_pattern is None or config.indexer_types else "index_topk_pattern"
    kinds = kinds_of_layers(config, lambda index: kind_of_indexer(config, index), key)
    order = stack(list(zip(kinds, routed_layers(config, config.first_k_dense_replace), strict=True)), block)
    modules = config.num_nextn_predict_layers or 0
    return decoder(config, order, mtp=[mtp_module(config, block(OWN, True))] * modules)
