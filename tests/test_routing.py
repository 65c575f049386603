"""Routing: the choice of experts, the nodes it touches, the loss over a sequence."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError, load_model
from moecalc.explorers import explorer
from moecalc.mechanisms.routing import (
    affinities,
    copies_by_limit,
    copies_sent,
    drawn_affinities,
    drawn_logits,
    groups_touched,
    made_up_token,
    route,
    sequence_balance_loss,
    simulated_groups_touched,
)

SIZES = st.sampled_from([(8, 1, 1, 2), (8, 4, 1, 2), (8, 4, 2, 3), (16, 4, 2, 4), (64, 8, 4, 8), (12, 3, 3, 5)])
UNITS = st.floats(0, 1, allow_nan=False)


def published_choice(scores, biases, top_k, n_group, topk_group):
    """As in DeepSeek-V3's published code: groups masked to 0 unless among the best by their two best."""
    size = len(scores) // n_group
    biased = [s + b for s, b in zip(scores, biases, strict=True)]
    by_group = [sum(sorted(biased[g * size : (g + 1) * size])[-2:]) for g in range(n_group)]
    keep = sorted(range(n_group), key=lambda g: by_group[g])[-topk_group:]
    masked = [one if i // size in keep else -math.inf for i, one in enumerate(biased)]
    return set(sorted(range(len(scores)), key=lambda i: masked[i])[-top_k:])


def test_uniform_choice_touches_5_29_of_8_nodes():
    found = groups_touched(256, 8, 8)
    assert found["expected"] == pytest.approx(5.29, abs=0.005)
    assert math.fsum(found["probabilities"]) == pytest.approx(1)
    assert math.fsum(i * p for i, p in enumerate(found["probabilities"], 1)) == pytest.approx(found["expected"])


@pytest.mark.parametrize(("num", "groups", "chosen"), [(6, 3, 2), (8, 4, 3), (8, 2, 5), (9, 3, 4), (4, 1, 2)])
def test_touched_groups_counted_one_by_one(num, groups, chosen):
    sets = list(itertools.combinations(range(num), chosen))
    touched = [len({one // (num // groups) for one in some}) for some in sets]
    found = groups_touched(num, groups, chosen)
    assert found["expected"] == pytest.approx(sum(touched) / len(sets))
    assert found["probabilities"] == pytest.approx([touched.count(i + 1) / len(sets) for i in range(groups)])


def test_simulation_without_limit_comes_near_the_formula():
    assert simulated_groups_touched(300, topk_group=8) == pytest.approx(5.2947, abs=0.15)
    assert simulated_groups_touched(100) <= 4


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_choice_is_that_of_the_published_code(seed):
    scores, biases = drawn_affinities(256, seed), [one / 10 for one in drawn_logits(256, seed + 50)]
    found = route(scores, 8, 8, 4, biases=biases, routed_scaling_factor=2.5)
    assert set(found["experts"]) == published_choice(scores, biases, 8, 8, 4)
    assert math.fsum(found["weights"]) == pytest.approx(2.5)


def test_biases_choose_and_affinities_weigh():
    found = route([0.9, 0.8, 0.1, 0.6], 2, biases=[0, -0.5, 0.5, 0])
    assert found["experts"] == [0, 2] or found["experts"] == [0, 3]
    assert found["weights"] == pytest.approx([0.6, 0.4]) or found["weights"] == pytest.approx([0.9, 0.1])
    assert route([0.9, 0.8, 0.1, 0.3], 2, biases=[0, -0.5, 0.5, 0])["weights"] == pytest.approx([0.9, 0.1])


@given(SIZES, st.data())
def test_properties_of_a_choice(sizes, data):
    num, groups, limit, top_k = sizes
    scores = data.draw(st.lists(UNITS, min_size=num, max_size=num))
    biases = data.draw(st.lists(st.floats(-1, 1), min_size=num, max_size=num))
    found = route(scores, top_k, groups, limit, biases=biases)
    assert len(set(found["experts"])) == top_k and found["touched"] <= limit
    assert {one // (num // groups) for one in found["experts"]} <= set(found["groups"])
    total = math.fsum(scores[one] for one in found["experts"])
    assert math.fsum(found["weights"]) == pytest.approx(1 if total else 0)
    for expert, weight in zip(found["experts"], found["weights"], strict=True):
        assert weight * total == pytest.approx(scores[expert])


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=40))
def test_both_gates_keep_the_order(logits):
    for gate in ("sigmoid", "softmax"):
        found = affinities(logits, gate)
        pairs = sorted(zip(logits, found, strict=True))
        assert all(a <= b for (_, a), (_, b) in itertools.pairwise(pairs))
    assert math.fsum(affinities(logits, "softmax")) == pytest.approx(1)


def test_copies():
    assert copies_sent(groups_touched()["expected"])["per_node"] == pytest.approx(4.63, abs=0.005)
    assert copies_sent(8) == {"per_expert": 7.0, "per_node": 7.0}


@given(st.integers(2, 8), st.integers(1, 6))
def test_even_load_costs_alpha(num, rounds):
    even = [[1.0 if i == t % num else 0.5 for i in range(num)] for t in range(num * rounds)]
    assert sequence_balance_loss(even, 1, 1e-4)["loss"] == pytest.approx(1e-4)
    one = [[1.0] + [0.0] * (num - 1)] * rounds
    assert sequence_balance_loss(one, 1, 1e-4)["loss"] == pytest.approx(num * 1e-4)


def test_the_limit_of_the_default_figure_costs_a_good_expert():
    metrics = explorer("routing").run().metrics
    assert metrics["touched"] <= 4 < metrics["touched_free"] and metrics["kept"] < 8
    assert explorer("routing").run({"limit": 8}).metrics["affinity_kept"] == 1
    assert explorer("routing").run({"nodes": 1}).metrics["copies"] == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: route([0.5] * 8, 2, n_group=3), "n_group must divide"),
        (lambda: route([0.5] * 8, 3, n_group=8, topk_group=2), "num_experts_per_tok must be from 1 to 2"),
        (lambda: route([0.5, 2.0], 1), "each of scores"),
        (lambda: route([], 1), "scores must be at least one number"),
        (lambda: route([0.5] * 4, 1, biases=[0.0]), "biases must be as many"),
        (lambda: affinities([0.0], "relu"), "scoring_func must be one of sigmoid, softmax"),
        (lambda: affinities([float("nan")]), "each of logits"),
        (lambda: sequence_balance_loss([[0.5, 0.5], [0.5]], 1), "equal length"),
        (lambda: groups_touched(256, 8, 300), "num_experts_per_tok"),
    ],
)
def test_bad_input_is_told_in_one_sentence(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value).replace("a whole number ", "") and "\n" not in str(caught.value)


