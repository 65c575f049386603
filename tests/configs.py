"""Configs of every family, made by hypothesis: small numbers, each rule of a family obeyed."""

from configs_more_a import MORE_DENSE
from hypothesis import strategies as st

from moecalc import ModelConfig
from moecalc.model.families.dbrx import SPELLING

#: Ends of the names of tensors that no token of the text is multiplied by: norms, biases, single numbers, positions and rows
#: that are looked up, keys and values of an image.
VECTORS = ("norm", ".bias", "sinks", "dt_bias", "A_log", "alpha_p", "alpha_n", "attn_gate", "mlp_gate")
VECTORS += ("embed_positions", "embed_tokens.image", "image_k_proj", "image_v_proj")
VECTORS += ("_scale", ".scale", ".base", "position_bias", "norm_1", "norm_2", "D")
#: Tables that are looked up.
TABLES = ("embed_tokens", "embed_tokens_per_layer")

size = st.integers(1, 64)
layers = st.integers(1, 12)


@st.composite
def decoder(draw, model_type):
    return {
        "model_type": model_type,
        "vocab_size": draw(st.integers(2, 300)),
        "hidden_size": draw(size),
        "intermediate_size": draw(size),
        "num_hidden_layers": draw(layers),
        "num_attention_heads": draw(st.integers(1, 12)),
        "tie_word_embeddings": draw(st.booleans()),
    }


@st.composite
def gqa(draw, model_type):
    raw = draw(decoder(model_type))
    heads = raw["num_attention_heads"]
    raw["num_key_value_heads"] = draw(st.sampled_from([n for n in range(1, heads + 1) if heads % n == 0]))
    raw["head_dim"] = draw(size)
    return raw


@st.composite
def llama(draw):
    return {**draw(gqa("llama")), "attention_bias": draw(st.booleans()), "mlp_bias": draw(st.booleans())}


@st.composite
def mistral(draw):
    return {**draw(gqa("mistral")), "sliding_window": draw(st.none() | st.integers(1, 50))}


@st.composite
def upper_windows(draw, model_type):
    """Families whose upper layers, or those that are named, may slide a window."""
    raw = draw(gqa(model_type))
    return {
        **raw,
        "use_sliding_window": draw(st.booleans()),
        "sliding_window": draw(st.none() | st.integers(1, 50)),
        "max_window_layers": draw(st.integers(0, 14)),
        "layer_types": draw(st.none() | layer_types(raw, "sliding_attention")),
    }


def layer_types(raw, other, full="full_attention"):
    """One kind for each layer, and maybe for some that are not there."""
    kinds, least = st.sampled_from([full, other]), raw["num_hidden_layers"]
    return st.lists(kinds, min_size=least, max_size=least + 3)


def qwen2():
    return upper_windows("qwen2")


@st.composite
def qwen3(draw):
    return {**draw(upper_windows("qwen3")), "attention_bias": draw(st.booleans())}


@st.composite
def experts(draw, raw, key, least=1):
    """A config with experts beside what it has, the number of them under the family's own key."""
    raw = {**raw, key: draw(st.integers(least, 32)), "moe_intermediate_size": draw(size)}
    raw["num_experts_per_tok"] = draw(st.integers(1, max(1, raw[key])))
    return raw


@st.composite
def groups(draw, raw):
    """The experts in groups, each as large as the number that there was."""
    if draw(st.booleans()):
        return raw
    n_group = draw(st.integers(1, 4))
    chosen = draw(st.integers(1, n_group))
    return {**raw, "n_group": n_group, "topk_group": chosen, "n_routed_experts": n_group * raw["n_routed_experts"]}


@st.composite
def sparse_steps(draw, raw):
    """Dense layers between those with experts."""
    return {
        **raw,
        "decoder_sparse_step": draw(st.integers(1, 3)),
        "mlp_only_layers": draw(st.lists(st.integers(0, 13), max_size=3)),
        "attention_bias": draw(st.booleans()),
    }


@st.composite
def mixtral(draw):
    raw = {**draw(gqa("mixtral")), "sliding_window": draw(st.none() | st.integers(1, 50))}
    return draw(experts(raw, "num_local_experts"))


@st.composite
def qwen3_moe(draw):
    return draw(experts(draw(sparse_steps(draw(upper_windows("qwen3_moe")))), "num_experts"))


@st.composite
def olmoe(draw):
    return draw(experts({**draw(gqa("olmoe")), "attention_bias": draw(st.booleans())}, "num_experts"))


