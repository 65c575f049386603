"""MiniMax-M2: grouped-query attention with norms over the whole projection, experts with correction biases in each layer."""

from ...base.errors import InputError
from ..keys import count, flag, layer_count, size
from ._parts import COMMON_KEYS, GQA_KEYS, decoder, experts_mlp, gqa_attention, layer

KEYS = COMMON_KEYS | GQA_KEYS | {
    "num_local_experts": size(),
    "num_experts_per_tok": size(),
    "use_qk_norm": flag(True),
    "use_routing_bias": flag(True),
    "shared_intermediate_size": count(0),
    "use_mtp": flag(False),
    "num_mtp_modules": layer_count(0),
}

MTP_NOTE = "the form of the multi-token prediction modules is not published, and the published checkpoints leave them out"


def check_shared(config):
    """No published model of MiniMax has a shared expert."""
    if config.shared_intermediate_size:
        raise InputError(
            "shared_intermediate_size must be 0, for the form of a shared expert of this family is not published; "
            f"found {config.shared_intermediate_size}"
        )


def describe(config):
    check_shared(config)
    experts = config.num_local_experts
    block = layer(
        config,
        "MoE layer",
        gqa_attention(config, qk_norm="projection" if config.use_qk_norm else None),
        experts_mlp(config, experts, config.intermediate_size),
        num_correction_biases=experts if config.use_routing_bias else 0,
    )
    has_mtp = config.use_mtp and config.num_mtp_modules
    return decoder(config, [block] * config.num_hidden_layers, mtp_note=MTP_NOTE if has_mtp else None)
