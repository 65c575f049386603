"""Exact integers: every count equals the one taken from the real modules, without tolerance."""

import json
from pathlib import Path

import pytest

from moecalc import load_model
from moecalc.flops import flops, forward_flops_per_token, training_flops_per_token
from moecalc.kv_cache import kv_cache
from moecalc.mfu import TRAINING_PASSES
from moecalc.params import num_mtp_params, params

TRUTH = json.loads((Path(__file__).parent / "truth" / "models.json").read_text(encoding="utf-8"))["models"]
V3 = "deepseek-v3"


@pytest.fixture(params=TRUTH)
def model(request):
    return load_model(request.param), TRUTH[request.param]


def test_params(model):
    config, truth = model
    counts = params(config)
    asked = [key for key in counts if key in truth]
    assert len(asked) >= 5
    assert {key: counts[key] for key in asked} == {key: truth[key] for key in asked}


def test_components_are_known_for_all_but_one_model():
    assert [slug for slug, truth in TRUTH.items() if "components" not in truth] == ["mistral-7b-v0.3"]


def test_flops(model):
    config, truth = model
    counts = flops(config, truth["seq_len"])
    asked = [key for key in truth if key.startswith(("forward", "training"))]
    assert len(asked) == 4
    assert {key: counts[key] for key in asked} == {key: truth[key] for key in asked}
    assert all(isinstance(counts[key], int) for key in asked)


def test_kv_cache(model):
    config, truth = model
    assert kv_cache(config, 1)["bytes"] == kv_cache(config, 9)["bytes_per_token"] == truth["kv_bytes_per_token_bf16"]


def test_the_command_line_prints_the_same_integers(model, moecalc):
    config, truth = model
    assert moecalc("params --json --model", config.name).json["total"] == truth["total"]
    flops = moecalc("flops --json --model", config.name, "--seq-len", truth["seq_len"]).json
    assert flops["training_per_token"] == truth["training_per_token"]
    cache = moecalc("kv-cache --context 1 --bytes-per-element 2 --json --model", config.name).json
    assert cache["bytes"] == truth["kv_bytes_per_token_bf16"]
    for command, count in (("params", "total"), ("flops --seq-len 4096", "training_per_token")):
        assert f"{truth[count]:,}" in moecalc(command, "--model", config.name).out


def test_v3_with_its_correction_biases():
    counts = params(load_model(V3))
    assert counts["total"] + counts["router_correction_bias"] == 671_026_419_200


def test_v3_mtp_module():
    config = load_model(V3)
    assert num_mtp_params(config) == params(config)["mtp"] == 11_610_067_968
    layer, norms, projection = 11_507_286_016, 3 * 7168, 2 * 7168 * 7168
    assert num_mtp_params(config) == layer + norms + projection
    # counted activated, each token meets one projection, one layer's share and the shared head once more
    forward = 2 * (projection + 7168 * 129_280)
    moe_layer = (forward_flops_per_token(config, 4096) - forward_flops_per_token(config.replace(num_hidden_layers=60), 4096))
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
    assert params(load_model(slug)) == params(load_model(V3))
