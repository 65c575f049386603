"""The same numbers by another way: the talk's formulas, rules of thumb, sums written out by hand."""

import pytest
from configs import DEEPSEEK, TABLES, VECTORS, any_family, deepseek, gqa
from hypothesis import given
from hypothesis import strategies as st

from moecalc import ModelConfig, load_model
from moecalc.base.errors import InputError
from moecalc.claims.talk_formulas import compare_with_talk, talk_forward_flops_by_operator
from moecalc.model.flops import attention_score_flops_per_token, forward_flops_per_token, training_flops_per_token
from moecalc.model.kv_cache import kv_cache_bytes, kv_cache_elements_per_token
from moecalc.model.params import num_activated_params, num_mtp_params, num_total_params, params_by_layer, params_by_tensor
from moecalc.training.mfu import recomputed_flops_per_token

V3 = load_model("deepseek-v3")
THE_TALKS_ELEVEN = (
    ["Q down", "Q up", "KV down", "KV up", "score", "score x V", "Wo"] + ["MoE", "MLP", "embedding", "LM head"]
)


def as_the_talk_has_it(raw):
    """The slides know one kind of query, and experts in every layer behind the dense ones."""
    return ModelConfig({**raw, "q_lora_rank": raw["q_lora_rank"] or 7, "moe_layer_freq": 1})


#: V3.2 has an indexer, of which the talk has no formula.
OF_THE_TALK = st.sampled_from([name for name in DEEPSEEK if name != "deepseek_v32"]).flatmap(deepseek)


@given(OF_THE_TALK.map(as_the_talk_has_it), st.integers(1, 10**6))
def test_the_talks_formulas_differ_by_the_router_the_look_up_and_the_swiglu_product(config, seq_len):
    rows = {row["operator"]: row for row in compare_with_talk(config, seq_len)}
    dense = min(config.first_k_dense_replace, config.num_hidden_layers)
    moe = config.num_hidden_layers - dense
    explained = {
        "MoE": moe * (config.num_experts_per_tok + config.n_shared_experts) * config.moe_intermediate_size,
        "MLP": dense * config.intermediate_size,
        "embedding": 2 * config.hidden_size,
        "router (not on the slide)": -moe * 2 * config.hidden_size * config.n_routed_experts,
    }
    assert {name: row["difference"] for name, row in rows.items()} == {name: explained.get(name, 0) for name in rows}
    assert sum(row["exact"] for row in rows.values()) == forward_flops_per_token(config, seq_len)


def test_the_talks_eleven_formulas_for_v3():
    talk = talk_forward_flops_by_operator(V3, 4096)
    assert list(talk) == THE_TALKS_ELEVEN
    assert all(isinstance(flops, int) for flops in talk.values())
    assert 3 * sum(talk.values()) == 249_814_720_512
    swiglu, look_up, router = 58 * 9 * 2048 + 3 * 18_432, 2 * 7168, 58 * 2 * 7168 * 256
    assert sum(talk.values()) == forward_flops_per_token(V3, 4096) + swiglu + look_up - router


@pytest.mark.parametrize("slug", ["llama-3.1-8b", "deepseek-v2-lite", "deepseek-v3.2"])
def test_the_talk_has_no_formulas_for_other_models(slug):
    with pytest.raises(InputError, match=slug):
        compare_with_talk(load_model(slug), 4096)


@given(any_family(), st.integers(1, 10**6))
def test_6nd_is_exact_where_n_is_what_is_multiplied(config, seq_len):
    """6N + attention differs from the exact count by 6 times the look-up table, norms, biases and their like."""
    table = config.vocab_size * config.hidden_size
    rows = [row for row in params_by_tensor(config) if row["block"] != "MTP module"]
    vectors = sum(row["activated"] for row in rows if row["tensor"].endswith(VECTORS))
    vectors += sum(row["activated"] for row in rows if row["tensor"] in TABLES[1:])
    not_multiplied = vectors + (0 if config.anatomy.is_tied else table)
    rule = 6 * num_activated_params(config) + 3 * attention_score_flops_per_token(config, seq_len)
    layers = config.anatomy.layers
    again = sum(tensor.flops for layer in layers for tensor in layer.tensors if not tensor.owned)
    assert rule - training_flops_per_token(config, seq_len) == 6 * not_multiplied - 3 * again


def test_recomputing_the_up_projections_is_two_of_the_talks_operators_again():
    talk = talk_forward_flops_by_operator(V3, 4096)
    assert recomputed_flops_per_token(V3, 4096, "mla-up") == talk["Q up"] + talk["KV up"]
    assert recomputed_flops_per_token(V3, 4096, "full") == forward_flops_per_token(V3, 4096)
    assert recomputed_flops_per_token(V3, 4096, "none") == 0


def test_6nd_of_v3_is_a_tenth_below_the_exact_count():
    assert round(6 * 37e9 / training_flops_per_token(V3, 4096), 3) == 0.886


