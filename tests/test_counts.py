"""Exact integers: every count equals the one taken from the real modules, without tolerance."""

import json
from pathlib import Path

import pytest

from moecalc import ModelConfig, load_model
from moecalc.model.anatomy import Score
from moecalc.model.flops import (
    flops_report,
    forward_flops_per_token,
    forward_flops_per_token_attended,
    training_flops_per_token,
)
from moecalc.model.kv_cache import kv_cache_report
from moecalc.model.params import num_activated_params, num_mtp_params, num_total_params, params_by_tensor, params_report
from moecalc.training.mfu import TRAINING_PASSES

TRUTH = json.loads((Path(__file__).parent / "truth" / "models.json").read_text(encoding="utf-8"))["models"]
V3 = "deepseek-v3"
#: What the truth says in words, or says of the attention of layers; the rest are counts, all compared.
WORDS = {"note", "seq_len", "kv_full_attention_layers", "kv_sliding_layers", "sliding_window"}


@pytest.fixture(params=TRUTH)
def model(request):
    return load_model(request.param), TRUTH[request.param]


def counted(config, truth) -> dict:
    """Every count of a model under the names that the truth has for them."""
    seq_len = truth.get("seq_len", 4096)
    products, cache = flops_report(config, seq_len), kv_cache_report(config, 1)
    if "forward_per_token_sparse" in products:
        products[f"forward_per_token_sparse_top{config.index_topk}"] = products["forward_per_token_sparse"]
    return {**products, **params_report(config), **cache, "kv_bytes_per_token_bf16": cache["bytes"]}


def test_every_count(model):
    config, truth = model
    counts, asked = counted(config, truth), [key for key in truth if key not in WORDS]
    assert len(asked) >= 5
    assert {key: counts.get(key) for key in asked} == {key: truth[key] for key in asked}
    assert all(isinstance(counts[key], int) for key in asked if key != "components")
    assert kv_cache_report(config, 9)["bytes_per_token"] == counts["bytes_per_token"]


def test_what_the_truth_holds():
    assert len(TRUTH) == 18
    unknown = {slug for slug, truth in TRUTH.items() if "components" not in truth}
    assert unknown == {"mistral-7b-v0.3", "qwen3-8b", "qwen3-0.6b"}
    assert {slug for slug, truth in TRUTH.items() if "training_per_token" not in truth} == {"qwen3-next-80b-a3b"}


def test_windows_are_those_of_the_truth():
    truth, cache = TRUTH["gpt-oss-120b"], kv_cache_report(load_model("gpt-oss-120b"), 1000)
    assert cache["windows"] == {truth["sliding_window"]: truth["kv_sliding_layers"]}
    # beyond the window only the full layers grow
    grows = truth["kv_bytes_per_token_bf16"] * truth["kv_full_attention_layers"] // 36
    assert cache["bytes_of_next_token"] == grows
    assert cache["bytes"] == grows * 1000 + (truth["kv_bytes_per_token_bf16"] - grows) * 128
    assert kv_cache_report(load_model("gpt-oss-120b"), 127)["bytes_of_next_token"] == truth["kv_bytes_per_token_bf16"]


@pytest.mark.parametrize("seq_len", [1, 2, 7, 128, 129, 300])
def test_tokens_met_are_counted_one_by_one(seq_len):
    """A second route: position by position."""
    config = load_model("gpt-oss-120b")
    products = sum(2 * row["activated"] for row in params_by_tensor(config) if is_product(row["tensor"]))
    met = sum(i + min(i, 128) for i in range(1, seq_len + 1))
    scores = 18 * met * 2 * 2 * 64 * 64
    assert forward_flops_per_token_attended(config, seq_len) == pytest.approx(products + scores / seq_len, rel=1e-15)


def is_product(tensor: str) -> bool:
    return not tensor.endswith((".bias", "norm", "sinks", "embed_tokens"))


def test_keys_of_the_indexer_stand_beside_the_cache():
    cache = kv_cache_report(load_model("deepseek-v3.2"), 1000, batch=3)
    assert cache["indexer_key_cache_bytes"] == 3000 * 61 * (128 + 4)
    assert cache["bytes"] == 3000 * 70_272


def test_the_state_of_linear_attention_is_kept_once_a_sequence():
    config = load_model("qwen3-next-80b-a3b")
    state = 36 * (32 * 128 * 128 + 4 * 8192) * 2
    for context in (1, 1000):
        cache = kv_cache_report(config, context, batch=2)
        assert cache["state_bytes"] == state
        assert cache["bytes"] == 2 * (state + context * 12 * 2 * 2 * 256 * 2)
    assert "gated delta rule" in flops_report(config, 4096)["flops_note"]


