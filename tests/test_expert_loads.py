"""Loads of experts made up by a law, how they drift, and what moving experts costs: known values, properties, bad input."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moebook.tables import expert_copies
from moecalc import InputError, load_model
from moecalc.facts import tables
from moecalc.serving.eplb import balanced_experts, max_over_mean, throughput_of_balanced
from moecalc.serving.expert_loads import (
    PUBLISHED_SKEW,
    fitted_skew,
    imbalance_in_order,
    imbalance_of_steps,
    loads_of_step,
    made_up_loads,
)
from moecalc.serving.rebalancing import CORRELATIONS, bytes_of_expert, drift, lost_at_interval, moved

V3 = load_model("deepseek-v3")
MEASURED = tables.by_subject("serving")["TensorRT-LLM DeepSeek-R1 expert loads"]
NAN, INF = float("nan"), float("inf")


def mean(values):
    return math.fsum(values) / len(values)


@pytest.fixture(scope="module")
def loads():
    """58 layers whose imbalance on 32 GPUs is the published one."""
    return made_up_loads(58, 256, PUBLISHED_SKEW)


def test_the_fit_reaches_what_was_measured(loads):
    measured = MEASURED["imbalance_without_copies"].value
    assert mean(imbalance_in_order(loads, 32)) - 1 == pytest.approx(measured, rel=1e-3)
    assert fitted_skew(1 + measured, 58, 256, 32) == pytest.approx(PUBLISHED_SKEW, abs=5e-5)


def test_what_was_not_fitted_lies_where_the_page_says(loads):
    """With copies the law is evener than the measured loads were: about half of what was left is not explained by it."""
    tokens = 32 * MEASURED["routed_tokens_per_gpu"].value
    plan = balanced_experts(loads, 288, 1, 1, 36)
    found = mean(imbalance_of_steps(loads, plan.physical_to_logical, 36, tokens)) - 1
    assert mean(plan.max_over_mean) - 1 < found < MEASURED["imbalance_with_copies"].value < 2 * found
    assert found == pytest.approx(0.063, abs=0.01)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 10**6))
def test_a_perfectly_balanced_load_gains_nothing(gpus, size, seed):
    """Without skew each plan with whole multiples of copies is as good as the order, and none is better."""
    loads = made_up_loads(2, gpus * size, 0, seed)
    assert imbalance_in_order(loads, gpus) == [1, 1]
    plan = balanced_experts(loads, 2 * gpus * size, 1, 1, gpus)
    assert plan.max_over_mean == [1, 1]
    assert throughput_of_balanced(plan.max_over_mean) == throughput_of_balanced(imbalance_in_order(loads, gpus)) == 1


def test_a_step_counts_its_tokens_and_many_of_them_are_the_long_run():
    (layer,) = made_up_loads(1, 64, 1)
    counted = loads_of_step(layer, 10**6)
    assert sum(counted) == pytest.approx(10**6, rel=5e-3)
    many = loads_of_step(layer, 10**12)
    assert [count / 10**12 for count in many] == pytest.approx([load / sum(layer) for load in layer], rel=1e-3)


def test_bytes_of_an_expert_are_those_of_its_three_matrices():
    params = 3 * 7168 * 2048
    assert bytes_of_expert(V3, "bf16") == 2 * params
    assert bytes_of_expert(V3) == params + 4 * params / 128**2
    with pytest.raises(InputError, match="no routed experts"):
        bytes_of_expert(load_model("llama-3.1-8b"))


def test_moving_to_the_same_plan_costs_nothing_and_all_new_experts_cost_all():
    plan = [[0, 1, 2, 3]]
    assert moved(plan, plan, 2, 100, 50)[:3] == (0, 0, 0)
    assert moved(plan, [[1, 0, 3, 2]], 2, 100, 50).slots == 0, "a GPU exchanges its own slots"
    assert moved(plan, [[2, 3, 0, 1]], 2, 100, 50) == (2, 1, 200, 4)
    slow, fast = (moved(plan, [[2, 3, 0, 1]], 2, 100, speed).time_s for speed in (50, 100))
    assert slow == 2 * fast


def test_an_old_plan_is_worse_and_one_for_other_loads_about_as_good_as_none():
    found = drift(8, 64, 1, (72, 1, 1, 8))
    assert list(found.imbalance) == sorted(found.imbalance)
    assert found.imbalance[0] == pytest.approx(mean(found.first.max_over_mean))
    later = mean(imbalance_in_order(made_up_loads(8, 64, 1, 5), 8))
    assert found.imbalance[-1] == pytest.approx(later, rel=0.35)
    for correlation, imbalance in zip(CORRELATIONS, found.imbalance, strict=True):
        assert found.throughput(correlation) == pytest.approx(1 / imbalance)


def test_intervals():
    found = drift(8, 64, 1, (72, 1, 1, 8))
    often, seldom = (lost_at_interval(found, interval, 1, 3600) for interval in (100, 1000))
    assert often.moving == 10 * seldom.moving == 0.01 and often.ageing < seldom.ageing
    assert lost_at_interval(found, 100, 0, 3600).total == often.ageing
    assert lost_at_interval(found, 10, 1, 1e12).ageing == pytest.approx(0, abs=1e-6), "loads that stay need no new plan"
    balanced = drift(2, 16, 0, (24, 1, 1, 8))
    assert balanced.imbalance == pytest.approx([1] * len(CORRELATIONS), rel=0.35)
    assert lost_at_interval(found, 1000, 1, 3600, 0).ageing == pytest.approx(0), "steps that wait for nobody lose nothing"
    assert seldom.total == seldom.moving + seldom.ageing


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: made_up_loads(0, 4, 1), "layers"),
        (lambda: made_up_loads(1, 10**9, 1), "experts"),
        (lambda: made_up_loads(1, 4, NAN), "skew"),
        (lambda: made_up_loads(1, 4, -1), "skew"),
        (lambda: made_up_loads(1, 4, 1, 0.5), "seed"),
        (lambda: loads_of_step([1, 2], 0), "tokens"),
        (lambda: imbalance_in_order([[1, 2, 3]], 2), "gpus"),
        (lambda: fitted_skew(0.5, 2, 16, 4), "imbalance"),
        (lambda: fitted_skew(1000, 2, 16, 4), "imbalance must be at most"),
        (lambda: moved([[0, 1]], [[1, 0]], 2, 0, 1), "expert_bytes"),
        (lambda: moved([[0, 1]], [[1, 0]], 2, 1, INF), "bandwidth"),
        (lambda: lost_at_interval(drift(1, 8, 1, (8, 1, 1, 4)), 0, 1, 1), "interval_s"),
        (lambda: lost_at_interval(drift(1, 8, 1, (8, 1, 1, 4)), 1, -1, 1), "move_s"),
        (lambda: drift(1, 8, 1, (8, 1, 1, 4)).throughput(-0.5), "correlation"),
    ],
)
def test_bad_input(call, said):
    with pytest.raises(InputError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_plan_of_the_law_is_that_of_its_loads(loads):
    plan = balanced_experts(loads[:1], 288, 8, 4, 32)
    assert plan.max_over_mean[0] == max_over_mean(loads[0], plan.physical_to_logical[0], 32)


# --- what the page says of them


def test_the_share_that_waits_gives_the_published_gain():
    for row in expert_copies.published():
        before, after = (throughput_of_balanced([row[key]], row["share"]) for key in ("before", "after"))
        assert after / before == pytest.approx(row["gain"]) and 0 < row["share"] < 1 < row["gain"] < row["most"]


def test_the_best_interval_has_the_least_loss_and_is_longer_where_loads_stay():
    short, long = (expert_copies.best_interval(seconds) for seconds in (3600, 86400))
    assert short < long
    found, move_s = expert_copies.drifting(), expert_copies.moving().time_s
    least = lost_at_interval(found, long, move_s, 86400).total
    assert all(lost_at_interval(found, factor * long, move_s, 86400).total > least for factor in (0.5, 2))
    assert move_s == pytest.approx(expert_copies.moving().slots * bytes_of_expert(V3) / 50e9)
