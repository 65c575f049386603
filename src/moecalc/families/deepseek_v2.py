"""DeepSeek-V2: multi-head latent attention; after a dense prefix, fine-grained experts beside shared ones."""

from ..anatomy import matrix
from ..errors import InputError
from ..keys import count, flag, layer_count, size
from ._parts import COMMON_KEYS, decoder, layer, mla_attention, swiglu

KEYS = COMMON_KEYS | {
    "q_lora_rank": size(None),
    "kv_lora_rank": size(),
    "qk_nope_head_dim": size(),
    "qk_rope_head_dim": size(),
    "v_head_dim": size(),
    "attention_bias": flag(False),
    "moe_intermediate_size": size(),
    "n_routed_experts": size(),
    "n_shared_experts": count(0),
    "num_experts_per_tok": size(),
    "first_k_dense_replace": layer_count(0),
    "moe_layer_freq": size(1),
}


def feed_forwards(config):
    """Tensors of the dense and of the mixture-of-experts feed-forward."""
    hidden, expert = config.hidden_size, config.moe_intermediate_size
    experts, top_k = config.n_routed_experts, config.num_experts_per_tok
    if top_k > experts:
        raise InputError(f"num_experts_per_tok must be at most the {experts} routed experts; found {top_k}")
    dense = swiglu("dense_mlp", hidden, config.intermediate_size)
    moe = [matrix("router", "gate", hidden, experts)]
    moe += swiglu("routed_experts", hidden, expert, copies=experts, used=top_k)
    if config.n_shared_experts:
        # several shared experts are one feed-forward of their joint width
        moe += swiglu("shared_experts", hidden, expert * config.n_shared_experts)
    return dense, moe


def is_moe_layer(config, index):
    """Whether layer `index` routes: past the dense prefix, every ``moe_layer_freq``-th."""
    return index >= config.first_k_dense_replace and index % config.moe_layer_freq == 0


def layers(config, num_correction_biases=0):
    """One dense and one MoE block, and the order in which they stand."""
    dense_mlp, moe_mlp = feed_forwards(config)
    attention = mla_attention(config)
    dense = layer(config, "dense layer", attention, dense_mlp)
    moe = layer(config, "MoE layer", attention, moe_mlp, num_correction_biases)
    order = [moe if is_moe_layer(config, index) else dense for index in range(config.num_hidden_layers)]
    return moe, order


def describe(config):
    _, order = layers(config)
    return decoder(config, order)
