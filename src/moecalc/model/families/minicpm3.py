"""MiniCPM3 and Youtu-LLM: multi-head latent attention with a dense feed-forward in each layer."""

from ..keys import flag, size
from . import deepseek_v2
from ._parts import COMMON_KEYS, decoder, layer, mla_attention, swiglu

MLA_KEYS = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "attention_bias")

KEYS = COMMON_KEYS | {key: deepseek_v2.KEYS[key] for key in MLA_KEYS} | {"v_head_dim": size(None), "mlp_bias": flag(False)}


def describe(config):
    mlp = swiglu("dense_mlp", config.hidden_size, config.intermediate_size, bias=config.mlp_bias)
    return decoder(config, [layer(config, "dense layer", mla_attention(config), mlp)] * config.num_hidden_layers)
