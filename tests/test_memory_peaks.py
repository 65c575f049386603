"""Memory of a GPU at its peak: states, activations of the schedule, buffers, band; and whether it fits."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc import load_model
from moecalc.base.errors import InputError
from moecalc.training.activation_policy import V3_RECOMPUTE, ActivationPolicy
from moecalc.training.layout import SCHEDULES, Layout
from moecalc.training.memory import FRAGMENTATION, FRAMEWORK_SHARE, Batch, memory, pipeline_of

V3 = load_model("deepseek-v3")
OWN = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
PEAKS = json.loads((Path(__file__).parent / "truth" / "memory_static.json").read_text(encoding="utf-8"))["activation_peaks"]
POLICIES = {
    "none": ActivationPolicy(),
    "norm_mla": ActivationPolicy(("norm", "mla-up")),
    "deepseek": ActivationPolicy(V3_RECOMPUTE),
    "fp8_cache": ActivationPolicy(V3_RECOMPUTE, "fp8"),
    "fp8_cache_without_expert_out": ActivationPolicy(V3_RECOMPUTE, "fp8", weight_before_down=True),
}
GIB = 2**30


@pytest.mark.parametrize("schedule", ["dualpipe", "1f1b"])
@pytest.mark.parametrize("case", PEAKS, ids=lambda case: f"{case['split']}-{case['recompute']}")
def test_peaks_of_layers(case, schedule):
    layout = OWN._replace(schedule=schedule, layers_per_stage=tuple(case["layers_per_stage"]))
    batch = Batch(1, case["tokens_per_micro_batch"], case["micro_batches"])
    found = memory(V3, layout, "bf16", batch, POLICIES[case["recompute"]])
    assert [rank.layer_activations for rank in found.ranks] == case[f"{schedule.replace('1f1b', 'one_f_one_b')}_peak"]
    # ranks without embedding and head keep nothing else
    for rank in found.ranks[1:-1]:
        assert rank.activations == rank.layer_activations
    chunks = [17] * 16 if schedule == "dualpipe" else list(range(16, 0, -1))
    assert [rank.peak_micro_batches for rank in found.ranks] == chunks
    fewer = memory(V3, layout, "bf16", batch._replace(num_micro_batches=32), POLICIES[case["recompute"]])
    assert fewer.ranks == found.ranks or not case["dualpipe_same_for_32"]


def test_what_must_be_true_for_v3_to_have_fitted():
    """An independent derivation, confirmed: GiB of activations on a middle rank, and what fits beside 18 GiB of states."""
    expected = {"deepseek": (96.1, False), "fp8_cache": (70.3, False), "fp8_cache_without_expert_out": (40.6, True)}
    for name, (activations, fits) in expected.items():
        found = memory(V3, OWN, "deepseek-v3", Batch(), POLICIES[name], memory_bytes=81_559 * 2**20)
        assert round(found.ranks[5].activations / GIB, 1) == activations
        assert found.fits is fits and (found.why_not == "") is fits
    assert round(found.ranks[5].states.gpu_total / GIB, 1) == 17.9 and found.fullest.rank in (0, 15)


def test_the_reason_names_rank_and_excess():
    found = memory(V3, OWN, "deepseek-v3", Batch(), POLICIES["deepseek"], memory_bytes=80e9)
    least, most = found.fullest.band
    assert least > 80e9 and found.fits is False
    assert f"rank {found.fullest.rank} needs" in found.why_not and "more than its 80.00 GB" in found.why_not
    # between the ends of the band it is not called fitting
    close = memory(V3, OWN, "deepseek-v3", Batch(), POLICIES["deepseek"], memory_bytes=(least + most) / 2)
    assert close.fits is False and "at the upper end" in close.why_not
    assert memory(V3, OWN, "deepseek-v3", Batch(), POLICIES["deepseek"], memory_bytes=most).fits
    assert memory(V3, OWN, "deepseek-v3").fits is None


def test_the_band_is_framework_and_fragmentation():
    rank = memory(V3, OWN, "bf16").ranks[3]
    least, most = rank.band
    assert least == rank.states.gpu_total + rank.activations + rank.buffers.peak
    assert most == round((least + FRAMEWORK_SHARE * rank.activations) * (1 + FRAGMENTATION[-1]))


def test_buffers_have_their_causes():
    llama = load_model("llama-3.1-8b")
    (plain,) = memory(llama, Layout(), "bf16").ranks
    assert plain.buffers.logits == 4 * 128_256 * 4096 and plain.buffers.pipeline == plain.buffers.gathered == 0
    (recomputed,) = memory(llama, Layout(), "bf16", policy=ActivationPolicy(("full",))).ranks
    assert recomputed.buffers.recomputed == (plain.layer_activations - recomputed.layer_activations) // 32
    first, last = memory(llama, Layout(pp=2), "bf16").ranks
    assert first.buffers.logits == 0 < last.buffers.logits and first.buffers.pipeline == 2 * 2 * 4096 * 4096
    layer = 218_112_000
    for zero, layers in ((1, 0), (2, 1), (3, 3)):
        (rank,) = memory(llama, Layout(zero=zero), "bf16").ranks
        assert rank.buffers.gathered == 2 * layers * layer


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_memory_never_grows_with_data_parallelism(zero):
    for slug, layout in {"deepseek-v3": OWN, "mixtral-8x7b": Layout(tp=2, pp=4, ep=2), "llama-3.1-8b": Layout(tp=2)}.items():
        config = load_model(slug)
        amounts = [
            [rank.counted for rank in memory(config, layout._replace(dp=dp, zero=zero), "bf16").ranks]
            for dp in (128, 256, 512)
        ]
        for fewer, more in zip(amounts, amounts[1:], strict=False):
            assert all(after <= before for before, after in zip(fewer, more, strict=True))


@given(st.sampled_from(SCHEDULES), st.sampled_from([1, 2, 4]), st.sampled_from([1, 2]), st.floats(1, 4))
@settings(deadline=None, max_examples=25)
def test_memory_grows_with_what_is_kept(schedule, tp, cp, skew):
    layout = Layout(tp=tp, pp=4, ep=4, dp=8, cp=cp, schedule=schedule, vpp=2 if schedule == "interleaved" else 1)
    config = load_model("mixtral-8x7b")

    def peaks(**more):
        return [rank.activations for rank in memory(config, layout, "bf16", **more).ranks]

    base = peaks()
    assert [2 * one for one in base] == peaks(batch=Batch(2))
    recomputed = peaks(policy=ActivationPolicy(("norm", "swiglu")))
    assert all(less < more for less, more in zip(recomputed, base, strict=True))
    assert all(more >= less for more, less in zip(peaks(skew=skew), base, strict=True))


def test_chunks_of_a_schedule_bound_the_peak():
    config = load_model("llama-3.1-8b")
    for schedule, chunks in {"1f1b": [4, 3, 2, 1], "zb1p": [4] * 4, "dualpipe": [5] * 4, "dualpipev": [9] * 4}.items():
        ranks = memory(config, Layout(pp=4, schedule=schedule), "bf16").ranks
        assert [rank.peak_micro_batches for rank in ranks] == chunks
    assert pipeline_of(Layout(pp=4)).micro_batches == 4


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"batch": Batch(1, 4096, 31)}, "even for dualpipe"),
        ({"batch": Batch(1, 4096, 16)}, "at least 2 x ranks = 32"),
        ({"batch": Batch(0)}, "micro_batch must be a whole number"),
        ({"batch": Batch(1, 0)}, "seq_len must be"),
        ({"skew": 0.9}, "skew must be"),
        ({"skew": 100}, "skew must be from 1 to 32"),
        ({"policy": ActivationPolicy(("swiglu", "attention"))}, "recompute must be one of"),
        ({"layout": Layout(cp=8192, ep=64)}, "cp must be at most the 4,096 tokens"),
    ],
)
def test_bad_input(more, words):
    with pytest.raises(InputError, match=words):
        memory(V3, **{"layout": OWN, "recipe_name": "bf16", **more})
