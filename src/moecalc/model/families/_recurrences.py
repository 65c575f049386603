"""Layers whose memory has one size, however long the sequence: Mamba-1, Mamba-2, short convolutions, Kimi delta attention.

Each part is tensors, scores and cache, as attention is; none of them has scores. The products of a token with the state
are in no FLOP count: how many there are depends on how a program cuts the sequence.
"""

import math

from ...base.errors import InputError
from ..anatomy import Cache, matrix, vector
from ..keys import flag, number, size, size_or_auto
from ._parts import FULL, LINEAR, kinds_of_layers

#: Kinds of layers in ``layer_types``, and their names in older configs.
OLDER = {"mamba": LINEAR, "attention": FULL}

#: Keys of a Mamba-1 layer.
MAMBA1_KEYS = {
    "mamba_d_state": size(),
    "mamba_d_conv": size(),
    "mamba_expand": number(),
    "mamba_dt_rank": size_or_auto(),
    "mamba_conv_bias": flag(True),
}

#: Keys of a Mamba-2 layer; without a size of its heads, they share what the layer widens the hidden vector to.
MAMBA2_KEYS = {
    "mamba_n_heads": size(),
    "mamba_d_head": size_or_auto(),
    "mamba_n_groups": size(1),
    "mamba_d_state": size(),
    "mamba_d_conv": size(),
    "mamba_expand": number(),
    "mamba_conv_bias": flag(True),
}

#: Spelling of the older names of those keys, as Mamba and Mamba-2 themselves have them.
OWN_NAMES = {
    "mamba_d_state": ("ssm_state_size", "state_size"),
    "mamba_d_conv": ("conv_kernel",),
    "mamba_expand": ("expand",),
    "mamba_dt_rank": ("time_step_rank",),
    "mamba_conv_bias": ("use_conv_bias",),
    "mamba_n_groups": ("n_groups",),
}

MAMBA_NOTE = "the products inside the state-space recurrence are not counted: how many there are depends on its chunks"
DELTA_NOTE = "the products inside the delta rule are not counted: how many there are depends on the size of its chunks"


def kinds(config, default=None, key="layer_types"):
    """:func:`kinds_of_layers`, with the names of today for those of older configs."""
    return [OLDER.get(kind, kind) for kind in kinds_of_layers(config, default, key)]


def note(kinds, text=MAMBA_NOTE):
    """`text` where one of the `kinds` of layers has a recurrence, else None."""
    return text if LINEAR in kinds else None


def mixing_layer(moe, mixer=""):
    """What a layer is called that mixes tokens by something else than attention."""
    return ("MoE layer" if moe else "dense layer") + (f", {mixer}" if mixer else "")


def widened(config):
    """Channels of a Mamba layer: ``mamba_expand`` times the hidden vector, without what is left of a whole number."""
    return max(1, int(config.mamba_expand * config.hidden_size))


def mamba1(config, inner=None, bias=False, norms=False):
    """A Mamba-1 layer: each of its `inner` channels has a state of its own, and a time step from a vector of low rank.

    `bias` is that of the projections in and out; with `norms` time step, B and C are normalised with weights.
    """
    hidden, state, kernel = config.hidden_size, config.mamba_d_state, config.mamba_d_conv
    inner = inner or widened(config)
    rank = config.mamba_dt_rank or math.ceil(hidden / 16)
    how = {"shards": inner}
    tensors = [
        matrix("state_space", "in_proj", hidden, 2 * inner, **how),
        matrix("state_space", "conv1d", kernel, inner, **how),  # each channel apart
        matrix("state_space", "x_proj", inner, rank + 2 * state, **how),
        matrix("state_space", "dt_proj", rank, inner, **how),
        vector("state_space", "dt_proj.bias", inner, **how),
        vector("state_space", "A_log", inner * state, **how),
        vector("state_space", "D", inner, **how),
        matrix("state_space", "out_proj", inner, hidden, **how),
    ]
    tensors += _biases(inner, 2 * inner, hidden, inner, config.mamba_conv_bias, bias, bias)
    if norms:
        sizes = {"dt": rank, "b": state, "c": state}
        tensors += [vector("state_space", f"{name}_layernorm", width) for name, width in sizes.items()]
    return tensors, [], [Cache("state", inner * state, once=True), _inputs(kernel, inner)]


