"""Compute over a life: FLOPs by a second route, break-even by a sum of days, what was published of reasoning models."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError
from moecalc.economics.service_account import SECONDS_PER_DAY, deepseek_day, deepseek_service
from moecalc.economics.tokens import gpu_seconds
from moecalc.facts import tables
from moecalc.industry import reasoning
from moecalc.industry.dense_equivalent import chinchilla
from moecalc.industry.life_by_law import cheapest_life, life_of
from moecalc.industry.lifetime import (
    Answer,
    affordable_flops_per_token,
    answer_flops,
    break_even_days,
    pretraining_flops,
    rl_flops_of_steps,
    sequence_flops,
    used_after,
)
from moecalc.model.config import load_model
from moecalc.model.flops import forward_flops_per_token

V3 = load_model("deepseek-v3")
amounts = st.floats(1e-3, 1e6)
growths = st.floats(0.9, 1.1)


def by_position(config, length):
    """FLOPs of a sequence, token by token: products, and scores with what each token attends to."""
    products = sum(block.num_flops * count for block, count in config.anatomy.counted)
    scores = [(score, count) for block, count in config.anatomy.counted for score in block.scores]
    met = (min(i, score.limit or i) for i in range(1, length + 1) for score, _ in scores)
    counts = (count * score.flops(1) for _ in range(length) for score, count in scores)
    return length * products + sum(tokens * flops for tokens, flops in zip(met, counts, strict=True))


# FLOPs


@pytest.mark.parametrize("slug", ["deepseek-v3", "llama-3.1-8b", "gpt-oss-120b", "kimi-k2"])
@pytest.mark.parametrize("length", [1, 2, 7, 300])
def test_a_sequence_is_the_sum_of_its_tokens(slug, length):
    config = load_model(slug)
    assert sequence_flops(config, length) == pytest.approx(by_position(config, length), rel=1e-12)


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0, 1))
def test_the_parts_of_an_answer_are_its_sequence_without_what_is_cached(read, written, hit):
    made = answer_flops(V3, Answer(read, written, hit))
    whole = sequence_flops(V3, read + written)
    assert made.flops == pytest.approx(whole - sequence_flops(V3, int(read * hit)), rel=1e-12, abs=1)
    assert made.prefill_flops >= 0 and made.decode_flops >= 0


def test_a_long_answer_costs_more_than_its_tokens():
    short, long = (answer_flops(V3, Answer(0, tokens)).flops / tokens for tokens in (1000, 64_000))
    assert long > 1.5 * short
    sparse = load_model("deepseek-v3.2")
    few, many = (answer_flops(sparse, Answer(0, tokens)).flops / tokens for tokens in (1000, 64_000))
    assert many / few < long / short


def test_pretraining_of_v3_is_the_published_flops_of_a_token():
    of_token = tables.lookup("training_runs", "dsv3-pretrain", "num_tokens").to("tokens")
    assert pretraining_flops(V3, of_token) == 3 * forward_flops_per_token(V3, 4096) * of_token
    # Table 2 of the ISCA paper prints 250 GFLOPs a token
    assert pretraining_flops(V3, 1) / 1e9 == pytest.approx(250, abs=0.5)


def test_reinforcement_learning_is_linear_in_its_steps():
    one, two = (rl_flops_of_steps(V3, steps, 512, 4000, 200) for steps in (1, 2))
    assert two.flops == 2 * one.flops
    assert one.generation_flops == 512 * sequence_flops(V3, 4200)
    assert one.flops == 5 * one.generation_flops


# break-even


@given(amounts, growths, st.integers(1, 400))
def test_use_is_the_sum_of_its_days(per_day, growth, days):
    direct = math.fsum(per_day * growth**day for day in range(days))
    assert used_after(days, per_day, growth) == pytest.approx(direct, rel=1e-6)


@given(amounts, amounts, growths)
def test_at_break_even_use_has_taken_what_training_took(spent, per_day, growth):
    days = break_even_days(spent, per_day, growth)
    if days is None:
        # all the days there will ever be are not enough
        assert per_day / (1 - growth) <= spent * (1 + 1e-9)
    elif days < 1e4:
        assert used_after(days, per_day, growth) == pytest.approx(spent, rel=1e-5)


def test_break_even_between_two_days_of_a_direct_sum():
    spent, per_day, growth = 1000, 7, 1.02
    days, total, count = break_even_days(spent, per_day, growth), 0, 0
    while total < spent:
        total += per_day * growth**count
        count += 1
    assert count - 1 < days <= count


def test_twice_the_use_halves_the_days():
    assert break_even_days(100, 4) == 2 * break_even_days(100, 8)
    assert break_even_days(100, 0) is None


@given(st.floats(1e20, 1e28), st.floats(1e9, 1e15), st.floats(0, 1e15), st.floats(1, 1e5))
def test_a_budget_is_spent_whole(budget, tokens, answers, length):
    found = affordable_flops_per_token(budget, tokens, answers, length)
    assert 3 * found * tokens + answers * length * found == pytest.approx(budget)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: answer_flops(V3, Answer(10, 10, 2)), "cache_hit must be from 0 to 1"),
        (lambda: break_even_days(1, 1, 0), "growth_per_day must be above 0"),
        (lambda: affordable_flops_per_token(1, 0, 0, 1), "tokens of a life must be above 0"),
        (lambda: sequence_flops(V3, -1), "length must be a whole number"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, complaint):
    with pytest.raises(InputError, match=complaint):
        call()


# what was published


def test_deepseeks_day_overtakes_training_within_months_by_both_counts():
    """By published hours the service took V3's hours in 64 days; by FLOPs of the model the same tokens take longer."""
    day = deepseek_day()
    hours = tables.lookup("training_runs", "dsv3-total", "gpu_hours").to("GPU-hours")
    by_hours = break_even_days(hours, day.nodes * day.gpus_per_node * 24)
    # the same from the throughputs that were printed beside it
    assert sum(gpu_seconds(deepseek_service())) / SECONDS_PER_DAY == pytest.approx(day.nodes * day.gpus_per_node, rel=2e-3)
    given, output = day.cached_input_tokens + day.computed_input_tokens, day.output_tokens
    answers = output / 1000
    each = answer_flops(V3, Answer(round(given / answers), 1000, day.cached_input_tokens / given))
    by_flops = break_even_days(pretraining_flops(V3, 14.8e12), answers * each.flops)
    assert 60 < by_hours < 70 < by_flops < 120


