"""LongCat-Flash: two latent attentions and two dense feed-forwards a layer, beside them experts of which some do nothing."""

from fractions import Fraction

from ...base.errors import InputError
from ..anatomy import Block, matrix, vector
from ..keys import count, flag, layer_count, size
from ._parts import COMMON_KEYS, PRE, decoder, mla_attention, norm, swiglu
from .deepseek_v2 import KEYS as V2_KEYS
from .deepseek_v3 import mtp_module

MLA_KEYS = ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "attention_bias")

KEYS = COMMON_KEYS | {key: V2_KEYS[key] for key in MLA_KEYS} | {
    "q_lora_rank": size(),
    "moe_intermediate_size": size(),
    "n_routed_experts": size(),
    "zero_expert_num": count(),
    "num_experts_per_tok": size(),
    "router_bias": flag(False),
    "num_nextn_predict_layers": layer_count(None),
}

SPELLING = {
    "num_hidden_layers": ("num_layers",),
    "intermediate_size": ("ffn_hidden_size",),
    "moe_intermediate_size": ("expert_ffn_hidden_size",),
    "num_experts_per_tok": ("moe_topk",),
}


def experts(config):
    """A router over all experts, those included that hand a token through: a token uses real ones in their proportion."""
    hidden, real, top_k = config.hidden_size, config.n_routed_experts, config.num_experts_per_tok
    every = real + config.zero_expert_num
    if top_k > real:
        raise InputError(f"moe_topk must be at most the {real} routed experts; found {top_k}")
    used = Fraction(top_k * real, every)
    used = int(used) if used.denominator == 1 else used
    router = [matrix("router", "gate", hidden, every)]
    if config.router_bias:
        router.append(vector("router", "gate.bias", every))
    return router + swiglu("routed_experts", hidden, config.moe_intermediate_size, copies=real, used=used)


def describe(config):
    hidden, (tensors, scores, cache) = config.hidden_size, mla_attention(config)
    before, _, between, _ = (norm(name, hidden) for name in PRE)
    dense = swiglu("dense_mlp", hidden, config.intermediate_size)
    half = [*before, *tensors, *between, *dense]
    biases = config.n_routed_experts + config.zero_expert_num
    block = Block("MoE layer, two attentions", [*half, *experts(config), *half], scores * 2, cache * 2, biases)
    # its prediction module has half of a layer
    modules = [mtp_module(config, Block("half", half, scores, cache))] * (config.num_nextn_predict_layers or 0)
    return decoder(config, [block] * config.num_hidden_layers, mtp=modules)
