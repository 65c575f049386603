"""Multi-token prediction and speculative decoding: published numbers, second routes, properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import load_accelerator, load_model
from moecalc.errors import InputError
from moecalc.flops import training_flops_per_token
from moecalc.mtp import depth_loss, depth_terms, mtp_loss, mtp_training_flops_per_token
from moecalc.speculative import decode_step, speed_up, tokens_distribution, tokens_per_step, verify_cost

V3 = load_model("deepseek-v3")
PROBABILITIES = st.lists(st.floats(1e-9, 1), min_size=1, max_size=20)
ACCEPTANCE = st.floats(0, 1)
DEPTH = st.integers(0, 8)


def test_flops_of_the_module():
    added = mtp_training_flops_per_token(V3, 4096)
    # by hand: six FLOPs a parameter that a token is multiplied with, and a causal score product of one layer
    attention = 7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168
    feed_forward = 7168 * 256 + 9 * 3 * 7168 * 2048
    multiplied = 2 * 7168 * 7168 + attention + feed_forward + 7168 * 129_280
    assert added == 6 * multiplied + 3 * 4096 * 128 * (192 + 128) == 10_191_765_504
    assert f"{added / training_flops_per_token(V3, 4096):.2%}" == "4.07%"
    assert mtp_training_flops_per_token(load_model("llama-3.1-8b"), 4096) == 0
    assert mtp_training_flops_per_token(load_model("minimax-m2.5"), 4096) is None, "the form of its modules is not known"


@pytest.mark.parametrize(("acceptance", "tokens", "faster"), [(0.85, "1.85", "1.78"), (0.9, "1.90", "1.83")])
def test_published_acceptance(acceptance, tokens, faster):
    share = mtp_training_flops_per_token(V3, 4096) / training_flops_per_token(V3, 4096)
    assert f"{tokens_per_step(acceptance):.2f}" == tokens
    assert f"{speed_up(acceptance, 1, share):.2f}" == faster


def from_logits(logits, right):
    """Cross entropy by the log of a sum of exponentials, which sees no probability."""
    return math.log(math.fsum(map(math.exp, logits))) - logits[right]


@given(st.lists(st.tuples(st.lists(st.floats(-5, 5), min_size=4, max_size=4), st.integers(0, 3)), min_size=1, max_size=9),
       st.integers(0, 3))
def test_loss_from_logits(rows, depth):
    shares = [math.exp(logits[right]) / math.fsum(map(math.exp, logits)) for logits, right in rows]
    mean = math.fsum(from_logits(*row) for row in rows) / len(rows)
    length = len(rows) + depth
    assert math.isclose(depth_loss(shares, depth, per_term=True), mean, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(depth_loss(shares, depth), mean * len(rows) / length, rel_tol=1e-9, abs_tol=1e-12)


@given(PROBABILITIES, st.integers(0, 3))
def test_terms_stand_at_the_positions_of_the_equation(probabilities, depth):
    positions = [one["position"] for one in depth_terms(probabilities, depth)]
    length = len(probabilities) + depth
    assert positions == list(range(2 + depth, length + 2))


@given(st.lists(st.floats(0, 20), min_size=1, max_size=4), st.floats(0, 1))
def test_the_weight_is_shared_by_the_depths(losses, weight):
    assert math.isclose(mtp_loss(losses, weight), weight * (sum(losses) / len(losses)), rel_tol=1e-12, abs_tol=1e-300)


@given(ACCEPTANCE, DEPTH)
def test_tokens_a_step_are_the_mean_of_their_distribution(acceptance, depth):
    chances = tokens_distribution(acceptance, depth)
    assert math.isclose(math.fsum(chances), 1, rel_tol=1e-12)
    mean = math.fsum(n * p for n, p in enumerate(chances, start=1))
    assert math.isclose(tokens_per_step(acceptance, depth), mean, rel_tol=1e-12)
    assert 1 <= tokens_per_step(acceptance, depth) <= depth + 1


@given(ACCEPTANCE, st.integers(1, 8), st.floats(0, 1))
def test_arithmetic_bound_checking_never_pays(acceptance, depth, cost):
    assert speed_up(acceptance, depth, cost, verify_cost=depth + 1) <= 1 + 1e-12


@pytest.mark.parametrize("slug", ["deepseek-v3", "llama-3.1-8b"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_checking_costs_from_one_step_to_one_a_token(slug, depth):
    model, h800 = load_model(slug), load_accelerator("h800-sxm")
    costs = [verify_cost(model, h800, batch, 1, depth) for batch in (1, 64, 2**20)]
    assert all(1 <= cost <= depth + 1 + 1e-12 for cost in costs)
    assert math.isclose(costs[-1], depth + 1, rel_tol=0.01), "arithmetic decides"


def test_parts_of_a_step_by_hand():
    step = decode_step(V3, load_accelerator("h800-sxm"), 1, 4096)
    # eight experts of three matrices in each of 58 layers, one byte each
    assert math.isclose(step["routed_experts"], 58 * 8 * 3 * 7168 * 2048 / 3.35e12)
    # every number of the cache once, two bytes each
    assert math.isclose(step["attention"], 61 * 4096 * 576 * 2 / 3.35e12)
    assert math.isclose(step["step"], sum(step[key] for key in ("other_matrices", "routed_experts", "attention")))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: depth_terms([0], 1), "probability must be above 0"),
        (lambda: depth_loss([], 1), "at least one number"),
        (lambda: mtp_loss([], 0.3), "at least one number"),
        (lambda: mtp_loss([1.0], -1), "weight must be"),
        (lambda: tokens_per_step(1.1), "acceptance must be"),
        (lambda: tokens_per_step(0.5, -1), "depth must be a whole number"),
        (lambda: speed_up(0.5, verify_cost=0), "verify_cost must be"),
    ],
)
def test_wrong_input(call, says):
    with pytest.raises(InputError, match=says):
        call()