def test_mtp_is_null_where_its_form_is_not_published():
    for slug in ("minimax-m2.5", "qwen3-next-80b-a3b"):
        config = load_model(slug)
        assert params_report(config)["mtp"] is flops_report(config, 1)["training_per_token_with_mtp"] is None
        assert "multi-token prediction" in params_report(config)["mtp_note"]
    without = load_model("minimax-m2.5").replace(use_mtp=False)
    assert params_report(without)["mtp"] == 0 and "mtp_note" not in params_report(without)


def test_glm_has_the_prediction_module_of_v3():
    """The published files of GLM-4.6, of the same sizes, hold model, module, and the correction biases of both."""
    glm = load_model("glm-4.5")
    assert num_mtp_params(glm) == 3_988_069_632
    assert num_mtp_params(glm.replace(num_nextn_predict_layers=0)) == 0
    biases = params_report(glm)["router_correction_bias"] + glm.n_routed_experts
    assert num_total_params(glm) + num_mtp_params(glm) + biases == 356_785_898_816


def test_a_chunk_is_no_window():
    """Of ten tokens in chunks of four, each meets itself and those before it in its chunk: 10 + 10 + 3 meetings."""
    assert Score("attention_scores", heads=1, width=1, chunk=4).flops_of_sequence(10) == 2 * 23
    assert Score("attention_scores", heads=1, width=1, window=4).flops_of_sequence(10) == 2 * 34
    scout = load_model("llama-4-scout")
    assert kv_cache_report(scout, 10_000)["windows"] == {8192: 36}
    report = flops_report(scout, 8192)
    assert report["forward_per_token"] < report["forward_per_token_windowed"] < report["forward_per_token"] * 1.001


def test_arctic_by_hand():
    """Published as 480 B, of which 17 B are activated: 10 B dense, and two experts of 128 in each of 35 layers."""
    raw = {"vocab_size": 32000, "hidden_size": 7168, "intermediate_size": 4864, "num_hidden_layers": 35}
    raw |= {"use_residual": True, "num_attention_heads": 56, "num_key_value_heads": 8, "num_local_experts": 128}
    raw["num_experts_per_tok"] = 2
    arctic = ModelConfig(raw | {"model_type": "arctic", "moe_layer_frequency": 1})
    attention, expert, dense = 2 * 7168 * (7168 + 1024), 3 * 7168 * 4864, 3 * 7168 * 7168
    layer = attention + 128 * expert + dense + 128 * 7168 + 3 * 7168
    assert num_total_params(arctic) == 35 * layer + 2 * 32000 * 7168 + 7168
    assert round(num_total_params(arctic), -10) == 480e9 and round(num_activated_params(arctic), -9) == 17e9
    assert num_total_params(arctic) - num_activated_params(arctic) == 35 * 126 * expert


def test_the_module_of_v32_has_the_indexer_of_its_layers():
    # V3's module, with the layer's indexer
    indexer = 1536 * 64 * 128 + 7168 * 128 + 2 * 128 + 7168 * 64
    assert num_mtp_params(load_model("deepseek-v3.2")) == num_mtp_params(load_model(V3)) + indexer


def test_a_wrapper_counts_as_the_model_inside():
    wrapped = load_model("kimi-k2.5")
    assert params_report(wrapped) == params_report(load_model("kimi-k2"))
    assert wrapped.model_type == "kimi_k2"
    assert "'kimi_k25'" in wrapped.left_out_note and "text_config" in wrapped.replace(vocab_size=5).left_out_note
    named = {"model_type": "any", "text_config": load_model("qwen3-8b").raw, "vision_config": {}, "quantization_config": {}}
    assert ModelConfig(named).left_out == ModelConfig(named).replace(vocab_size=5).left_out == ("vision_config",)
    assert load_model(V3).left_out == () and load_model(V3).left_out_note == ""


def test_the_command_line_prints_the_same_integers(model, moecalc):
    config, truth = model
    assert moecalc("params --json --model", config.name).json["total"] == truth["total"]
    commands = [("params", "total")]
    if "seq_len" in truth:
        counted = moecalc("flops --json --model", config.name, "--seq-len", truth["seq_len"]).json
        assert counted["training_per_token"] == truth["training_per_token"]
        cache = moecalc("kv-cache --context 1 --bytes-per-element 2 --json --model", config.name).json
        assert cache["bytes"] == truth["kv_bytes_per_token_bf16"]
        commands.append(("flops --seq-len 4096", "training_per_token"))
    for command, count in commands:
        assert f"{int(truth[count]):,}" in moecalc(command, "--model", config.name).out


