"""``moecalc memory``: activations, band, whether it fits and why not, and runs of others."""

import json
from pathlib import Path

import pytest

from moecalc import load_model
from moecalc.training.activation_policy import ActivationPolicy
from moecalc.training.layout import Layout
from moecalc.training.memory import memory
from moecalc.training.memory_views import memory_steps

OWN = "memory --model deepseek-v3 --pp 16 --ep 64 --dp 128 --schedule dualpipe --recipe deepseek-v3"
V3_LIST = "--recompute norm,mla-up,swiglu"
PEAKS = json.loads((Path(__file__).parent / "truth" / "memory_static.json").read_text(encoding="utf-8"))["activation_peaks"]
OPTIONS = {
    "none": "--recompute none",
    "norm_mla": "--recompute norm,mla-up",
    "deepseek": V3_LIST,
    "fp8_cache": f"{V3_LIST} --activations fp8",
    "fp8_cache_without_expert_out": f"{V3_LIST} --activations fp8 --routing-weight before-down",
}
PER_RANK = {"dense_params", "expert_params", "weights", "gradients", "optimizer_states", "activations", "peak_micro_batches"}


@pytest.mark.parametrize("case", PEAKS, ids=lambda case: f"{case['split']}-{case['recompute']}")
def test_peaks_through_the_command_line(case, moecalc):
    stages, batches = ",".join(map(str, case["layers_per_stage"])), case["micro_batches"]
    command = (
        f"memory --model deepseek-v3 --pp 16 --ep 64 --dp 128 --num-micro-batches {batches} --layers-per-stage {stages}"
    )
    for schedule, key in {"dualpipe": "dualpipe_peak", "1f1b": "one_f_one_b_peak"}.items():
        found = moecalc(f"{command} --schedule {schedule} {OPTIONS[case['recompute']]} --json").json
        assert [rank["layer_activations"] for rank in found["ranks"]] == case[key]
        assert [rank["activations"] for rank in found["ranks"]][1:-1] == case[key][1:-1]


def test_keys_and_sums(moecalc):
    found = moecalc(f"{OWN} {V3_LIST} --gpu h800-sxm --json").json
    assert set(found["ranks"][0]) >= PER_RANK
    assert sum(found["components"].values()) == found["per_gpu_bytes"] == found["band"]["least"] < found["band"]["most"]
    assert sum(found["activation_components"].values()) == found["components"]["activations"]
    fullest = found["ranks"][found["fullest_rank"]]
    assert fullest["activations"] == found["components"]["activations"]
    for rank in found["ranks"]:
        assert rank["total"] == rank["bytes"] + rank["activations"] + rank["buffers"] <= found["per_gpu_bytes"]
    assert found["recomputable"] == ["full", "mla-up", "norm", "permuted-tokens", "router", "swiglu"]


def test_v3_fits_an_h800_only_without_the_outputs_of_experts(moecalc):
    asked = f"{OWN} {V3_LIST} --gpu h800-sxm"
    verdicts = {
        "": False,
        "--activations fp8": False,
        "--activations fp8 --routing-weight before-down": True,
        "--routing-weight before-down": False,
        "--activations fp8 --routing-weight before-down --skew 2": False,
    }
    for options, fits in verdicts.items():
        found = moecalc(f"{asked} {options} --json").json
        assert found["fits"] is fits and (found["why_not"] == "") is fits, options
    text = moecalc(f"{asked} --activations fp8").out
    assert "it does not fit: a GPU of pipeline rank 3 needs 97.33 GB" in text and "routing weights before the down" in text
    assert "experts' outputs are kept" in text and "assumed: ZeRO-1 shards" in text
    assert "it fits" in moecalc(f"{asked} --activations fp8 --routing-weight before-down").out


def test_the_order_of_savings_matters_and_each_saves():
    v3, layout = load_model("deepseek-v3"), Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    steps = memory_steps(v3, ActivationPolicy(), layout, "deepseek-v3", memory_bytes=80e9)
    needed = [step.memory.fullest.counted for step in steps]
    assert len(steps) == 5 and needed == sorted(needed, reverse=True)

    def saved(policy, by):
        before, after = (memory(v3, layout, "bf16", policy=one).ranks[5].activations for one in (policy, by(policy)))
        return before - after

    plain, recomputed = ActivationPolicy(), ActivationPolicy(("norm", "mla-up", "swiglu"))
    cached = lambda policy: policy._replace(cache="fp8")  # noqa: E731
    assert saved(plain, cached) > saved(recomputed, cached)


@pytest.mark.parametrize(
    "slug", ["llama-3.1-8b", "mixtral-8x7b", "nemotron-3-super", "qwen3-next-80b-a3b", "deepseek-v4-flash"]
)
def test_any_model_is_answered(slug, moecalc):
    answer = moecalc(f"memory --model {slug} --recompute full --gpu h100-sxm --json").json
    assert answer["fits"] in (True, False) and answer["components"]["activations"] > 0
    plain = moecalc(f"memory --model {slug} --json").json
    assert plain["components"]["activations"] > answer["components"]["activations"]
    assert any("no measured rule" in note for note in plain["notes"]) == (slug not in ("llama-3.1-8b", "mixtral-8x7b"))


def test_runs_of_others_stand_beside_what_is_predicted(moecalc):
    found = moecalc("memory --measured --json").json
    assert len(found["cases"]) == sum(errors["cases"] for errors in found["errors"].values())
    for case in found["cases"]:
        assert case["error"] == pytest.approx(case["predicted"] / case["measured"] - 1)
    text = moecalc("memory --measured").out
    assert "fitted: " in text and "held out: " in text and "mean error" in text and "worst" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--recompute norm,attention", ("recompute", "'attention'", "mla-up")),
        ("--recompute full,norm", ("full stands alone",)),
        ("--model llama-3.1-8b --recompute mla-up", ("multi-head latent attention", "norm, swiglu")),
        ("--model llama-3.1-8b --recompute router", ("no router",)),
        ("--skew 0.5", ("skew", "0.5")),
        ("--ep 64 --dp 64 --skew 40", ("skew", "32", "40")),
        ("--skew nan", ("skew", "finite number")),
        ("--cp 8 --seq-len 4", ("cp", "4 tokens", "found 8")),
        ("--activations int4", ("activations", "'int4'", "bf16, fp8")),
        ("--routing-weight never", ("routing_weight", "before-down")),
        ("--sequence-parallel maybe", ("sequence_parallel", "yes, no")),
        ("--pp 4 --schedule dualpipe --num-micro-batches 7", ("micro_batches", "even")),
        ("--pp 4 --schedule dualpipe --num-micro-batches 6", ("micro_batches", "at least", "8")),
        ("--num-micro-batches 0", ("micro_batches", "0")),
        ("--micro-batch 9999999999", ("micro_batch", "9999999999")),
    ],
)
def test_bad_options(options, words, moecalc):
    model = "" if "--model" in options else "--model deepseek-v3"
    answer = moecalc(f"memory {model} {options}")
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    for word in words:
        assert word in answer.err
