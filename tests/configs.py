"""Configs of every family, made by hypothesis: small numbers, each rule of a family obeyed."""

from hypothesis import strategies as st

from moecalc import ModelConfig

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
def qwen2(draw):
    return {
        **draw(gqa("qwen2")),
        "use_sliding_window": draw(st.booleans()),
        "sliding_window": draw(st.none() | st.integers(1, 50)),
        "max_window_layers": draw(st.integers(0, 14)),
    }


@st.composite
def deepseek(draw, model_type=None):
    raw = draw(decoder(model_type or draw(st.sampled_from(["deepseek_v2", "deepseek_v3", "kimi_k2"]))))
    raw |= {key: draw(size) for key in ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")}
    raw |= {
        "q_lora_rank": draw(st.none() | size),
        "attention_bias": draw(st.booleans()),
        "moe_intermediate_size": draw(size),
        "n_routed_experts": draw(st.integers(1, 32)),
        "n_shared_experts": draw(st.integers(0, 3)),
        "first_k_dense_replace": draw(st.integers(0, 14)),
        "moe_layer_freq": draw(st.integers(1, 3)),
    }
    raw["num_experts_per_tok"] = draw(st.integers(1, raw["n_routed_experts"]))
    if raw["model_type"] != "deepseek_v2":
        raw["num_nextn_predict_layers"] = draw(st.integers(0, 2))
    return raw


def dense():
    return (llama() | mistral() | qwen2()).map(ModelConfig)


def moe():
    return deepseek().map(ModelConfig)


def any_family():
    return dense() | moe()