def mamba2(config, inner=None, bias=False, output_bias=None, conv_bias=None, gated_norm=True):
    """A Mamba-2 layer: heads of `inner` channels in all, which share B and C in groups, with one decay a head.

    `output_bias` and `conv_bias` are those of the projection out and of the convolution: `bias` and
    ``mamba_conv_bias`` where nothing is said.
    """
    hidden, heads, groups, state = config.hidden_size, config.mamba_n_heads, config.mamba_n_groups, config.mamba_d_state
    inner = inner or widened(config)
    if config.mamba_d_head is not None and heads * config.mamba_d_head != inner:
        raise InputError(f"mamba_d_head times the {heads} heads must be {inner}; found {config.mamba_d_head}")
    if inner % heads:
        raise InputError(f"mamba_n_heads must divide the {inner} channels of a Mamba layer; found {heads}")
    if heads % groups:
        raise InputError(f"mamba_n_groups must divide the {heads} heads of a Mamba layer; found {groups}")
    mixed = inner + 2 * groups * state
    tensors = [
        matrix("state_space", "in_proj", hidden, inner + mixed + heads, shards=groups),
        matrix("state_space", "conv1d", config.mamba_d_conv, mixed, shards=groups),  # each channel apart
        vector("state_space", "dt_bias", heads, shards=heads),
        vector("state_space", "A_log", heads, shards=heads),
        vector("state_space", "D", heads, shards=heads),
        *([vector("state_space", "norm", inner, shards=heads)] if gated_norm else []),
        matrix("state_space", "out_proj", inner, hidden, shards=heads),
    ]
    conv_bias = config.mamba_conv_bias if conv_bias is None else conv_bias
    output_bias = bias if output_bias is None else output_bias
    tensors += _biases(mixed, inner + mixed + heads, hidden, groups, conv_bias, bias, output_bias)
    return tensors, [], [Cache("state", inner * state, once=True), _inputs(config.mamba_d_conv, mixed)]


def _biases(mixed, into, hidden, shards, convolution, entry, output):
    """Biases of a Mamba layer, of those parts that have one."""
    there = [
        (convolution, "conv1d.bias", mixed, shards),
        (entry, "in_proj.bias", into, shards),
        (output, "out_proj.bias", hidden, 1),
    ]
    return [vector("state_space", name, width, shards=parts) for given, name, width, parts in there if given]


def _inputs(kernel, channels):
    """What a short convolution keeps of the last tokens."""
    return Cache("inputs of the convolution", kernel * channels, once=True)


def short_convolution(config, kernel, bias=False):
    """A short convolution between two gates: one projection in, a filter for each channel, one projection out."""
    hidden = config.hidden_size
    tensors = [
        matrix("short_convolution", "in_proj", hidden, 3 * hidden, shards=hidden),
        matrix("short_convolution", "conv", kernel, hidden, shards=hidden),  # each channel apart
        matrix("short_convolution", "out_proj", hidden, hidden, shards=hidden),
    ]
    if bias:
        widths = {"in_proj": 3 * hidden, "conv": hidden, "out_proj": hidden}
        tensors += [vector("short_convolution", f"{name}.bias", width) for name, width in widths.items()]
    return tensors, [], [_inputs(kernel, hidden)]


def kimi_delta_attention(config, heads, width, kernel, low_rank=True):
    """Kimi delta attention: a delta rule that forgets each channel at its own pace, behind short convolutions.

    Its `heads` are `width` wide. The gates of the state and of the output come through a vector of that width with
    `low_rank`, else through one matrix.
    """
    hidden, inner, how = config.hidden_size, heads * width, {"shards": heads}

    def gate(name):
        if not low_rank:
            return [matrix(LINEAR, f"{name}_proj", hidden, inner, **how)]
        down = matrix(LINEAR, f"{name}_a_proj", hidden, width)
        return [down, matrix(LINEAR, f"{name}_b_proj", width, inner, **how)]

    tensors = [
        *[matrix(LINEAR, f"{name}_proj", hidden, inner, **how) for name in "qkv"],
        matrix(LINEAR, "conv1d", kernel, 3 * inner, **how),  # each channel apart
        *gate("f"),
        vector(LINEAR, "dt_bias", inner, **how),
        vector(LINEAR, "A_log", heads, **how),
        matrix(LINEAR, "b_proj", hidden, heads, **how),
        *gate("g"),
        vector(LINEAR, "o_norm", width),
        matrix(LINEAR, "o_proj", inner, hidden, **how),
    ]
    return tensors, [], [Cache("state", heads * width * width, once=True), _inputs(kernel, 3 * inner)]
