"""Jamba: Mamba-1 layers with attention at every few, and experts in every other."""

from ...base.errors import InputError
from ..keys import count, flag, size
from ._parts import COMMON_KEYS, FULL, GQA_KEYS, LINEAR, decoder, experts_mlp, gqa_attention, layer, stack, swiglu
from ._recurrences import MAMBA1_KEYS, mamba1, mixing_layer, note

KEYS = COMMON_KEYS | GQA_KEYS | MAMBA1_KEYS | {
    "mamba_proj_bias": flag(False),
    "num_experts": size(),
    "num_experts_per_tok": size(),
    **{f"{kind}_layer_period": size() for kind in ("attn", "expert")},
    **{f"{kind}_layer_offset": count() for kind in ("attn", "expert")},
}


def stands_at(config, kind):
    """A function that says whether layer `index` is of a kind, attn or expert, by its period and offset."""
    period, offset = (getattr(config, f"{kind}_layer_{key}") for key in ("period", "offset"))
    if offset >= period:
        raise InputError(f"{kind}_layer_offset must be below {kind}_layer_period {period}; found {offset}")
    return lambda index: index % period == offset


def describe(config):
    def block(kind, moe):
        linear, hidden, width = kind == LINEAR, config.hidden_size, config.intermediate_size
        mixer = mamba1(config, bias=config.mamba_proj_bias, norms=True) if linear else gqa_attention(config)
        mlp = experts_mlp(config, config.num_experts, width) if moe else swiglu("dense_mlp", hidden, width)
        return layer(config, mixing_layer(moe, "Mamba-1" if linear else ""), mixer, mlp)

    attends, routes = stands_at(config, "attn"), stands_at(config, "expert")
    kinds = [FULL if attends(index) else LINEAR for index in range(config.num_hidden_layers)]
    # one expert is a plain feed-forward
    pairs = [(kind, config.num_experts > 1 and routes(index)) for index, kind in enumerate(kinds)]
    return decoder(config, stack(pairs, block), flops_note=note(kinds))
