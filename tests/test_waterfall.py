"""The way from the peak to MFU, and what is published of V3's step: parts, operations, kernels of a pair of chunks."""

import math

import pytest

from moecalc import InputError, explore, load_model
from moecalc.explorers.training._step import setting
from moecalc.explorers.training.trace_pair import COMPUTE, KINDS, MEASURED, PREDICTED, measured_and_predicted
from moecalc.explorers.training.training_step import changed, compute, seconds, v3_step
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator
from moecalc.training.mixed_precision import gain_by_flops
from moecalc.training.published_step import (
    NETWORKS,
    TRACE,
    measured_step,
    operations,
    trace_communication,
    trace_kernels,
)
from moecalc.training.trace_pair import chunk_pair
from moecalc.training.waterfall import FACTORS, Spent, low_precision_flops, times_at_peak, waterfall

V3, H800 = load_model("deepseek-v3"), load_accelerator("h800-sxm")
SETTINGS = {
    "V3's own": {},
    "BF16": {"recipe": "bf16"},
    "1F1B": {"schedule": "1f1b"},
    "a dense model": {"model": "llama-3.1-405b", "tp": 8, "schedule": "1f1b", "recompute": "none"},
    "another GPU": {"accelerator": "b200-sxm"},
    "whole layers recomputed": {"recompute": "full"},
}


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=SETTINGS)
def walked(request):
    chosen = setting(**request.param)
    step = chosen.step()
    return chosen, step, chosen.factors(step)


def test_the_factors_multiply_to_the_mfu(walked):
    _, step, factors = walked
    assert math.prod(one.factor for one in factors) == pytest.approx(step.mfu, rel=1e-9)
    assert factors[0].before == 1 and factors[-1].after == pytest.approx(step.mfu, rel=1e-9)
    assert [one.name for one in factors] == list(FACTORS)
    for one, other in zip(factors, factors[1:], strict=False):
        assert one.after == other.before


def test_only_fp8_is_a_gain(walked):
    chosen, _, factors = walked
    first, *others = factors
    assert all(one.factor <= 1 + 1e-9 for one in others)
    assert (first.factor > 1.2) == chosen.fp8 and (first.factor == 1) == (not chosen.fp8)


def test_products_in_fp8_by_a_second_route():
    """The gain where all FLOPs run at peak, from the share of them that runs in FP8."""
    bf16, formats, extra = times_at_peak(V3, H800, 4096, 1e6, True, mtp=False)
    share = low_precision_flops(V3.anatomy.counted) / 83483295744
    ratio = H800.peak_dense_fp8_flops_per_s / H800.peak_dense_bf16_flops_per_s
    assert bf16 / formats == pytest.approx(1 + gain_by_flops(share, ratio))
    assert bf16 == pytest.approx(250449887232 * 1e6 / H800.peak_dense_bf16_flops_per_s) and extra == formats


def test_times_at_peak_are_in_proportion_to_tokens_and_to_what_is_done_again():
    one, two = (times_at_peak(V3, H800, 4096, tokens, False, ("full",), mtp=False) for tokens in (1e5, 3e5))
    assert two == pytest.approx([3 * time for time in one])
    assert one[2] == pytest.approx(4 / 3 * one[1]) and one[0] == one[1]
    with_mtp, without = (times_at_peak(V3, H800, 4096, 1e5, True, mtp=mtp)[2] for mtp in (True, False))
    assert with_mtp > without
    dense = load_model("llama-3.1-8b")
    assert times_at_peak(dense, H800, 4096, 1e5, False)[1] == times_at_peak(dense, H800, 4096, 1e5, False)[2]


def test_more_sms_for_communication_leave_computing_less():
    shares = []
    for sms in (8, 20, 40):
        chosen = setting(sms=sms)
        shares.append({one.name: one.factor for one in chosen.factors(chosen.step())}["sms"])
    assert 1 > shares[0] > shares[1] > shares[2] > 0.5


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (Spent(8, 5, 5.5, 8, 10, 9, 11, 13, 20), "sms must be at least"),
        (Spent(8, 5, 5.5, 8, 10, 11, 11, 0, 20), "bubble"),
        (Spent(8, 5, 5.5, 8, 10, 11, 11, float("nan"), 20), "bubble"),
        (Spent(8, 5, 5.5, 8, 10, 11, 11, 13, "20"), "step"),
    ],
)
def test_times_that_cannot_be(spent, words):
    with pytest.raises(InputError, match=words) as caught:
        waterfall(spent)
    assert "\n" not in str(caught.value)


def test_fp8_where_there_is_no_peak():
    with pytest.raises(InputError, match="FP8 peak"):
        times_at_peak(V3, load_accelerator("a100-sxm"), 4096, 1e6, True)


def test_the_published_parts_sum_to_the_published_step():
    for network in NETWORKS:
        measured = measured_step(network)
        assert 0 <= measured.rest < 0.04
        tokens_per_day = 15360 * 4096 / measured.step_s * 86400
        published = tables.lookup("training_runs", NETWORKS[network], "throughput").to("tokens/s") * 86400
        assert tokens_per_day == pytest.approx(published, rel=1e-4)
    with pytest.raises(InputError, match="network must be one of mpft, mrft"):
        measured_step("fat tree")


