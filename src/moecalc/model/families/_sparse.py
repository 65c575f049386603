"""Layer by layer: which ones route, which slide a window, which have other sizes; and the decoder of such layers."""

from types import SimpleNamespace

from ..keys import count, names, size
from ._parts import (
    COMMON_KEYS,
    GQA_KEYS,
    GROUP_KEYS,
    decoder,
    grouped_experts_mlp,
    kinds_of_layers,
    layer,
    layer_name,
    stack,
    swiglu,
)

DENSE, SPARSE = "dense", "sparse"

#: Key that names the layers with experts.
MLP_TYPES = {"mlp_layer_types": names(DENSE, SPARSE)}

#: Keys of a decoder with grouped-query attention and experts beside shared ones; see `SHARED_SPELLING`.
SPARSE_KEYS = COMMON_KEYS | GQA_KEYS | GROUP_KEYS | {
    "moe_intermediate_size": size(),
    "n_routed_experts": size(),
    "n_shared_experts": count(),
    "num_experts_per_tok": size(),
}

#: Another spelling of `SPARSE_KEYS`.
SHARED_SPELLING = {"n_routed_experts": ("num_experts",), "n_shared_experts": ("num_shared_experts",)}

MTP_NOTE = "the config does not give the form of the multi-token prediction modules that it names"


def mtp_note(config):
    """Why the modules are not counted that a config names without their form; None where it names none."""
    return MTP_NOTE if config.num_nextn_predict_layers else None


def routed_layers(config, prefix, flags=None):
    """Whether each layer routes: as ``mlp_layer_types`` names it, else as a list of 0 and 1 under the key `flags` says,
    else all behind a dense `prefix`.
    """
    if flags and config.mlp_layer_types is None and isinstance(getattr(config, flags), tuple):
        return [flag == 1 for flag in kinds_of_layers(config, key=flags)]
    kinds = kinds_of_layers(config, lambda index: DENSE if index < prefix else SPARSE, "mlp_layer_types")
    return [kind == SPARSE for kind in kinds]


def with_sizes(config, **sizes):
    """The keys of a config with other `sizes`: what a part reads for layers that have sizes of their own."""
    return SimpleNamespace(**{key: getattr(config, key) for key in config.keys} | sizes)


def sparse_decoder(config, attention, routes, windows=None, biased=True, mlp_bias=False, how=None, **known):
    """A decoder of dense layers and of layers with experts.

    Parameters
    ----------
    config : ModelConfig
        Reads `SPARSE_KEYS`
    attention : callable
        Its parts for a window
    routes, windows : list
        Of each layer, whether it routes, and its sliding window; none slides where `windows` is not given
    biased : bool, optional
        Whether the router has a correction bias for each expert
    mlp_bias : bool, optional
        Whether dense feed-forwards and shared experts have biases
    how : dict, optional
        Of each layer, as in :func:`layer`
    known
        Of the whole, as in :func:`decoder`
    """
    biases = config.n_routed_experts if biased else 0

    def block(moe, window):
        name, how_it_is = layer_name(moe, window), how or {}
        if moe:
            return layer(config, name, attention(window), grouped_experts_mlp(config, mlp_bias), biases, **how_it_is)
        mlp = swiglu("dense_mlp", config.hidden_size, config.intermediate_size, bias=mlp_bias)
        return layer(config, name, attention(window), mlp, **how_it_is)

    kinds = zip(routes, windows or [None] * len(routes), strict=True)
    return decoder(config, stack(list(kinds), block), **known)
