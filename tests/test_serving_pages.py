"""The figures on prefill, decode and hidden communication, against their calculators and what was published."""

import math

import pytest

from moecalc import InputError, explore, load_accelerator, load_model
from moecalc.explorers import explorer
from moecalc.explorers.serving.decode_pareto import DRAFTS, PLAIN, PUBLISHED, at_speed, points_of, published_points
from moecalc.explorers.serving.hidden_communication import DRAWN
from moecalc.explorers.serving.prefill_operators import published_rates, step_of
from moecalc.facts import tables
from moecalc.serving.layout import ServingLayout
from moecalc.serving.step_time import Running, prefill_time

V3, H800 = load_model("deepseek-v3"), load_accelerator("h800-sxm")


@pytest.mark.parametrize("order", ["prefill", "decode", "report"])
def test_the_window_of_the_timeline_is_full(order):
    """What is drawn lasts as long as the layers say, bars of a lane do not overlap, and gaps are what is said of them."""
    found = explorer("hidden-communication").run({"order": order})
    lasts = DRAWN * found.metrics["layer"]
    assert max(row["end"] for row in found.rows) == pytest.approx(lasts, rel=0.02)
    for lane in {row["lane"] for row in found.rows}:
        bars = sorted((row["start"], row["end"]) for row in found.rows if row["lane"] == lane)
        assert all(start >= end - 1e-3 for (_, end), (start, _) in zip(bars, bars[1:], strict=False))
    if order != "report":
        computes = sum(row["end"] - row["start"] for row in found.rows if row["lane"] == "compute")
        assert 1 - computes / lasts == pytest.approx(found.metrics["exposed"], abs=0.01)


def test_a_network_that_is_slow_enough_decides():
    slow = explore("hidden-communication", communication=4.0)["metrics"]
    assert slow["exposed"] > 0.5 and slow["layer"] == pytest.approx(2 * slow["ratio"] * _compute_ms(), rel=0.02)


def _compute_ms() -> float:
    return explore("hidden-communication")["metrics"]["layer"] / 2  # nothing waits there


def test_stacked_parts_are_the_time_of_a_token():
    found = explorer("prefill-operators").run()
    for unit in {row["unit"] for row in found.rows}:
        rows = [row for row in found.rows if row["unit"] == unit]
        assert math.fsum(row["time"] for row in rows) == pytest.approx(8e6 / rows[0]["rate"], rel=1e-3)
        assert [row["label"] is not None for row in rows].count(True) == 1
    unit = ServingLayout(dp=32, ep=32, redundant_experts=32)
    own = prefill_time(V3, H800, unit, 4, 4096, 0, Running(two_micro_batches=True))
    assert found.metrics["node"] == pytest.approx(8 * own.tokens_per_s_per_gpu)


def test_rates_of_nodes_and_of_gpus_are_one_unit():
    rates = {name: rate for name, rate, _ in published_rates()}
    assert rates["DeepSeek, trace"] == pytest.approx(62713, rel=1e-3), "as SGLang computes it for a node"
    online = tables.by_subject("serving")["DeepSeek V3/R1 online service"]
    left = rates["DeepSeek, a day, hits too"] * (1 - online["cache_hit_rate"].to("ratio"))
    assert left == pytest.approx(rates["DeepSeek, a day, no hits"], rel=1e-3)


def test_prefill_needs_tokens_for_two_micro_batches():
    with pytest.raises(InputError, match="fill two micro-batches"):
        step_of("h800-sxm", 1, 32, 16_384, 16_384, 0, 1.0, True)


def test_drafts_move_points_to_the_right_and_memory_ends_a_curve():
    rows = explorer("decode-pareto").run().rows
    for ep in ("EP32", "EP320"):
        plain, drafts = (
            {row["batch"]: row for row in rows if row["line"] == ep and row["drafts"] == how} for how in (PLAIN, DRAFTS)
        )
        assert list(plain) == list(drafts)
        assert all(drafts[batch]["user"] > plain[batch]["user"] for batch in plain)
    wide = points_of("h800-sxm", 1, 4096, "fp8", None)
    narrow = points_of("h800-sxm", 1, 4096, "bfloat16", None)
    assert all(len(wide[ep]) >= len(narrow[ep]) > 3 for ep in wide)
    assert sum(row["drafts"] == PUBLISHED for row in rows) == len(published_points())


def test_a_faster_answer_leaves_less():
    points = points_of("h800-sxm", 1, 4096, "bfloat16", 0.85)
    left = [at_speed(points, speed).tokens_per_s_per_gpu for speed in (10, 20, 40, 60)]
    assert left == sorted(left, reverse=True)
    assert at_speed(points, 10_000) is None


def test_published_speeds_follow_from_rates_and_batches():
    """But for the trace: 128 requests every 50.2 ms are a tenth more than the rate that is printed."""
    found = {name: (low, output) for name, low, _, output in published_points()}
    assert found["CloudMatrix"][0] * 96 == pytest.approx(found["CloudMatrix"][1], rel=0.01)
    assert found["profile, EP128"][0] * 128 / found["profile, EP128"][1] == pytest.approx(1.1, abs=0.01)
