"""Configs of further mixtures of experts and of unusual ones, made by hypothesis as in ``configs.py``."""

from configs import decoder, experts, gqa, layer_types, size
from hypothesis import strategies as st

SMALL = st.integers(0, 3)
WINDOW = st.integers(1, 50)


@st.composite
def flags(draw, raw, *keys):
    """A config with flags."""
    return raw | {key: draw(st.booleans()) for key in keys}


@st.composite
def mlp_types(draw, raw, dense="dense", sparse="sparse"):
    """A config that names the layers with experts, or leaves them to the family."""
    return raw | {"mlp_layer_types": draw(st.none() | layer_types(raw, dense, sparse))}


@st.composite
def windows(draw, raw, optional=True):
    """A config of which some layers may slide a window."""
    window = draw(st.none() | WINDOW if optional else WINDOW)
    return raw | {"sliding_window": window, "layer_types": draw(st.none() | layer_types(raw, "sliding_attention"))}


@st.composite
def latent(draw, model_type):
    """Keys of DeepSeek-V3's form."""
    raw = draw(decoder(model_type)) | {"attention_bias": draw(st.booleans()), "n_shared_experts": draw(SMALL)}
    raw |= {key: draw(size) for key in ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")}
    return draw(experts(raw | {"num_nextn_predict_layers": draw(SMALL)}, "n_routed_experts"))


def glm4_moe_lite():
    return latent("glm4_moe_lite").flatmap(mlp_types)


@st.composite
def glm_moe_dsa(draw):
    raw = draw(mlp_types(draw(latent("glm_moe_dsa")))) | {"first_k_dense_replace": draw(SMALL)}
    raw |= {key: draw(size) for key in ("index_n_heads", "index_head_dim", "index_topk")}
    raw |= {"index_topk_freq": draw(st.integers(1, 4)), "index_skip_topk_offset": draw(SMALL)}
    return raw | {"indexer_types": draw(st.none() | layer_types(raw, "shared", "full"))}


@st.composite
def shared(draw, model_type, key="n_routed_experts", shared_key="n_shared_experts"):
    """Grouped-query attention, and experts beside shared ones."""
    raw = draw(flags(draw(gqa(model_type)), "attention_bias", "mlp_bias")) | {"num_nextn_predict_layers": draw(SMALL)}
    raw |= {shared_key: draw(SMALL), "first_k_dense_replace": draw(SMALL)}
    return draw(experts(raw, key))


@st.composite
def deepseek_moe(draw):
    return draw(shared("deepseek")) | {"moe_layer_freq": draw(st.integers(1, 3))}


@st.composite
def granitemoe(draw):
    raw = draw(flags(draw(gqa(draw(st.sampled_from(["granitemoe", "granitemoeshared"])))), "attention_bias"))
    shared = {"shared_intermediate_size": draw(SMALL)} if raw["model_type"] == "granitemoeshared" else {}
    return draw(experts(raw | shared, "num_local_experts"))


@st.composite
def phimoe(draw):
    raw = draw(flags(draw(gqa("phimoe")), "attention_bias", "lm_head_bias"))
    return draw(experts(raw | {"sliding_window": draw(st.none() | WINDOW)}, "num_local_experts"))


@st.composite
def qwen2_moe(draw):
    raw = draw(flags(draw(windows(draw(gqa("qwen2_moe")))), "use_sliding_window", "qkv_bias"))
    raw |= {"decoder_sparse_step": draw(st.integers(1, 3)), "shared_expert_intermediate_size": draw(SMALL)}
    return draw(experts(raw | {"max_window_layers": draw(st.integers(0, 14))}, "num_experts"))


@st.composite
def per_layer(draw, model_type):
    """A second embedding, and layers that share keys and values."""
    raw = draw(flags(draw(windows(draw(gqa(model_type)), optional=False)), "attention_bias"))
    raw |= {"vocab_size_per_layer_input": draw(size), "hidden_size_per_layer_input": draw(SMALL)}
    return raw | {"num_kv_shared_layers": draw(st.integers(0, raw["num_hidden_layers"] - 1))}


@st.composite
def gemma4_dense(draw):
    raw = draw(flags(draw(per_layer("gemma4_text")), "attention_k_eq_v", "use_double_wide_mlp"))
    own = {f"{index:02}": {"head_dim": draw(size)} for index in draw(st.lists(st.integers(0, 14), max_size=3))}
    fewer = [number for number in range(1, raw["num_key_value_heads"] + 1) if raw["num_key_value_heads"] % number == 0]
    sizes = {"global_head_dim": draw(size), "num_global_key_value_heads": draw(st.none() | st.sampled_from(fewer))}
    return raw | draw(st.sampled_from([{"per_layer_config": own}, sizes]))


@st.composite
def gemma4(draw):
    return draw(experts(draw(gemma4_dense()), "num_experts")) | {"enable_moe_block": True}


@st.composite
def gemma3n(draw):
    raw = draw(per_layer("gemma3n_text")) | {"hidden_size_per_layer_input": draw(size), "laurel_rank": draw(size)}
    raw["altup_num_inputs"] = draw(st.integers(1, 4))
    each = st.lists(size, min_size=raw["num_hidden_layers"], max_size=raw["num_hidden_layers"])
    return raw | {"intermediate_size": draw(size | each)}


@st.composite
def deepseek_v4(draw):
    raw = draw(decoder("deepseek_v4")) | {"hc_mult": draw(st.integers(1, 4)), "num_hash_layers": draw(SMALL)}
    keys = ("head_dim", "q_lora_rank", "o_lora_rank", "index_n_heads", "index_head_dim", "index_topk", "sliding_window")
    raw |= {key: draw(size) for key in keys} | {"o_groups": draw(st.sampled_from([1, raw["num_attention_heads"]]))}
    raw = draw(flags(raw, "mlp_bias"))
    kinds = draw(st.sampled_from([{}, {"compress_ratios": [0, 4, 128] * 4}]))
    del raw["intermediate_size"]
    return draw(experts(raw | kinds | {"num_nextn_predict_layers": draw(SMALL)}, "n_routed_experts"))


@st.composite
def minimax_m3(draw):
    raw = draw(mlp_types(draw(gqa(draw(st.sampled_from(["minimax_m3", "minimax_m3_vl_text"]))))))
    inside = {key: draw(size) for key in ("sparse_num_index_heads", "sparse_index_dim", "sparse_block_size")}
    inside |= {"sparse_topk_blocks": draw(size), "sparse_attention_freq": draw(layer_types(raw, 0, 1))}
    raw |= {"dense_intermediate_size": draw(size), "shared_intermediate_size": draw(SMALL), "num_mtp_modules": draw(SMALL)}
    del (raw := draw(experts(raw, "num_local_experts")))["moe_intermediate_size"]
    return raw | {"sparse_attention_config": inside, "moe_layer_freq": draw(layer_types(raw, 0, 1))}


@st.composite
def llama4(draw):
    raw = draw(flags(draw(gqa("llama4_text")), "attention_bias")) | {"intermediate_size_mlp": draw(size)}
    raw |= {"attention_chunk_size": draw(st.none() | WINDOW), "interleave_moe_layer_step": draw(st.integers(1, 3))}
    raw["moe_layers"] = draw(st.none() | st.lists(st.integers(0, 13), max_size=5))
    return draw(experts(raw, "num_local_experts"))


@st.composite
def ernie4_5_moe(draw):
    raw = draw(flags(draw(shared("ernie4_5_moe", "moe_num_experts", "moe_num_shared_experts")), "use_bias"))
    raw |= {"moe_layer_start_index": draw(SMALL), "moe_layer_end_index": draw(st.integers(-1, 13))}
    return raw | {"moe_layer_interval": draw(st.integers(1, 3))}


@st.composite
def mimo_v2_flash(draw):
    raw = draw(mlp_types(draw(windows(draw(shared("mimo_v2_flash")), optional=False)))) | {"v_head_dim": draw(size)}
    return raw | {"swa_num_key_value_heads": draw(st.sampled_from([1, raw["num_attention_heads"]]))}


@st.composite
def step3p5(draw):
    raw = draw(flags(draw(windows(draw(shared("step3p5")))), "use_head_wise_attn_gate", "use_moe_router_bias"))
    raw |= {"share_expert_dim": draw(size), "moe_layers_enum": draw(st.sampled_from(["", "1,2", "0, 3,4,5"]))}
    return raw | {"attention_other_setting": {"num_attention_heads": 3 * raw["num_attention_heads"]}}


@st.composite
def step3_text(draw):
    raw = draw(shared("step3_text")) | {"share_q_dim": draw(size), "share_expert_dim": draw(size)}
    return raw | {"moe_layers_enum": draw(st.none() | st.sampled_from(["1,2", [0, 3]]))}


@st.composite
def bailing_moe(draw):
    raw = draw(shared("bailing_moe", "num_experts", "num_shared_experts"))
    raw |= {"moe_shared_expert_intermediate_size": draw(st.none() | size)}
    return draw(flags(raw, "use_qk_norm", "use_qkv_bias", "use_bias", "moe_router_enable_expert_bias"))


@st.composite
def hunyuan_v1_moe(draw):
    raw = draw(experts(draw(gqa("hunyuan_v1_moe")), "num_experts"))
    each = st.lists(st.integers(1, raw["num_experts"]), min_size=raw["num_hidden_layers"], max_size=14)
    return raw | {"moe_topk": draw(each), "num_experts_per_tok": None}


@st.composite
def exaone_moe(draw):
    raw = draw(mlp_types(draw(windows(draw(shared("exaone_moe", "num_experts", "num_shared_experts"))))))
    return raw | {"sliding_window_pattern": draw(st.sampled_from(["LLLG", 0, 2]))}


@st.composite
def dots1(draw):
    return draw(windows(draw(shared("dots1")))) | {"max_window_layers": draw(st.integers(0, 14))}


@st.composite
def afmoe(draw):
    return draw(windows(draw(shared("afmoe", "num_experts", "num_shared_experts")))) | {"num_dense_layers": draw(SMALL)}


def hy_v3():
    return shared("hy_v3", "num_experts", "num_shared_experts").flatmap(mlp_types)


def solar_open():
    return shared("solar_open")


def flex_olmo():
    return gqa("flex_olmo").flatmap(lambda raw: experts(raw, "num_experts"))


@st.composite
def minimax(draw):
    raw = draw(gqa("minimax"))
    raw["layer_types"] = draw(st.none() | layer_types(raw, "linear_attention"))
    return draw(experts(raw, "num_local_experts"))


@st.composite
def cohere2_moe(draw):
    raw = draw(flags(draw(mlp_types(draw(windows(draw(gqa("cohere2_moe")))))), "attention_bias"))
    raw |= {"num_shared_experts": draw(SMALL), "first_k_dense_replace": draw(SMALL)}
    raw |= {"prefix_dense_intermediate_size": draw(st.none() | size), "sliding_window_pattern": draw(st.integers(1, 4))}
    del (raw := draw(experts(raw, "num_experts")))["moe_intermediate_size"]
    return raw


@st.composite
def arctic(draw):
    raw = draw(flags(draw(gqa("arctic")), "use_residual")) | {"moe_layer_frequency": draw(st.integers(1, 3))}
    return draw(experts(raw, "num_local_experts"))


@st.composite
def longcat_flash(draw):
    raw = draw(flags(draw(latent("longcat_flash")), "router_bias"))
    return raw | {"num_layers": raw.pop("num_hidden_layers"), "zero_expert_num": draw(SMALL)}


@st.composite
def jetmoe(draw):
    return draw(experts(draw(gqa("jetmoe")), "num_local_experts"))


DENSE = (gemma4_dense, gemma3n)
MOE = (
    *(glm4_moe_lite, glm_moe_dsa, deepseek_moe, granitemoe, phimoe, qwen2_moe, gemma4, deepseek_v4, minimax_m3, llama4),
    *(ernie4_5_moe, mimo_v2_flash, step3p5, step3_text, bailing_moe, hunyuan_v1_moe, exaone_moe, dots1, afmoe, hy_v3),
    *(solar_open, flex_olmo, minimax, cohere2_moe, arctic),
)
#: Of which more experts activate more: see the test of those.
UNUSUAL = (longcat_flash, jetmoe)