def test_v3_parameters_written_out():
    hidden, heads, layers = 7168, 128, 61
    attention = (
        hidden * 1536  # query, down
        + 1536 * heads * (128 + 64)  # and up
        + hidden * (512 + 64)  # key and value, down, with the shared rotary key
        + 512 * heads * (128 + 128)  # and up
        + heads * 128 * hidden  # output
        + 1536 + 512  # norms of the two latents
    )  # fmt: skip
    expert, norms = 3 * hidden * 2048, 2 * hidden
    dense_layer = attention + norms + 3 * hidden * 18_432
    moe_layer = attention + norms + 256 * hidden + (256 + 1) * expert
    ends = 2 * 129_280 * hidden + hidden
    assert num_total_params(V3) == 3 * dense_layer + (layers - 3) * moe_layer + ends == 671_026_404_352
    assert num_activated_params(V3) == num_total_params(V3) - 58 * (256 - 8) * expert == 37_552_282_624
    assert num_mtp_params(V3) == moe_layer + 3 * hidden + 2 * hidden * hidden == 11_610_067_968


@given(gqa("mistral"))
def test_a_dense_model_written_out(raw):
    config = ModelConfig(raw)
    hidden, vocab, layers, width = (
        raw[key] for key in ("hidden_size", "vocab_size", "num_hidden_layers", "intermediate_size")
    )
    heads, kv_heads, head_dim = (raw[key] for key in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    layer = 2 * hidden * head_dim * (heads + kv_heads) + 3 * hidden * width + 2 * hidden
    assert num_total_params(config) == layers * layer + hidden + vocab * hidden * (2 - raw["tie_word_embeddings"])
    assert kv_cache_elements_per_token(config) == layers * 2 * kv_heads * head_dim
    # on average a token attends to half the sequence, once for scores and once for values
    matrices = 2 * hidden * head_dim * (heads + kv_heads) + 3 * hidden * width
    assert forward_flops_per_token(config, 100) == layers * (2 * matrices + 2 * 100 * heads * head_dim) + 2 * vocab * hidden


def added(config, **changes):
    return num_total_params(config.replace(**changes)) - num_total_params(config)


def test_biases_written_out():
    llama = load_model("llama-3.1-8b")
    heads, kv_heads, output = 32 * 128, 8 * 128, 4096
    assert added(llama, attention_bias=True) == 32 * (heads + 2 * kv_heads + output)
    assert added(llama, mlp_bias=True) == 32 * (2 * 14_336 + 4096)
    # MLA's two projections down, and the one out; without a query rank there is one projection down
    key_value, output = 512 + 64, 7168
    assert added(V3, attention_bias=True) == 61 * (1536 + key_value + output)
    assert added(V3.replace(q_lora_rank=None), attention_bias=True) == 61 * (key_value + output)
    without_biases = 80 * (2 * 8192 * 128 * (64 + 8) + 3 * 8192 * 29_568 + 2 * 8192) + 8192 + 2 * 152_064 * 8192
    qwen = load_model("qwen2.5-72b")
    assert num_total_params(qwen) - without_biases == 80 * 128 * (64 + 2 * 8)


def test_a_head_dim_that_is_not_given_is_a_head_s_share_of_the_hidden_size():
    llama = load_model("llama-3.1-8b")
    assert added(llama.replace(head_dim=None), head_dim=128) == 0
    assert added(llama, head_dim=64) == -32 * 2 * 4096 * 64 * (32 + 8)


@given(deepseek())
def test_which_layers_route_tokens(raw):
    """Those past the dense prefix whose index the frequency divides, as in the published code."""
    kinds = [layer["kind"] for layer in params_by_layer(ModelConfig(raw))]
    first, every = raw["first_k_dense_replace"], raw["moe_layer_freq"]
    assert kinds == ["MoE layer" if i >= first and i % every == 0 else "dense layer" for i in range(len(kinds))]


@given(gqa("qwen2"), st.integers(1, 50), st.integers(0, 14), st.booleans(), st.integers(0, 100))
def test_which_layers_of_qwen2_have_a_window(raw, window, first, used, context):
    how = {"use_sliding_window": used, "sliding_window": window, "max_window_layers": first}
    config = ModelConfig({**raw, **how})
    kept = [min(context, window) if used and layer >= first else context for layer in range(raw["num_hidden_layers"])]
    assert kv_cache_bytes(config, [context], 1) == sum(kept) * 2 * raw["num_key_value_heads"] * raw["head_dim"]
    assert len(params_by_layer(config)) == raw["num_hidden_layers"]


def test_mla_caches_a_latent_and_one_rotary_key():
    assert kv_cache_elements_per_token(V3) == 61 * (512 + 64)
    # kept as keys and values of every head, it would be 71 times as much
    assert round(61 * 128 * ((128 + 64) + 128) / kv_cache_elements_per_token(V3)) == 71


def test_multi_query_and_multi_head_are_the_ends_of_grouped_query():
    llama = load_model("llama-3.1-8b")
    heads = llama.num_attention_heads
    cached = {n: kv_cache_elements_per_token(llama.replace(num_key_value_heads=n)) for n in (1, 8, heads)}
    assert cached[1] * 8 == cached[8] == kv_cache_elements_per_token(llama)
    assert cached[1] * heads == cached[heads] == kv_cache_elements_per_token(llama.replace(num_key_value_heads=None))
