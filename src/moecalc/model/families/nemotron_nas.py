"""Llama-Nemotron Super and Ultra: Llama's parts, of which a search left out, narrowed or replaced some in each layer."""

from collections.abc import Mapping

from ...base.checks import real, whole
from ...base.errors import InputError, quoted
from ..anatomy import Block, matrix
from ..keys import MAX_LAYERS, MAX_SIZE, flag, size
from ._parts import COMMON_KEYS, decoder, gqa_attention, norm, stack, swiglu

NO_OP, LINEAR = "no_op", "replace_with_linear"

#: Widths of feed-forwards are rounded up to a multiple of this.
MULTIPLE = 256


def _part(block, name, key, check, kind):
    """What a part of a block is: "no_op", "replace_with_linear", or the checked number under `key`."""
    part = block.get(name) if isinstance(block, Mapping) else None
    if not isinstance(part, Mapping):
        raise InputError(f"{kind} must be a list of objects with attention and ffn, one a layer; found {quoted(block)}")
    for other in (NO_OP, LINEAR):
        if flag()[0](f"{kind} {other}", part.get(other) or False):
            return other
    return check(f"{kind} {key}", part.get(key))


def _blocks(key, value):
    if not isinstance(value, (list, tuple)) or len(value) > MAX_LAYERS:
        raise InputError(f"{key} must be a list of objects with attention and ffn, one a layer; found {quoted(value)}")
    group = "n_heads_in_group", lambda name, number: whole(name, number, 1, MAX_SIZE)
    times = "ffn_mult", lambda name, number: real(name, number, positive=True, most=MAX_SIZE)
    return tuple((_part(one, "attention", *group, key), _part(one, "ffn", *times, key)) for one in value)


KEYS = {key: reader for key, reader in COMMON_KEYS.items() if key != "intermediate_size"} | {
    "head_dim": size(None),
    "block_configs": (_blocks, size()[1]),
    "attention_bias": flag(False),
    "mlp_bias": flag(False),
}


def describe(config):
    hidden, heads, bias = config.hidden_size, config.num_attention_heads, config.attention_bias

    def block(group, times):
        tensors, scores, cache = [], [], []
        if group != NO_OP:
            tensors += norm("input_layernorm", hidden)
        if group == LINEAR:
            tensors.append(matrix("attention", "linear_attn", hidden, hidden))
        elif group != NO_OP:
            if heads % group:
                raise InputError(f"n_heads_in_group must divide the {heads} attention heads; found {group}")
            attention, scores, cache = gqa_attention(config, bias, bias, kv_heads=heads // group)
            tensors += attention
        if times != NO_OP:
            tensors += norm("post_attention_layernorm", hidden)
        if times == LINEAR:
            tensors.append(matrix("dense_mlp", "linear_mlp", hidden, hidden))
        elif times != NO_OP:
            width = -(-int(2 * times * hidden / 3) // MULTIPLE) * MULTIPLE
            if not width:
                raise InputError(f"ffn_mult must give a feed-forward of 1 or more at hidden_size {hidden}; found {times}")
            tensors += swiglu("dense_mlp", hidden, width, bias=config.mlp_bias)
        without = [f"without {name}" for name, part in (("attention", group), ("feed-forward", times)) if part == NO_OP]
        return Block(", ".join(["dense layer", *without]), tensors, scores, cache)

    if len(config.block_configs) != config.num_hidden_layers:
        found = f"found {len(config.block_configs)} blocks"
        raise InputError(f"block_configs must describe each of the {config.num_hidden_layers} layers; {found}")
    return decoder(config, stack(config.block_configs, block))