def test_the_default_token_is_the_example_that_the_page_tells():
    def lost(**moves):
        return [row for row in explorer("routing").run(moves).rows if row["what"] == "lost to the limit"]

    (gone,) = lost()
    rows = explorer("routing").run().rows
    assert gone["affinity"] == max(row["affinity"] for row in rows)
    assert not gone["node_chosen"] and gone["expert"] not in [row["expert"] for row in lost(node_score="best")]


def test_a_made_up_token_passes_the_gate_of_its_config():
    for slug in ("deepseek-v2", "deepseek-v3"):
        raw = load_model(slug).raw
        token = made_up_token(raw)
        assert len(token["experts"]) == raw["num_experts_per_tok"] and len(token["groups"]) == raw["topk_group"]
        total = math.fsum(token["weights"]) / raw["routed_scaling_factor"]
        assert (total == pytest.approx(1)) == raw["norm_topk_prob"]


def test_a_wider_limit_lets_a_token_touch_more_nodes():
    found = {one.max_groups: one for one in copies_by_limit(30, 256, 8, (1, 2, 4, 8), 8)}
    assert all(limit >= one.touched for limit, one in found.items())
    touched = [one.touched for one in found.values()]
    assert touched == sorted(touched) and touched[0] == 1
    assert touched[-1] == simulated_groups_touched(30, 256, 8, 8, 8)
    for one in found.values():
        assert one.per_node == pytest.approx(one.touched * 7 / 8) and one.per_expert == 7
