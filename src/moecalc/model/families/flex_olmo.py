"""FlexOlmo: OLMo 2's post-norm layers, with a few large experts in each."""

from . import olmoe
from ._parts import POST, decoder, experts_mlp, gqa_attention, layer

KEYS = olmoe.KEYS


def describe(config):
    bias = config.attention_bias
    attention = gqa_attention(config, qkv_bias=bias, output_bias=bias, qk_norm="projection")
    experts = experts_mlp(config, config.num_experts, config.intermediate_size)
    return decoder(config, [layer(config, "MoE layer", attention, experts, norms=POST)] * config.num_hidden_layers)
