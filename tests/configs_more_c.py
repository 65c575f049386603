"""Configs of families with recurrences or short convolutions, made by hypothesis as those of ``configs``."""

from configs import decoder, experts, gqa, groups, layer_types, size
from hypothesis import strategies as st

few = st.integers(1, 16)
kernel = st.integers(1, 4)
flags = st.booleans


def of(draw, *keys, values=few):
    """A value for each of some keys."""
    return {key: draw(values) for key in keys}


@st.composite
def qwen3_5(draw, moe=False):
    raw = draw(gqa("qwen3_5_moe_text" if moe else "qwen3_5_text")) | of(draw, "attention_bias", values=flags())
    raw["full_attention_interval"] = draw(st.integers(1, 4))
    raw["layer_types"] = draw(st.none() | layer_types(raw, "linear_attention"))
    raw["linear_num_key_heads"] = draw(st.integers(1, 4))
    raw["linear_num_value_heads"] = raw["linear_num_key_heads"] * draw(st.integers(1, 3))
    raw |= of(draw, "linear_key_head_dim", "linear_value_head_dim") | of(draw, "linear_conv_kernel_dim", values=kernel)
    if not moe:
        return raw | {"mtp_num_hidden_layers": 0}
    del raw["intermediate_size"]
    raw |= {"mtp_num_hidden_layers": draw(st.integers(0, 1)), "shared_expert_intermediate_size": draw(st.integers(0, 20))}
    return draw(experts(raw, "num_experts"))


def qwen3_5_moe():
    return qwen3_5(moe=True)


def mamba2_sizes(draw, raw, groups="mamba_n_groups"):
    """Keys of Mamba-2 layers, whose heads share the channels evenly."""
    expand, each = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    num_groups = draw(st.sampled_from([n for n in range(1, expand * raw["hidden_size"] + 1) if raw["hidden_size"] % n == 0]))
    heads = num_groups * each if expand * raw["hidden_size"] % (num_groups * each) == 0 else num_groups
    return {"mamba_expand": expand, "mamba_n_heads": heads, groups: num_groups} | of(draw, "mamba_d_state", "mamba_d_conv")


MAMBA2_FLAGS = ("mamba_conv_bias", "mamba_proj_bias", "attention_bias")


@st.composite
def bamba(draw):
    raw = draw(gqa("bamba"))
    raw |= mamba2_sizes(draw, raw) | of(draw, *MAMBA2_FLAGS, "mlp_bias", values=flags())
    return raw | {"mamba_d_head": "auto", "attn_layer_indices": draw(st.lists(st.integers(0, 14), max_size=4))}


@st.composite
def falcon_h1(draw):
    raw = draw(gqa("falcon_h1"))
    raw |= mamba2_sizes(draw, raw) | of(draw, *MAMBA2_FLAGS, "mlp_bias", "projectors_bias", "mamba_rms_norm", values=flags())
    wide = raw["mamba_n_heads"] * draw(few)
    return raw | {"mamba_d_head": "auto", "mamba_d_ssm": draw(st.none() | st.just(wide))}


@st.composite
def granitemoehybrid(draw, moe=True):
    raw = draw(gqa("granitemoehybrid"))
    raw |= mamba2_sizes(draw, raw) | of(draw, *MAMBA2_FLAGS, values=flags()) | of(draw, "shared_intermediate_size")
    raw["layer_types"] = draw(st.none() | layer_types(raw, "mamba", "attention"))
    if not moe:
        return raw | {"num_local_experts": 0, "num_experts_per_tok": 0}
    raw["num_local_experts"] = draw(st.integers(1, 32))
    return raw | {"num_experts_per_tok": draw(st.integers(1, raw["num_local_experts"]))}


def granite_dense():
    return granitemoehybrid(moe=False)


@st.composite
def mamba(draw):
    ends = of(draw, "hidden_size", "vocab_size", "state_size", values=st.integers(1, 40)) | of(draw, "num_hidden_layers")
    raw = {"model_type": draw(st.sampled_from(["mamba", "falcon_mamba"])), **ends}
    raw |= of(draw, "expand", "conv_kernel", values=kernel)
    raw |= of(draw, "use_bias", "use_conv_bias", "tie_word_embeddings", values=flags())
    return raw | {"time_step_rank": draw(st.just("auto") | few), "intermediate_size": draw(st.none() | size)}


