"""Zamba2: Mamba-2 layers; before some of them a shared block of attention and feed-forward runs, in turn with others."""

from ...base.errors import InputError
from ..anatomy import Block, matrix
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


def adapters(config, component, widths):
    """Low-rank changes of shared weights, which each layer that runs them has of its own: name -> (inputs, outputs)."""
    rank = config.adapter_rank
    return [
        matrix(component, f"{name}_adapter.{step}", *sides)
        for name, (inputs, outputs) in widths.items()
        for step, sides in enumerate([(inputs, rank), (rank, outputs)])
    ]


def shared_block(config, owned):
    """What several layers run: attention and a feed-forward, which read the hidden vector beside the embedding.

    The weights count in the layers that have `owned` ones. Adapters, and a projection back, are a layer's own.
    """
    hidden, heads, bias = config.hidden_size, config.num_attention_heads, config.add_bias_linear
    if config.head_dim is None and 2 * hidden % heads:
        raise InputError(f"num_attention_heads must divide {2 * hidden}, twice hidden_size; found {heads}")
    attention, scores, cache = gqa_attention(config, inputs=2 * hidden, head_dim=config.head_dim or 2 * hidden // heads)
    width = config.intermediate_size or 4 * hidden
    first = [*norm("shared.input_layernorm", 2 * hidden), *attention]
    second = [*norm("shared.pre_ff_layernorm", hidden), *swiglu("dense_mlp", hidden, width, bias=bias)]
    first, second = ([tensor._replace(owned=owned) for tensor in tensors] for tensors in (first, second))
    if config.use_shared_attention_adapter:
        first += adapters(config, "attention", dict.fromkeys("qkv", (2 * hidden, 2 * hidden)))
    second += adapters(config, "dense_mlp", {"gate_up": (hidden, 2 * width)})
    return [*first, *second, matrix("dense_mlp", "linear", hidden, hidden)], scores, cache


def describe(config):
    mamba = mamba2(config, bias=config.add_bias_linear, conv_bias=True)
    plain = layer(config, "Mamba-2 layer", mamba, [], norms=ONE_NORM)

    def behind_shared(owned, name):
        tensors, scores, cache = shared_block(config, owned)
        return Block(name, [*tensors, *plain.tensors], scores, [*cache, *plain.cache])

    first = behind_shared(True, "Mamba-2 layer behind a shared block")
    later = behind_shared(False, "Mamba-2 layer behind a shared block, again")
    order, met = [], 0
    for kind in config.layers_block_type or DEFAULT:
        # blocks take turns: the first layers own them, the others run them again
        order.append(plain if kind != SHARED else first if met < config.num_mem_blocks else later)
        met += kind == SHARED
    return decoder(config, order, flops_note=MAMBA_NOTE)
