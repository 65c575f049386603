"""Configs of dense families beyond the first ones, made by hypothesis: each rule of a family obeyed."""

from hypothesis import strategies as st

from moecalc.model.families import family, model_type

size = st.integers(1, 64)

#: Model types whose configs are Llama's with flags, a window, or both; their family's keys say which.
PLAIN = (
    "gemma", "gemma2", "gemma3_text", "phi3", "olmo", "olmo2", "olmo3", "granite", "smollm3", "seed_oss",
    "glm", "glm4", "exaone4", "hunyuan_v1_dense", "hyperclovax", "internlm3", "arcee", "nemotron",
    "starcoder2", "gpt_neox", "gptj", "phi", "gpt2", "gpt_bigcode", "opt", "cohere", "cohere2", "stablelm",
    "apertus", "falcon", "bloom", "mpt", "chatglm", "phi3small", "qwen", "mimo", "mllama_text_model",
)  # fmt: skip


@st.composite
def plain_dense(draw):
    """Any of `PLAIN`: sizes of its own, each flag either way, heads that share the hidden vector evenly."""
    name = draw(st.sampled_from(PLAIN))
    keys = family(model_type(name).family).KEYS
    kv_heads, groups = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    heads = kv_heads * groups
    raw = {
        "model_type": name,
        "vocab_size": draw(st.integers(2, 300)),
        "hidden_size": heads * draw(st.integers(1, 16)),
        "intermediate_size": 2 * draw(size),  # of Qwen 1 it is even
        "num_hidden_layers": draw(st.integers(1, 12)),
        "num_attention_heads": heads,
    }
    given_as = {"num_key_value_heads": kv_heads, "multi_query_group_num": kv_heads, "head_dim": draw(size)}
    given_as |= {key: draw(size) for key in ("max_position_embeddings", "sliding_window", "expansion_ratio")}
    given_as["max_window_layers"] = draw(st.integers(0, 14))
    raw |= {key: value for key, value in given_as.items() if key in keys}
    raw |= {key: draw(st.booleans()) for key, (_, default) in keys.items() if isinstance(default, bool)}
    if "layer_types" in keys:
        kinds = st.sampled_from(["full_attention", "sliding_attention"])
        layers = raw["num_hidden_layers"]
        raw["layer_types"] = draw(st.none() | st.lists(kinds, min_size=layers, max_size=layers + 3))
    if "cross_attention_layers" in keys:
        raw["cross_attention_layers"] = draw(st.lists(st.integers(0, 13), max_size=4))
    if "num_nextn_predict_layers" in keys:
        raw["num_nextn_predict_layers"] = draw(st.integers(0, 2))
    return raw


@st.composite
def dense_with_latent_attention(draw):
    heads = draw(st.integers(1, 12))
    ranks = ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
    return {
        "model_type": draw(st.sampled_from(["minicpm3", "youtu"])),
        "vocab_size": draw(st.integers(2, 300)),
        "hidden_size": heads * draw(size),
        "intermediate_size": draw(size),
        "num_hidden_layers": draw(st.integers(1, 12)),
        "num_attention_heads": heads,
        "tie_word_embeddings": draw(st.booleans()),
        "q_lora_rank": draw(st.none() | size),
        **{key: draw(size) for key in ranks},
    }


@st.composite
def nemotron_nas(draw):
    """Layers without attention or feed-forward, or with a matrix in their place, but at least one whole."""
    heads = draw(st.integers(1, 12))
    group = draw(st.sampled_from([n for n in range(1, heads + 1) if heads % n == 0]))
    part = st.sampled_from([{"no_op": True}, {"replace_with_linear": True}, {}])
    blocks = [{"attention": {"n_heads_in_group": group}, "ffn": {"ffn_mult": 1.5}}]
    for _ in range(draw(st.integers(0, 11))):
        attention, ffn = draw(part) or {"n_heads_in_group": group}, draw(part) or {"ffn_mult": 1 + draw(size) / 8}
        blocks.append({"attention": attention, "ffn": ffn})
    return {
        "model_type": "nemotron-nas",
        "vocab_size": draw(st.integers(2, 300)),
        "hidden_size": heads * draw(st.integers(2, 64)),
        "num_hidden_layers": len(blocks),
        "num_attention_heads": heads,
        "tie_word_embeddings": draw(st.booleans()),
        "block_configs": blocks,
    }


MORE_DENSE = (plain_dense, dense_with_latent_attention, nemotron_nas)
