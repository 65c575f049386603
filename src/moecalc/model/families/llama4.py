"""Llama 4: experts beside a shared one in each layer or each second one; three of four layers attend within a chunk."""

from ..keys import flag, indices, layers, names, size
from ._parts import COMMON_KEYS, FULL, GQA_KEYS, decoder, experts_mlp, gqa_attention, kinds_of_layers, layer, stack, swiglu

CHUNKED = "chunked_attention"

KEYS = COMMON_KEYS | GQA_KEYS | {
    "intermediate_size_mlp": size(),
    "attention_bias": flag(False),
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "moe_layers": indices(None),
    "interleave_moe_layer_step": layers(1),
    "attention_chunk_size": size(None),
    "layer_types": names(FULL, CHUNKED),
    "no_rope_layers": names(0, 1),
    "no_rope_layer_interval": layers(4),
}


def kinds_of_attention(config):
    """Of every layer; those with rotary embedding (1 in ``no_rope_layers``, an odd name) attend within a chunk."""
    rotary = config.no_rope_layers or [int((index + 1) % config.no_rope_layer_interval != 0) for index in range(10**4)]
    return kinds_of_layers(config, lambda index: CHUNKED if rotary[index] and config.attention_chunk_size else FULL)


def describe(config):
    bias, hidden, width = config.attention_bias, config.hidden_size, config.intermediate_size

    def block(moe, kind):
        chunk = config.attention_chunk_size if kind == CHUNKED else None
        tensors, scores, cache = gqa_attention(config, qkv_bias=bias, output_bias=bias)
        scores = [score._replace(chunk=chunk) for score in scores]
        cache = [one._replace(window=chunk) for one in cache]
        name = ("MoE layer" if moe else "dense layer") + (", chunked attention" if chunk else "")
        mlp = swiglu("dense_mlp", hidden, config.intermediate_size_mlp)
        if moe:
            mlp = experts_mlp(config, config.num_local_experts, width, shared_width=width)
        return layer(config, name, (tensors, scores, cache), mlp)

    step, named = config.interleave_moe_layer_step, config.moe_layers
    routes = [(index + 1) % step == 0 if named is None else index in named for index in range(config.num_hidden_layers)]
    return decoder(config, stack(list(zip(routes, kinds_of_attention(config), strict=True)), block))
