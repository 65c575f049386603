"""The simulation of load balancing: what it must show, and that its short cuts change nothing."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError
from moecalc.base.progress import run_to_end
from moecalc.explorers.model import balancing as figure
from moecalc.facts import tables
from moecalc.facts.benchmarks import balancing_ablation, lower_is_better, validation_losses
from moecalc.mechanisms import balancing
from moecalc.mechanisms.balancing import (
    METHODS,
    Setting,
    at_the_last_steps,
    dropped_share,
    max_violation,
    mean_over_last_steps,
    simulated_loads,
    simulations,
)

SMALL = Setting(num_experts=16, num_experts_per_tok=2, num_tokens=100, num_steps=60, gamma=0.002)
LOADS = st.lists(st.integers(0, 500), min_size=2, max_size=40).filter(sum)


def plainly(setting, method):
    """The same simulation in the words of its docstring, without grid and window."""
    draw = Random(setting.seed).random
    num, k = setting.num_experts, setting.num_experts_per_tok
    popular = [setting.skew * (2 * draw() - 1) for _ in range(num)]
    drawn = [[[draw() for _ in range(num)] for _ in range(setting.num_tokens)] for _ in range(balancing.BATCHES)]
    bias, shift, all_loads = [0.0] * num, [0.0] * num, []
    for step in range(setting.num_steps):
        loads = [0] * num
        for token in drawn[step % balancing.BATCHES]:
            logits = [math.log(u / (1 - u)) + a + c for u, a, c in zip(token, popular, shift, strict=True)]
            scores = [1 / (1 + math.exp(-x)) + b for x, b in zip(logits, bias, strict=True)]
            for i in sorted(range(num), key=lambda i: -scores[i])[:k]:
                loads[i] += 1
        all_loads.append(loads)
        mean = sum(loads) / num
        if method == "bias" and step < round(setting.num_steps * (1 - setting.frozen)):
            bias = [b + setting.gamma * ((n < mean) - (n > mean)) for b, n in zip(bias, loads, strict=True)]
        if method == "loss":
            f = [n / mean for n in loads]

            def loss(c, f=f):
                expected = [balancing._mean_affinity(a + one)[0] for a, one in zip(popular, c, strict=True)]
                return math.fsum(x * p for x, p in zip(f, expected, strict=True)) / math.fsum(expected)

            def slope(i, c=shift, loss=loss):
                h = 1e-4
                return (loss([*c[:i], c[i] + h, *c[i + 1 :]]) - loss([*c[:i], c[i] - h, *c[i + 1 :]])) / (2 * h)

            gradient = [slope(i) for i in range(num)]
            pairs = zip(shift, gradient, strict=True)
            shift = [(1 - balancing.PULL) * c - setting.strength * num * g for c, g in pairs]
    return all_loads


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gamma", [0.002, 0.05])
def test_short_cuts_change_nothing(method, gamma):
    setting = SMALL._replace(gamma=gamma)
    assert simulated_loads(setting, method)["loads"] == plainly(setting, method)


@pytest.mark.parametrize("window", [0.0, 0.01, 10.0])
def test_the_window_is_a_matter_of_speed(monkeypatch, window):
    before = {method: simulated_loads(SMALL, method) for method in METHODS}
    monkeypatch.setattr(balancing, "WINDOW", dict.fromkeys(METHODS, window))
    assert {method: simulated_loads(SMALL, method) for method in METHODS} == before


@pytest.mark.parametrize("methods", [METHODS, ("bias",), ()])
def test_what_is_told_of_the_way_changes_nothing(methods):
    shares = []
    results = run_to_end(simulations(SMALL, methods), shares.append)
    assert results == {method: simulated_loads(SMALL, method) for method in methods}
    steps = len(methods) * SMALL.num_steps
    assert shares == [done / steps for done in range(1, steps + 1)]


def test_mean_affinity_against_an_integral():
    for logit in (-3.0, -0.5, -1.1e-3, 0.0, 0.9e-3, 0.5, 2.0):
        w, n = math.exp(logit), 20_000
        points = [(i + 0.5) / n for i in range(n)]
        affinities = [w * u / (1 - u + w * u) for u in points]
        mean, slope = balancing._mean_affinity(logit)
        assert mean == pytest.approx(math.fsum(affinities) / n, rel=1e-6)
        assert slope == pytest.approx(math.fsum(s * (1 - s) for s in affinities) / n, rel=1e-5)
    for edge in (-0.5, 0.5):
        inside, outside = balancing._mean_affinity(edge), balancing._mean_affinity(edge * (1 + 1e-14))
        assert inside == pytest.approx(outside, rel=1e-12)


def test_a_seed_gives_the_same_run_and_another_one_another():
    assert simulated_loads(SMALL, "bias") == simulated_loads(SMALL, "bias")
    assert simulated_loads(SMALL, "bias") != simulated_loads(SMALL._replace(seed=2), "bias")


@pytest.mark.parametrize("seed", range(1, 6))
def test_both_methods_balance_and_only_one_moves_affinities(seed):
    setting = Setting(seed=seed)
    ends = {method: mean_over_last_steps(simulated_loads(setting, method), setting) for method in METHODS}
    assert ends["bias"]["max_violation"] < 0.7 * ends["none"]["max_violation"]
    assert ends["loss"]["max_violation"] < 0.7 * ends["none"]["max_violation"]
    assert ends["bias"]["shift"] == ends["none"]["shift"] == 0 < ends["loss"]["shift"]
    assert ends["bias"]["dropped"] < ends["none"]["dropped"]


def test_biases_stand_still_at_the_end_and_move_by_gamma_before():
    setting = SMALL._replace(frozen=0.5)
    found = simulated_loads(setting, "bias")
    steps = [round(one / setting.gamma) for one in found["offsets"]]
    assert found["offsets"] == pytest.approx([one * setting.gamma for one in steps])
    assert max(map(abs, steps)) <= 30
    assert found["loads"][30:34] == found["loads"][34:38] != found["loads"][26:30]


def test_without_gamma_nothing_is_balanced():
    found = simulated_loads(SMALL._replace(gamma=0), "bias")
    assert found["loads"] == simulated_loads(SMALL, "none")["loads"] and set(found["offsets"]) == {0}


@given(LOADS)
def test_properties_of_the_measures(loads):
    assert max_violation(loads) >= -1e-12
    assert max_violation([7 * one for one in loads]) == pytest.approx(max_violation(loads), abs=1e-9)
    shares = [dropped_share(loads, factor) for factor in (0.5, 1.0, 1.25, 2.0, float(len(loads)))]
    assert shares == sorted(shares, reverse=True) and shares[-1] == pytest.approx(0, abs=1e-12)
    assert (dropped_share(loads, 1.0) == 0) == (len(set(loads)) == 1) or max_violation(loads) < 1e-9


@given(st.integers(2, 40), st.integers(1, 50), st.integers(0, 99))
def test_every_token_is_counted(num, tokens, seed):
    setting = Setting(num, 1 + seed % num, tokens, 6, seed=seed)
    for method in METHODS:
        loads = simulated_loads(setting, method)["loads"]
        assert {sum(step) for step in loads} == {tokens * setting.num_experts_per_tok}
        assert max(map(max, loads)) <= tokens


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"num_experts": 1}, "num_experts"),
        ({"num_experts_per_tok": 33}, "num_experts_per_tok"),
        ({"gamma": -0.1}, "gamma"),
        ({"frozen": 2}, "frozen"),
        ({"seed": 1.5}, "seed"),
        ({"skew": float("nan")}, "skew"),
    ],
)
def test_bad_settings(changes, word):
    with pytest.raises(InputError, match=word):
        simulated_loads(Setting()._replace(**changes), "bias")


def test_bad_method_and_capacity():
    with pytest.raises(InputError, match="method must be one of none, loss, bias"):
        simulated_loads(Setting(), "biases")
    with pytest.raises(InputError, match="capacity_factor"):
        dropped_share([1, 2], 0)


def test_the_figure_simulates_again_only_what_a_control_touches(monkeypatch):
    asked = []
    monkeypatch.setattr(figure, "_kept", {})
    monkeypatch.setattr(figure, "simulations", lambda *which: asked.append(which[1]) or simulations(*which))
    run = {"experts": 16, "tokens": 125, "steps": 50}
    moves = {"capacity": 2, "gamma": 0.01, "frozen": 50, "strength": 1, "seed": 2}
    figure.EXPLORER.run(run)
    moved = {key: figure.EXPLORER.run({**run, key: value}) for key, value in moves.items()}
    assert asked == [list(METHODS), [], ["bias"], ["bias"], ["loss"], list(METHODS)]
    for number in range(1, 6):
        figure.EXPLORER.run({**run, "seed": number})
    assert len(figure._kept) == figure.KEPT
    for key, value in moves.items():
        monkeypatch.setattr(figure, "_kept", {})
        assert figure.EXPLORER.run({**run, key: value}) == moved[key]


def test_the_last_steps_of_a_setting():
    changes = SMALL._asdict()
    for method in METHODS:
        assert at_the_last_steps(method, **changes) == mean_over_last_steps(simulated_loads(SMALL, method), SMALL)
    alone = at_the_last_steps("none", **changes | {"skew": 0.0})
    assert alone["max_violation"] < at_the_last_steps("none", **changes)["max_violation"]


# --- what the report found


def test_better_with_the_bias_is_more_points_or_fewer_bits():
    tests = {one.test: one for one in balancing_ablation()}
    found = tables.by_subject("benchmarks")
    assert {found["Small aux-loss"][test].unit for test in tests} == {"score", "bits per byte"}
    for test, one in tests.items():
        for size in ("Small", "Large"):
            loss, bias = found[f"{size} aux-loss"][test], found[f"{size} aux-loss-free"][test]
            less = bias.value < loss.value
            assert one.bias_is_better(size) == (less if lower_is_better(loss) else bias.value > loss.value)


def test_the_loss_by_sequence_is_the_worst_in_both_sizes():
    for size in ("1b", "3b"):
        losses = validation_losses(size)
        assert max(losses, key=losses.get) == "sequence_wise_loss" and len(losses) == 3
