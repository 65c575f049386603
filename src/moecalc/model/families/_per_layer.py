"""A second embedding for every layer, and layers that read the keys and values of an earlier one."""

from ...base.errors import InputError
from ..anatomy import matrix, vector
from ..keys import count, layer_count, size

PLE = "per_layer_embedding"

#: Keys of both.
PER_LAYER_KEYS = {
    "vocab_size_per_layer_input": size(),
    "hidden_size_per_layer_input": count(),
    "num_kv_shared_layers": layer_count(0),
}


def per_layer_table(config):
    """Behind the embedding table: for each layer a small vector of the token, and one that is read off the hidden vector."""
    small = config.hidden_size_per_layer_input
    if not small:
        return []
    width = config.num_hidden_layers * small
    return [
        matrix(PLE, "embed_tokens_per_layer", config.vocab_size_per_layer_input, width, multiplied=False),
        matrix(PLE, "per_layer_model_projection", config.hidden_size, width),
        vector(PLE, "per_layer_projection_norm", small),
    ]


def per_layer_input(config):
    """At the end of each layer: its small vector opens and closes a way through as few numbers, and is normalised."""
    hidden, small = config.hidden_size, config.hidden_size_per_layer_input
    if not small:
        return []
    return [
        matrix(PLE, "per_layer_input_gate", hidden, small),
        matrix(PLE, "per_layer_projection", small, hidden),
        vector(PLE, "post_per_layer_input_norm", hidden),
    ]


def shares_keys(config):
    """Whether each layer reads the keys and values of an earlier one: the last ``num_kv_shared_layers`` do."""
    num_layers, shared = config.num_hidden_layers, config.num_kv_shared_layers
    if shared >= num_layers:
        raise InputError(f"num_kv_shared_layers must be less than num_hidden_layers {num_layers}; found {shared}")
    return [index >= num_layers - shared for index in range(num_layers)]


def without(attention, *prefixes, cached=True):
    """Attention without the tensors whose names begin with one of `prefixes`, and without a cache if nothing is `cached`."""
    tensors, scores, cache = attention
    return [tensor for tensor in tensors if not tensor.name.startswith(prefixes)], scores, cache if cached else []
