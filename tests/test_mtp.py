"""Multi-token prediction and speculative decoding: published numbers, second routes, properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import load_accelerator, load_model
from moecalc.base.errors import InputError
from moecalc.claims import ledger
from moecalc.explorers import explorer
from moecalc.explorers.model.mtp_loss import FOLLOWS, SENTENCE, WORDS, right_probabilities
from moecalc.mechanisms.mtp import depth_loss, depth_terms, mtp_loss, mtp_terms, mtp_training_flops_per_token
from moecalc.mechanisms.softmax import softmax
from moecalc.model.flops import training_flops_per_token
from moecalc.serving.decode import decode_step, verify_cost
from moecalc.serving.speculative import speed_up, tokens_distribution, tokens_per_step

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


def test_the_claim_on_the_parts_cites_what_lists_them():
    (row,) = (row for row in ledger() if row["id"] == "C96")
    assert (row["verdict"], row["source"]) == ("in part", "deepseek-v3-readme")
    assert row["locator"].startswith("README_WEIGHTS.md")


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


def test_two_depths_by_hand():
    """Three tokens: terms of log 2, log 4 and log 10, a share of 0.3 / (2 x 3) each, or of 0.3 / (2 x 2) and 0.3 / 2."""
    logs = [math.log(2), math.log(4), math.log(10)]
    printed, mean = (mtp_terms([[0.5, 0.25], [0.1]], 0.3, per_term) for per_term in (False, True))
    assert [(one["depth"], one["position"]) for one in printed] == [(1, 3), (1, 4), (2, 4)]
    assert [one["term"] for one in printed] == pytest.approx(logs)
    assert [one["share"] for one in printed] == pytest.approx([0.05 * one for one in logs])
    assert [one["share"] for one in mean] == pytest.approx([0.075 * logs[0], 0.075 * logs[1], 0.15 * logs[2]])


@given(st.integers(1, 3), st.lists(st.floats(1e-9, 1), min_size=6, max_size=12), st.floats(0, 1), st.booleans())
def test_shares_sum_to_what_is_added(depths, drawn, weight, per_term):
    by_depth = [drawn[: len(drawn) - k] for k in range(1, depths + 1)]
    terms = mtp_terms(by_depth, weight, per_term)
    added = mtp_loss([depth_loss(one, k, per_term) for k, one in enumerate(by_depth, start=1)], weight)
    assert math.isclose(math.fsum(one["share"] for one in terms), added, rel_tol=1e-12, abs_tol=1e-300)
    assert len(terms) == sum(len(drawn) - k for k in range(1, depths + 1))


@given(PROBABILITIES)
def test_depth_0_is_plain_cross_entropy(probabilities):
    plain = -sum(map(math.log, probabilities)) / len(probabilities)
    for per_term in (False, True):
        assert math.isclose(depth_loss(probabilities, 0, per_term), plain, rel_tol=1e-9, abs_tol=1e-12)


@given(st.lists(st.floats(-800, 800), min_size=1, max_size=9), st.floats(-100, 100))
def test_probabilities_of_a_softmax(logits, shift):
    found = softmax(logits)
    assert math.isclose(math.fsum(found), 1, rel_tol=1e-12) and all(0 <= one <= 1 for one in found)
    assert found == pytest.approx(softmax([one + shift for one in logits]), abs=1e-9)
    best = found[logits.index(max(logits))]
    assert best == max(found) >= 1 / len(logits) - 1e-12


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
        (lambda: mtp_terms([], 0.3), "at least one depth"),
        (lambda: mtp_terms([[0.5, 0.5], [0.5, 0.5]], 0.3), "one probability less than the depth before; found 2, 2"),
        (lambda: mtp_terms([[0.5]], 2e30), "weight must be"),
        (lambda: softmax([]), "at least one number"),
        (lambda: softmax([0, math.inf]), "logits must be a finite number"),
        (lambda: tokens_per_step(1.1), "acceptance must be"),
        (lambda: tokens_per_step(0.5, -1), "depth must be a whole number"),
        (lambda: speed_up(0.5, verify_cost=0), "verify_cost must be"),
    ],
)
def test_wrong_input(call, says):
    with pytest.raises(InputError, match=says):
        call()


# --- the figure


MOVED = st.fixed_dictionaries(
    {
        "depths": st.integers(1, 3),
        "weight": st.floats(0, 1),
        "length": st.integers(4, 12),
        "sure": st.floats(0, 3),
        "keeps": st.floats(0, 1),
        "divisor": st.sampled_from(["length", "terms"]),
        "position": st.integers(2, 13),
        "shown_depth": st.integers(0, 3),
    }
)


def test_the_invented_words():
    assert set(SENTENCE) == set(WORDS) == set(FOLLOWS)
    for before, word in zip(SENTENCE, SENTENCE[1:], strict=False):
        assert FOLLOWS[before][word] > 0
    assert all(set(scores) < set(WORDS) for scores in FOLLOWS.values())


def test_one_probability_of_the_figure_by_hand():
    """After "the" come cat, dog and mat, with scores of 3, 2 and 1; the five other words have 0."""
    cat, saw, the, dog = right_probabilities(0, 4, sure=1, keeps=0.5)
    others = math.exp(3) + math.exp(2) + math.exp(1) + 5
    assert (cat, dog) == pytest.approx((math.exp(3) / others, math.exp(2) / others))
    # half as sure at depth 1, whose first term is two positions later
    assert right_probabilities(1, 4, sure=1, keeps=0.5)[-1] == pytest.approx(
        math.exp(1) / (math.exp(1.5) + math.exp(1) + math.exp(0.5) + 5)
    )


@given(MOVED)
def test_the_figure_adds_up(controls):
    metrics, rows = explorer("mtp-loss").run(controls)[1:]
    terms, losses, words = ([row for row in rows if row["what"] == what] for what in ("term", "loss", "word"))
    depths, length = controls["depths"], controls["length"]
    near = {"abs": 1e-4}  # the rows are rounded
    assert [len([row for row in terms if row["depth"] == k]) for k in range(4)] == [
        length - k if k <= depths else 0 for k in range(4)
    ]
    assert sum(row["share"] for row in terms if row["depth"]) == pytest.approx(metrics["mtp_loss"], **near)
    assert sum(row["share"] for row in terms) == pytest.approx(metrics["total_loss"], **near)
    assert sum(row["share"] for row in losses) == pytest.approx(metrics["total_loss"], **near)
    assert sum(row["probability"] for row in words) == pytest.approx(1, **near)
    (outlined,) = (row for row in terms if row["chosen"])
    (right,) = (row for row in words if row["chosen"])
    for key in ("depth", "position", "word", "probability"):
        assert outlined[key] == right[key]
    assert [row["word"] for row in words] == list(WORDS)
    assert metrics["num_terms"] == sum(length - k for k in range(1, depths + 1))


def test_a_model_that_knows_nothing():
    for keeps in (0, 1):
        metrics = explorer("mtp-loss").run({"sure": 0, "keeps": keeps, "divisor": "terms"}).metrics
        assert metrics["main_loss"] == metrics["loss_1"] == metrics["loss_2"] == pytest.approx(math.log(len(WORDS)))


def test_what_the_page_says_of_the_two_ways_to_divide():
    printed, mean = (explorer("mtp-loss").run({"divisor": one}).metrics for one in ("length", "terms"))
    assert printed["loss_2"] < printed["loss_1"] < printed["main_loss"]
    assert mean["loss_2"] > mean["loss_1"] > mean["main_loss"] == printed["main_loss"]
    assert printed["loss_2"] == pytest.approx(mean["loss_2"] * 4 / 6)
