"""Zamba2: Mamba-2 layers; before some of them a shared block of attention and feed-forward runs, in turn with others."""

from ...base.errors import InputError
from ..anatomy import matrix
from ..keys import flag, names, size, without
from ._parts import COMMON_KEYS, GQA_KEYS, LINEAR, decoder, gqa_attention, layer, norm, swiglu
from ._recurrences import MAMBA2_KEYS, MAMBA_NOTE, OLDER, mamba2
from .mamba import ONE_NORM

SHARED = "hybrid"  #: in ``layers_block_type``

#: How many layers there are, the list of their kinds says.
KEYS = without(COMMON_KEYS | GQA_KEYS | MAMBA2_KEYS, "num_hidden_layers", "mamba_conv_bias") | {
    "intermediate_size": size(None),
    "layers_block_type": names(LINEAR, SHARED, *OLDER),
    "num_mem_blocks": size(),
    "add_bias_linear": flag(False),
    "use_shared_attention_adapter": flag(False),
    "adapter_rank": size(),
}

SPELLING = {
    "mamba_n_heads": ("n_mamba_heads",),
    "mamba_d_head": ("mamba_headdim",),
    "mamba_n_groups": ("mamba_ngroups",),
    "head_dim": ("attention_head_dim",),
}

#: What the library takes where a config names no layers: shared blocks as Zamba2-2.7B has them.
DEFAULT = [SHARED if index in (6, 12, 18, 24, 30, 36, 42, 47, 51) else LINEAR for index in range(54)]


def shared_block(config):
    """Attention and feed-forward that several layers run: they read the hidden vector beside the embedding."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    if config.head_dim is None and 2 * hidden % heads:
        raise InputError(f"num_attention_heads must divide {2 * hidden}, twice hidden_size; found {heads}")
    attention, scores, cache = gqa_attention(config, inputs=2 * hidden, head_dim=config.head_dim or 2 * hidden // heads)
    width = config.intermediate_size or 4 * hidden
    mlp = swiglu("dense_mlp", hidden, width, bias=config.add_bias_linear)
    both = [*norm("shared.input_layernorm", 2 * hidden), *attention, *norm("shared.pre_ff_layernorm", hidden), *mlp]
    return both, scores, cache


def own_parts(config):
    """What each of those layers has of its own: low-rank changes of the shared weights, and a projection back."""
    hidden, rank, inner = config.hidden_size, config.adapter_rank, 2 * (config.intermediate_size or 4 * config.hidden_size)
    places = {"gate_up": ("dense_mlp", hidden, inner)}
    if config.use_shared_attention_adapter:
        places |= {name: ("attention", 2 * hidden, 2 * hidden) for name in "qkv"}
    adapters = [
        matrix(component, f"{name}_adapter.{step}", inputs, outputs)
        for name, (component, wide, out) in places.items()
        for step, (inputs, outputs) in enumerate([(wide, rank), (rank, out)])
    ]
    return [*adapters, matrix("attention", "linear", hidden, hidden)]


def describe(config):
    mamba, _, state = mamba2(config, bias=config.add_bias_linear, conv_bias=True)
    shared, scores, cache = shared_block(config)
    again = [tensor._replace(owned=False) for tensor in shared]
    plain = layer(config, "Mamba-2 layer", (mamba, [], state), [], norms=ONE_NORM)

    def block(tensors, name):
        parts = [*tensors, *own_parts(config), *plain.tensors], scores, [*cache, *state]
        return layer(config, name, parts, [], norms=(None,) * 4)

    first = block(shared, "Mamba-2 layer behind a shared block")
    later = block(again, "Mamba-2 layer behind a shared block, again")
    kinds = [OLDER.get(kind, kind) for kind in config.layers_block_type or DEFAULT]
    order, met = [], 0
    for kind in kinds:
        # blocks take turns: the first layers own them, the others run them again
        order.append(plain if kind == LINEAR else first if met < config.num_mem_blocks else later)
        met += kind == SHARED
    return decoder(config, order, flops_note=MAMBA_NOTE)
