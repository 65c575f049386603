"""GRPO: small groups worked by hand, and what must hold for any group."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from moecalc.base.errors import InputError
from moecalc.explorers import explorer
from moecalc.mechanisms.grpo import advantages, clipped, group_std, grpo_report, is_cut_off, kl_k3, surrogate

rewards = st.lists(st.floats(-100, 100), min_size=2, max_size=32)
ratios = st.floats(0.01, 100)
epsilons = st.floats(0, 1)


def test_one_group_by_hand():
    """Rewards 1, 0, 0, 1: mean 0.5, deviation 0.5, advantages of plus and minus 1; the bound is 1.2."""
    found = grpo_report([1, 0, 0, 1], [1.5, 1.5, 0.5, 1.1], [1, 1, 2, 1], 0.2, 0.1)
    assert [one["advantage"] for one in found["answers"]] == [1, -1, -1, 1]
    assert [one["surrogate"] for one in found["answers"]] == pytest.approx([1.2, -1.5, -0.8, 1.1])
    assert [one["cut_off"] for one in found["answers"]] == [True, False, True, False]
    assert found["kl"] == pytest.approx((1 - math.log(2)) / 4)
    assert found["objective"] == pytest.approx((1.2 - 1.5 - 0.8 + 1.1) / 4 - 0.1 * (1 - math.log(2)) / 4)


def test_a_group_of_a_sample():
    assert group_std([1, 0, 0, 1], "sample") == pytest.approx(math.sqrt(1 / 3))


@given(rewards, st.sampled_from(["population", "sample"]))
def test_advantages_have_no_mean_and_one_deviation(group, std):
    assume(max(group) - min(group) > 1e-3)
    found = advantages(group, std)
    assert math.fsum(found) == pytest.approx(0, abs=1e-9 * len(group))
    assert group_std(found, std) == pytest.approx(1)
    by_reward = [advantage for _, advantage in sorted(zip(group, found, strict=True))]
    assert by_reward == sorted(by_reward)


@given(rewards, st.floats(0.1, 10), st.floats(-10, 10))
def test_the_scale_of_the_rewards_does_not_matter(group, scale, shift):
    assume(max(group) - min(group) > 1e-3)
    assert advantages([scale * one + shift for one in group]) == pytest.approx(advantages(group), abs=1e-6)


@given(st.floats(-100, 100), st.integers(2, 64))
def test_equal_rewards_teach_nothing(reward, size):
    assert advantages([reward] * size) == [0.0] * size


@given(ratios, st.floats(-10, 10), epsilons)
def test_the_clip_never_makes_the_objective_larger(ratio, advantage, epsilon):
    term = surrogate(ratio, advantage, epsilon)
    assert term <= ratio * advantage
    assert 1 - epsilon <= clipped(ratio, epsilon) <= 1 + epsilon
    if is_cut_off(ratio, advantage, epsilon):
        # no gradient: the ratio may move further, and nothing changes
        further = ratio * (1.1 if advantage > 0 else 0.9)
        assert surrogate(further, advantage, epsilon) == term
    else:
        assert term == ratio * advantage


@given(ratios)
def test_the_kl_term_is_never_negative(ratio):
    assert kl_k3(ratio) >= 0
    assert kl_k3(ratio) == pytest.approx(ratio - math.log(ratio) - 1, abs=1e-12)


def test_the_mean_of_the_kl_term_is_the_divergence():
    """Over all answers of a policy, each as often as the policy gives it."""
    policy, reference = (0.5, 0.3, 0.2), (0.4, 0.4, 0.2)
    divergence = sum(p * math.log(p / q) for p, q in zip(policy, reference, strict=True))
    assert sum(p * kl_k3(q / p) for p, q in zip(policy, reference, strict=True)) == pytest.approx(divergence)


@given(rewards)
def test_before_the_first_update_the_objective_is_zero(group):
    assert grpo_report(group, [1] * len(group), [1] * len(group), 0.2, 0.04)["objective"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: advantages([1]), "two answers at least; found 1"),
        (lambda: advantages([1, math.nan]), "a reward must be a finite number"),
        (lambda: advantages([1, 0], "median"), "std must be one of population, sample"),
        (lambda: clipped(0, 0.2), "ratio must be above 0"),
        (lambda: clipped(1, 2), "epsilon must be from 0 to 1"),
        (lambda: kl_k3(-1), "reference_ratio must be above 0"),
        (lambda: grpo_report([1, 0], [1], [1, 1], 0.2, 0.04), "found 2, 1 and 2"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


# --- the figure


def test_rewards_that_a_reader_types():
    found = explorer("grpo").run({"rewards": "1, 0\n0; 1"})
    assert [row["reward"] for row in found.rows] == [1, 0, 0, 1]
    found = explorer("grpo").run({"rewards": "1 1.5 2, 0 0.5"})
    assert [row["ratio"] for row in found.rows] == [1.5, 0.5]
    assert found.rows[0]["kl"] == pytest.approx(1 - math.log(2))


@pytest.mark.parametrize("text", ["1", "a, b", "1 2 3 4, 0", "1 0, 0", "1e9, 0", ",".join("1" * 65)])
def test_rewards_that_are_none(text):
    with pytest.raises(InputError):
        explorer("grpo").run({"rewards": text})
