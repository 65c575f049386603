"""Nemotron-H and Nemotron 3: layers of one part each, Mamba-2, attention, a plain feed-forward or experts."""

from ...base.errors import InputError
from ..anatomy import matrix, vector
from ..keys import flag, layer_count, letters, names, size, without
from ._parts import (
    COMMON_KEYS,
    FULL,
    GQA_KEYS,
    GROUP_KEYS,
    LINEAR,
    check_groups,
    decoder,
    gqa_attention,
    layer,
    plain_mlp,
    stack,
)
from ._recurrences import MAMBA2_KEYS, OLDER, OWN_NAMES, mamba2, note
from .mamba import ONE_NORM

EXPERTS, PLAIN = "moe", "mlp"
LETTERS = {"M": LINEAR, "*": FULL, "E": EXPERTS, "-": PLAIN}

#: How many layers there are, the list of their kinds says; how wide a Mamba layer is, its heads. Never tied.
KEYS = without(COMMON_KEYS | GQA_KEYS | MAMBA2_KEYS, "tie_word_embeddings", "num_hidden_layers", "mamba_expand") | {
    "mamba_d_head": size(),
    "use_bias": flag(False),
    "mlp_bias": flag(False),
    "layers_block_type": names(FULL, LINEAR, EXPERTS, PLAIN, *OLDER),
    "hybrid_override_pattern": letters("".join(LETTERS)),
    "n_routed_experts": size(),
    "num_experts_per_tok": size(),
    "moe_intermediate_size": size(),
    "moe_shared_expert_intermediate_size": size(),
    "moe_latent_size": size(None),
    "num_nextn_predict_layers": layer_count(None),
    **GROUP_KEYS,
}

SPELLING = {key: OWN_NAMES[key] for key in ("mamba_d_state", "mamba_d_conv", "mamba_conv_bias", "mamba_n_groups")} | {
    "mamba_n_heads": ("mamba_num_heads",),
    "mamba_d_head": ("mamba_head_dim",),
    "head_dim": ("attention_head_dim",),
}

#: What the library takes where a config names no layers.
DEFAULT = (LINEAR, EXPERTS, FULL, PLAIN)

NAMES = {LINEAR: "Mamba-2 layer", FULL: "attention layer", EXPERTS: "MoE layer", PLAIN: "feed-forward layer"}

MTP_NOTE = "the config does not give what joins the inputs of the multi-token prediction module"


def experts(config):
    """Experts of two matrices, of a smaller vector where the config has a size for it, and a shared one of the whole."""
    hidden, num_experts, top_k = config.hidden_size, config.n_routed_experts, config.num_experts_per_tok
    if top_k > num_experts:
        raise InputError(f"num_experts_per_tok must be at most the {num_experts} routed experts; found {top_k}")
    check_groups(config, num_experts)
    latent, bias = config.moe_latent_size, config.mlp_bias

    def around(name, inputs, outputs):
        if latent is None:
            return []
        tensors = [matrix("latent_projections", name, inputs, outputs)]
        return [*tensors, vector("latent_projections", f"{name}.bias", outputs)] if bias else tensors

    width = config.moe_intermediate_size
    return [
        matrix("router", "gate", hidden, num_experts),
        *around("fc1_latent_proj", hidden, latent),
        *plain_mlp("routed_experts", latent or hidden, width, copies=num_experts, used=top_k),
        *around("fc2_latent_proj", latent, hidden),
        *plain_mlp("shared_experts", hidden, config.moe_shared_expert_intermediate_size, bias=bias),
    ]


def describe(config):
    def block(kind):
        part, rest, biases = ([], [], []), [], 0
        if kind == LINEAR:
            part = mamba2(config, inner=config.mamba_n_heads * config.mamba_d_head, bias=config.use_bias)
        elif kind == FULL:
            part = gqa_attention(config)
        elif kind == EXPERTS:
            rest, biases = experts(config), config.n_routed_experts
        else:
            rest = plain_mlp("dense_mlp", config.hidden_size, config.intermediate_size, bias=config.mlp_bias)
        return layer(config, NAMES[kind], part, rest, num_correction_biases=biases, norms=ONE_NORM)

    pattern = [LETTERS[letter] for letter in config.hybrid_override_pattern or ""]
    kinds = [OLDER.get(kind, kind) for kind in config.layers_block_type or pattern or DEFAULT]
    mtp_note = MTP_NOTE if config.num_nextn_predict_layers else None
    return decoder(config, stack([(kind,) for kind in kinds], block), mtp_note=mtp_note, flops_note=note(kinds))