@st.composite
def glm4_moe(draw):
    raw = draw(gqa("glm4_moe")) | {
        "attention_bias": draw(st.booleans()),
        "use_qk_norm": draw(st.booleans()),
        "n_shared_experts": draw(st.integers(0, 3)),
        "first_k_dense_replace": draw(st.integers(0, 14)),
        "num_nextn_predict_layers": draw(st.none() | st.integers(0, 2)),
    }
    return draw(groups(draw(experts(raw, "n_routed_experts"))))


@st.composite
def minimax_m2(draw):
    raw = draw(gqa("minimax_m2")) | {key: draw(st.booleans()) for key in ("use_qk_norm", "use_routing_bias", "use_mtp")}
    return draw(experts({**raw, "num_mtp_modules": draw(st.integers(0, 3))}, "num_local_experts"))


@st.composite
def minimax_m1(draw):
    raw = draw(gqa("minimax_m1"))
    raw["attn_type_list"] = draw(layer_types(raw, 0, 1))
    return draw(experts(raw, "num_local_experts"))


@st.composite
def dbrx(draw):
    """In its own spelling."""
    raw = draw(experts(draw(gqa("dbrx")), "num_local_experts"))
    spelt = {"attn_config": {}, "ffn_config": {}}
    for key, value in raw.items():
        inside, _, name = SPELLING.get(key, (key,))[0].rpartition(".")
        (spelt[inside] if inside else spelt)[name] = value
    return spelt


@st.composite
def gpt_oss(draw):
    raw = draw(gqa("gpt_oss"))
    raw["attention_bias"] = draw(st.booleans())
    raw["sliding_window"] = draw(st.integers(1, 50))
    raw["layer_types"] = draw(st.none() | layer_types(raw, "sliding_attention"))
    return draw(experts(raw, "num_local_experts"))


@st.composite
def qwen3_next(draw):
    raw = draw(sparse_steps(draw(gqa("qwen3_next"))))
    raw["shared_expert_intermediate_size"] = draw(st.integers(0, 20))
    raw["full_attention_interval"] = draw(st.integers(1, 4))
    raw["layer_types"] = draw(st.none() | layer_types(raw, "linear_attention"))
    raw["linear_num_key_heads"] = draw(st.integers(1, 4))
    raw["linear_num_value_heads"] = raw["linear_num_key_heads"] * draw(st.integers(1, 3))
    raw |= {key: draw(st.integers(1, 16)) for key in ("linear_key_head_dim", "linear_value_head_dim")}
    return draw(experts({**raw, "linear_conv_kernel_dim": draw(st.integers(1, 4))}, "num_experts"))


DEEPSEEK = ["deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2"]


@st.composite
def deepseek(draw, model_type=None):
    raw = draw(decoder(model_type or draw(st.sampled_from(DEEPSEEK))))
    raw |= {key: draw(size) for key in ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")}
    raw |= {
        "q_lora_rank": draw(size if raw["model_type"] == "deepseek_v32" else st.none() | size),
        "attention_bias": draw(st.booleans()),
        "n_shared_experts": draw(st.integers(0, 3)),
        "first_k_dense_replace": draw(st.integers(0, 14)),
        "moe_layer_freq": draw(st.integers(1, 3)),
    }
    if raw["model_type"] == "deepseek_v32":
        raw |= {key: draw(size) for key in ("index_n_heads", "index_head_dim", "index_topk")}
    if raw["model_type"] != "deepseek_v2":
        raw["num_nextn_predict_layers"] = draw(st.integers(0, 2))
    return draw(groups(draw(experts(raw, "n_routed_experts"))))


import configs_more_b as more_b  # noqa: E402 (they are made of what is above)
from configs_more_c import DENSE_HYBRIDS, MOE_HYBRIDS  # noqa: E402

DENSE = (llama, mistral, qwen2, qwen3, *MORE_DENSE, *DENSE_HYBRIDS, *more_b.DENSE)
MOE = (deepseek, mixtral, dbrx, qwen3_moe, olmoe, glm4_moe, minimax_m1, minimax_m2, gpt_oss, qwen3_next)
MOE += (*MOE_HYBRIDS, *more_b.MOE)


def dense():
    return st.one_of(*[family() for family in DENSE]).map(ModelConfig)


def moe():
    return st.one_of(*[family() for family in MOE]).map(ModelConfig)


def any_family():
    return dense() | moe() | st.one_of(*[family() for family in more_b.UNUSUAL]).map(ModelConfig)


def experts_key(config) -> str:
    """The key under which a family counts its routed experts."""
    return next(key for key in ("n_routed_experts", "num_local_experts", "num_experts") if key in config.keys)