def test_r1s_hours_add_up_and_agree_with_the_table_of_runs():
    assert reasoning.r1_gpu_hours() == tables.lookup("training_runs", "dsr1-rl", "gpu_hours").to("GPU-hours")
    usd = tables.lookup("training_runs", "dsr1-rl", "usd").to("USD")
    assert usd == 2 * reasoning.r1_gpu_hours() == 294_000


def test_the_ways_to_tell_r1s_compute_disagree_and_are_ordered():
    ways = reasoning.r1_ways()
    assert [way.flops for way in ways] == sorted(way.flops for way in ways)
    assert ways[-1].flops > 10 * ways[0].flops
    low, high = reasoning.r1_zero_utilisation()
    assert 0 < low < high < reasoning.pretraining_utilisation()


def test_o3s_counts_are_totals():
    """33 M tokens over 100 tasks of 6 samples are 55,000 a sample; read as one task's they would be 100 times that."""
    few = reasoning.sampled_answers()[0]
    assert few.tokens_per_task / few.num_samples == 55_000


def test_every_scored_answer_is_whole():
    for name in reasoning.benchmarks():
        found = reasoning.scored_answers(name)
        assert len(found) >= 4
        assert len({one.name for one in found}) == len(found)
        assert all(one.output_tokens >= 1000 and one.score > 0 for one in found)


# by a scaling law


@pytest.mark.parametrize("version", ["re-fit", "unrounded", "printed"])
def test_the_cheapest_life_is_cheaper_than_its_neighbours(version):
    law = chinchilla(version)
    loss = law.least_loss(3.7e24)
    for served in (0, 1e12, 1e14):
        made = cheapest_life(law, loss, served)
        assert law.loss(made.num_params, made.num_tokens) == pytest.approx(loss)
        for factor in (0.9, 1.1):
            assert life_of(law, loss, served, factor * made.num_params).flops > made.flops


def test_more_use_makes_the_cheapest_model_smaller_and_its_training_longer():
    law = chinchilla("re-fit")
    loss = law.least_loss(3.7e24)
    made = [cheapest_life(law, loss, served) for served in (0, 1e12, 1e13, 1e14)]
    assert made[0].flops == pytest.approx(law.least_flops(loss))
    for small, large in zip(made[1:], made, strict=False):
        assert small.num_params < large.num_params and small.num_tokens > large.num_tokens


def test_a_loss_that_no_model_has_is_refused():
    with pytest.raises(InputError, match="loss must be above"):
        cheapest_life(chinchilla("re-fit"), 1, 0)