def test_the_trace_is_all_there():
    known = tables.by_subject("training_runs")[TRACE]
    assert sum(trace_kernels().values()) == pytest.approx(known["compute"].to("s"))
    profile = tables.by_subject("serving")["Published profiles"]
    beside = tables.lookup("training_runs", f"{TRACE}-kernels", "compute_beside").to("ms")
    assert profile["train_compute_stream"].to("ms") + beside == pytest.approx(known["compute"].to("ms"))
    names = ("dispatch_forward", "combine_backward", "combine", "notify")
    assert sum(trace_communication().values()) > sum(known[name].to("s") for name in names)
    assert tables.lookup("training_runs", f"{TRACE}-kernels", "casts").to("ms") == profile["train_fp8_casts"].to("ms")
    shown = [name for own in KINDS.values() for _, found in own.values() for name in found]
    assert sorted(shown) == sorted([*trace_kernels(), *trace_communication()])


def test_operations_are_those_of_the_schedule():
    found = operations(1.0, 2.0, 0.5, 12.0)
    assert found.alone + found.pairs == 120
    assert found.alone * found.forward_s == pytest.approx(1) and found.pairs * found.pair_s == pytest.approx(12)
    assert found.one_after_the_other * found.alone == pytest.approx(3.5)
    # it is the same whether a weight part counts here or there
    assert operations(1.0, 2.2, 0.3, 12.0).backward_s == pytest.approx(found.backward_s)


def test_a_pair_lasts_no_less_than_its_streams_and_no_more_than_both():
    for sms in (8, 20, 48):
        pair = chunk_pair(V3, H800, running=setting(sms=sms).running)
        assert max(pair.compute, pair.communication) * 0.999 <= pair.time_s <= (pair.compute + pair.communication) * 1.001


def test_a_pair_is_in_proportion_to_its_layers():
    two, four = (chunk_pair(V3, H800, layers=layers) for layers in (2, 4))
    assert four[:-1] == pytest.approx([2 * time for time in two[:-1]])
    in_bf16 = chunk_pair(V3, H800, fp8=False)
    assert in_bf16.products > four.products and in_bf16.casts == 0 < four.casts


@pytest.mark.parametrize(
    ("model", "how", "words"),
    [
        ("llama-3.1-8b", {}, "routed experts"),
        ("deepseek-v3", {"layers": 59}, "58"),
        ("deepseek-v3", {"layers": 0}, "layers"),
        ("deepseek-v3", {"ep": 48}, "ep must divide"),
        ("deepseek-v3", {"seq_len": 0}, "seq_len"),
    ],
)
def test_a_pair_that_cannot_be(model, how, words):
    with pytest.raises(InputError, match=words) as caught:
        chunk_pair(load_model(model), H800, **how)
    assert "\n" not in str(caught.value)


def test_the_trace_is_predicted_within_a_tenth():
    found = measured_and_predicted()
    predicted, measured = (sum(found[whose][COMPUTE].values()) for whose in (PREDICTED, MEASURED))
    assert abs(predicted / measured - 1) < 0.1


def test_parts_are_drawn_one_after_the_other():
    metrics, rows = compute()
    *parts, whole = rows
    assert [row["start"] for row in parts] == pytest.approx([0, *(row["end"] for row in parts[:-1])], rel=1e-4)
    assert parts[-1]["end"] == pytest.approx(whole["end"], rel=1e-5) == pytest.approx(metrics["step_s"], rel=1e-5)
    assert whole["low"] < whole["seconds"] < whole["high"] and whole["measured"] == measured_step().step_s
    assert sum(seconds(v3_step().components).values()) == pytest.approx(v3_step().step_s)


def test_the_defaults_of_the_controls_are_v3s_own_run():
    shown = explore("training-step")["metrics"]
    assert shown["step_s"] == v3_step().step_s and shown["error"] is not None and shown["changed"] == "nothing"
    assert explore("peak-to-mfu")["metrics"]["step_s"] == v3_step().step_s
    assert explore("trace-pair")["metrics"]["measured"] is not None
    assert explore("training-step", split="even")["metrics"]["bubble"] > shown["bubble"]


def test_a_move_says_which_part_it_changed():
    step = v3_step()
    assert changed(step, step) == compute()[0]["changed"] == "nothing"
    parts = step.components
    longer = parts._replace(bubble=parts.bubble + 2, weight=parts.weight - 0.25)
    said = changed(step._replace(components=longer, step_s=step.step_s + 1.75), step)
    assert said == "bubble grew by 2.00 s, weights alone shrank by 0.25 s; step grew by 1.75 s in all"
    metrics, rows = compute(schedule="1f1b")
    assert "overlapped pairs shrank by" in metrics["changed"] and "step grew by" in metrics["changed"]
    assert metrics["error"] is None and all(row["measured"] is None for row in rows)


def test_experts_are_spread_as_far_as_they_go():
    assert setting(model="mixtral-8x7b").layout.ep == 8
    assert setting(model="llama-3.1-8b", pp=8).layout.ep == 1
    assert setting(dp=16).layout.ep == 16


def test_the_command_line_says_the_same(moecalc):
    shown = moecalc("explore peak-to-mfu --json --set sms=40").json["metrics"]
    assert shown == explore("peak-to-mfu", sms=40)["metrics"]
    assert shown["mfu"] == pytest.approx(setting(sms=40).step().mfu)
    refused = moecalc("explore trace-pair --set sms=0")
    assert refused.code == 2 and refused.err.count("\n") == 1 and "sms" in refused.err