@pytest.mark.parametrize("slug", ["gpt-oss-120b", "deepseek-v3.2", "qwen3-next-80b-a3b", "minimax-m2.5"])
def test_the_command_line_says_what_is_particular(slug, moecalc):
    words = {
        "gpt-oss-120b": ("10,903,491,072", "18 layers keep the last 128 tokens"),
        "deepseek-v3.2": ("84,692,352,832", "keys of the indexer"),
        "qwen3-next-80b-a3b": ("not counted: ", "state of linear attention"),
        "minimax-m2.5": ("not known", "is not published"),
    }[slug]
    commands = ("params", "flops --seq-len 4096", "kv-cache --context 4096")
    answers = [moecalc(f"{command} --model {slug}") for command in commands]
    assert all(answer.code == 0 for answer in answers)
    for word in words:
        assert word in "".join(answer.out for answer in answers)


def test_v3_with_its_correction_biases():
    counts = params_report(load_model(V3))
    assert counts["total"] + counts["router_correction_bias"] == 671_026_419_200


def test_v3_mtp_module():
    config = load_model(V3)
    assert num_mtp_params(config) == params_report(config)["mtp"] == 11_610_067_968
    layer, norms, projection = 11_507_286_016, 3 * 7168, 2 * 7168 * 7168
    assert num_mtp_params(config) == layer + norms + projection
    # counted activated, each token meets one projection, one layer's share and the shared head once more
    forward = 2 * (projection + 7168 * 129_280)
    moe_layer = forward_flops_per_token(config, 4096) - forward_flops_per_token(config.replace(num_hidden_layers=60), 4096)
    assert training_flops_per_token(config, 4096, mtp=True) - training_flops_per_token(config, 4096) == TRAINING_PASSES * (
        forward + moe_layer
    )


@pytest.mark.parametrize(
    ("printed", "count"),
    [
        (250.450, training_flops_per_token(load_model(V3), 4096)),
        (281.152, training_flops_per_token(load_model(V3), 4096, causal=False)),
        (260.642, training_flops_per_token(load_model(V3), 4096, mtp=True)),
        (249.811, training_flops_per_token(load_model(V3), 4096) - 3 * 212_860_928),
    ],
    ids=["causal", "non-causal", "with MTP", "without router"],
)
def test_v3_training_gflops(printed, count):
    assert round(count / 1e9, 3) == printed


@pytest.mark.parametrize("slug", ["deepseek-r1", "deepseek-v3.1"])
def test_models_of_v3s_shape_have_its_counts(slug):
    assert params_report(load_model(slug)) == params_report(load_model(V3))


def test_two_families_without_a_truth_are_counted_by_hand():
    """From the shapes of their modules, and near what their authors print."""
    d, vocab, expert = 6144, 100_352, 3 * 6144 * 10_752
    layer = d * (d + 2 * 8 * 128) + d * d + 16 * d + 2 * d
    dbrx = params_report(load_model("dbrx"))
    assert dbrx["total"] == 2 * vocab * d + d + 40 * (layer + 16 * expert) == 131_596_523_520
    assert dbrx["activated"] == 2 * vocab * d + d + 40 * (layer + 4 * expert)
    vocab, expert, width = 200_064, 3 * 6144 * 9216, 64 * 128
    lightning, full = 5 * d * width + width, 2 * d * width + 2 * d * 8 * 128
    layers = 70 * lightning + 10 * full + 80 * (2 * d + 32 * d)
    m1 = load_model("minimax-m1")
    assert params_report(m1)["total"] == 2 * vocab * d + d + layers + 80 * 32 * expert == 456_089_655_296
    assert params_report(m1)["activated_without_embedding_and_head"] == d + layers + 80 * 2 * expert
    assert kv_cache_report(m1, 7)["bytes"] == 2 * (7 * 10 * 2 * 8 * 128 + 70 * 64 * 128 * 128)
    assert "lightning attention" in flops_report(m1, 1)["flops_note"]


def test_a_config_is_read_in_its_own_spelling():
    dbrx = load_model("dbrx")
    assert (dbrx.num_local_experts, dbrx.num_key_value_heads) == (16, 8)
    assert dbrx.replace(num_hidden_layers=20).num_hidden_layers == 20
    with pytest.raises(
        ValueError, match="^num_attention_heads is null; a dbrx config needs vocab_size, d_model, ffn_config.ffn"
    ):
        ModelConfig({**dbrx.raw, "n_heads": None, "num_attention_heads": None})


def test_minimax_m2_5_has_the_shape_of_m2():
    assert params_report(load_model("minimax-m2.5"))["components"] == params_report(load_model("minimax-m2"))["components"]