@st.composite
def mamba2(draw):
    ends = of(draw, "hidden_size", "vocab_size", values=st.integers(1, 40))
    raw = {"model_type": "mamba2", **ends, **of(draw, "num_hidden_layers")}
    raw |= mamba2_sizes(draw, raw) | of(draw, "use_bias", "use_conv_bias", "tie_word_embeddings", values=flags())
    return raw | {"head_dim": raw["mamba_expand"] * raw["hidden_size"] // raw["mamba_n_heads"]}


@st.composite
def zamba2(draw):
    raw = draw(gqa("zamba2"))
    del raw["num_hidden_layers"]
    raw |= mamba2_sizes(draw, raw, "mamba_ngroups") | of(draw, "adapter_rank", "num_mem_blocks")
    raw |= of(draw, "add_bias_linear", "use_shared_attention_adapter", values=flags())
    kinds = st.sampled_from(["mamba", "linear_attention", "hybrid"])
    return raw | {"layers_block_type": draw(st.none() | st.lists(kinds, min_size=1, max_size=12))}


@st.composite
def jamba(draw):
    raw = draw(gqa("jamba")) | of(draw, "mamba_d_state", "mamba_d_conv", "mamba_expand", values=kernel)
    raw |= of(draw, "mamba_conv_bias", "mamba_proj_bias", values=flags()) | {"mamba_dt_rank": draw(st.just("auto") | few)}
    for kind in ("attn", "expert"):
        period = draw(st.integers(1, 4))
        raw |= {f"{kind}_layer_period": period, f"{kind}_layer_offset": draw(st.integers(0, period - 1))}
    raw["num_experts"] = draw(st.integers(2, 16))
    return raw | {"num_experts_per_tok": draw(st.integers(1, raw["num_experts"]))}


@st.composite
def lfm2(draw):
    raw = draw(gqa("lfm2")) | of(draw, "conv_bias", "block_auto_adjust_ff_dim", values=flags())
    raw |= of(draw, "conv_L_cache", values=kernel) | of(draw, "block_multiple_of")
    raw["block_ffn_dim_multiplier"] = draw(st.none() | st.floats(0.1, 3))
    raw["layer_types"] = draw(st.none() | layer_types(raw, "conv"))
    # two thirds of a width are at least one
    raw["block_ff_dim"] = draw(st.integers(2, 60))
    return raw | {"full_attn_idxs": draw(st.none() | st.lists(st.integers(0, 14), max_size=4))}


@st.composite
def lfm2_moe(draw):
    raw = draw(gqa("lfm2_moe")) | of(draw, "conv_bias", "use_expert_bias", values=flags())
    raw |= of(draw, "conv_L_cache", values=kernel) | {"num_dense_layers": draw(st.integers(0, 14))}
    raw["layer_types"] = draw(layer_types(raw, "conv"))
    return draw(experts(raw, "num_experts"))


@st.composite
def nemotron_h(draw):
    raw = draw(gqa("nemotron_h"))
    del raw["num_hidden_layers"], raw["tie_word_embeddings"]
    raw["n_groups"] = draw(st.integers(1, 4))
    raw["mamba_num_heads"] = raw["n_groups"] * draw(st.integers(1, 3))
    raw |= of(draw, "mamba_head_dim", "ssm_state_size", "conv_kernel", "moe_shared_expert_intermediate_size")
    raw |= of(draw, "use_bias", "use_conv_bias", "mlp_bias", values=flags()) | {"moe_latent_size": draw(st.none() | few)}
    if draw(flags()):
        raw["hybrid_override_pattern"] = draw(st.text("ME*-", min_size=1, max_size=12))
    else:
        kinds = st.sampled_from(["mamba", "linear_attention", "moe", "full_attention", "mlp"])
        raw["layers_block_type"] = draw(st.none() | st.lists(kinds, min_size=1, max_size=12))
    return draw(experts(raw, "n_routed_experts"))


@st.composite
def kimi_linear(draw, model_type=None):
    raw = draw(decoder(model_type or draw(st.sampled_from(["kimi_linear", "bailing_hybrid"]))))
    del raw["tie_word_embeddings"]
    raw |= of(draw, "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", values=size)
    raw |= of(draw, "linear_num_heads", "linear_head_dim") | of(draw, "linear_conv_kernel_dim", values=kernel)
    raw |= {"q_lora_rank": draw(st.none() | size), "n_shared_experts": draw(st.integers(0, 3))}
    raw |= of(draw, "attention_bias", values=flags()) | {"first_k_dense_replace": draw(st.integers(0, 14))}
    raw["num_nextn_predict_layers"] = draw(st.integers(0, 1))
    raw["layer_types"] = draw(st.none() | layer_types(raw, "linear_attention"))
    raw["mlp_layer_types"] = draw(st.none() | layer_types(raw, "sparse", "dense"))
    return draw(groups(draw(experts(raw, "n_routed_experts"))))


DENSE_HYBRIDS = (qwen3_5, lfm2, granite_dense, bamba, falcon_h1, mamba, mamba2, zamba2)
MOE_HYBRIDS = (qwen3_5_moe, nemotron_h, lfm2_moe, granitemoehybrid, jamba, kimi_linear)
