"""Demand: DeepSeek's day reproduced, linear properties, published energy and volumes, cheapest prices by level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError
from moecalc.economics.estimated import estimated_service, usual_layout
from moecalc.economics.service_account import deepseek_day
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator
from moecalc.industry import demand, price_history
from moecalc.industry.demand import Load, decode_limits, fleet, gpus_of, overheads, sent_bytes
from moecalc.model.config import load_model
from moecalc.serving.disaggregation import Requests
from moecalc.serving.step_time import Running

V3, H800 = load_model("deepseek-v3"), load_accelerator("h800-sxm")
DAY = deepseek_day()
INPUT = DAY.cached_input_tokens + DAY.computed_input_tokens
REQUESTS = Requests(1, 1000 * INPUT / DAY.output_tokens, 1000, DAY.cached_input_tokens / INPUT)
RUNNING = Running(two_micro_batches=True)
ESTIMATE = estimated_service(V3, H800, 2, REQUESTS, usual_layout(V3, 32), usual_layout(V3, 144), 20, RUNNING)
LOAD = Load(DAY.output_tokens / 1000, REQUESTS)
numbers = st.floats(1e3, 1e12)


def test_deepseeks_day_is_reproduced():
    """The GPUs that DeepSeek printed lie within the interval; no figure of that day was fitted on."""
    found = fleet(V3, H800, ESTIMATE, LOAD)
    assert LOAD.tokens_per_day == pytest.approx(DAY.tokens)
    published = DAY.nodes * DAY.gpus_per_node
    assert found.low_gpus < published < found.high_gpus
    assert found.gpus == pytest.approx(published, rel=0.1)
    used = {row["use"] for row in tables.rows("serving_cases") if "online service" in row["subject"]}
    assert "fitted" not in used


@given(numbers, st.floats(0.05, 1))
def test_a_fleet_is_linear_in_its_answers_and_in_hours_not_used(answers, use):
    one = fleet(V3, H800, ESTIMATE, LOAD._replace(answers_per_day=answers), use)
    two = fleet(V3, H800, ESTIMATE, LOAD._replace(answers_per_day=2 * answers), use / 2)
    for name in ("gpus", "low_gpus", "high_gpus", "memory_bytes", "power_w", "usd_per_day"):
        assert getattr(two, name) == pytest.approx(4 * getattr(one, name))
    assert two.wh_per_answer == pytest.approx(2 * one.wh_per_answer)
    assert two.sent_bytes_per_s == pytest.approx(2 * one.sent_bytes_per_s)


def test_gpus_by_a_second_route():
    service = ESTIMATE.service
    seconds = REQUESTS.input_tokens * (1 - REQUESTS.cache_hit) / service.prefill_tokens_per_s_per_gpu
    seconds += REQUESTS.output_tokens / service.decode_tokens_per_s_per_gpu
    assert gpus_of(service, LOAD.tokens_per_day) == pytest.approx(LOAD.answers_per_day * seconds / 86400)


def test_what_an_answer_sends_by_a_second_route():
    # 58 layers, 9 experts, 7,168 numbers in FP8 there and BF16 back; a cache of 61 x 576 numbers in BF16
    experts = 58 * 9 * 7168 * 3
    assert sent_bytes(V3, Requests(1, 1000, 500, 0.5)) == 1000 * experts + 1000 * 61 * 576 * 2
    dense = load_model("llama-3.1-8b")
    assert sent_bytes(dense, Requests(1, 1000, 500)) == sent_bytes(dense, Requests(1, 1000, 900))


def test_what_decode_uses_is_a_share():
    found = decode_limits(V3, H800, ESTIMATE, REQUESTS, RUNNING)
    assert all(0 < share <= 1 for share in found)
    assert found.network > found.bandwidth > found.compute


def test_power_is_bounded_below_by_published_sites():
    """Rated power with hosts, without the building, is a little below what sites have for each H100-equivalent."""
    hosts, pue = overheads()
    assert 1 < pue < tables.lookup("demand", "data centre, average", "pue").value
    watts = load_accelerator("h100-sxm").needed("power_w") * hosts
    assert 0.5 * min(demand.site_watts().values()) < watts < max(demand.site_watts().values())


def test_energy_of_an_answer_is_of_the_size_that_was_published():
    found = fleet(V3, H800, ESTIMATE, LOAD)
    published = [fact.to("Wh") for fact in tables.facts("demand") if fact.quantity == "energy" and "average" in fact.subject]
    published.append(tables.lookup("demand", demand.PARTS, "energy").to("Wh"))
    assert all(found.wh_per_answer / 3 < wh < 3 * found.wh_per_answer for wh in published)
    assert found.low_wh < found.wh_per_answer < found.high_wh


def test_volumes_grow_within_each_source():
    by_subject = {}
    for one in demand.volumes():
        by_subject.setdefault(one.subject, []).append(one)
    for found in by_subject.values():
        assert [one.tokens_per_day for one in found] == sorted(one.tokens_per_day for one in found)
        assert [one.date for one in found] == sorted(one.date for one in found)
    # the largest and DeepSeek's day are two orders of magnitude apart
    assert max(one.tokens_per_day for one in demand.volumes()) > 100 * DAY.tokens


# prices by level


def test_a_higher_level_is_never_cheaper():
    mix = REQUESTS.cache_hit, REQUESTS.input_tokens, REQUESTS.output_tokens
    ends = [price_history.cheapest(score, *mix)[-1].usd_per_million for score in price_history.levels().values()]
    assert ends == sorted(ends)


def test_cheapest_is_the_least_of_what_is_sold_that_day():
    for step in price_history.cheapest(59.1, 0, 3, 1):
        sold = [
            one.price.usd_per_million(0, 3, 1)
            for one in price_history.priced()
            if one.score >= 59.1
            and not one.name.endswith("at night")
            and one.price.valid_from <= step.date
            and (not one.price.valid_to or step.date < one.price.valid_to)
        ]
        assert step.usd_per_million == min(sold)


def test_nights_only_lower_a_price():
    mix = 0.5, 3, 1
    days, nights = (price_history.cheapest(59.1, *mix, nights) for nights in (False, True))
    assert min(one.usd_per_million for one in nights) <= min(one.usd_per_million for one in days)
    assert "V3 at night" in {one.name for one in nights} and "V3 at night" not in {one.name for one in days}


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: price_history.score_of("gpt-99"), "no model with a score named"),
        (lambda: fleet(V3, H800, ESTIMATE, LOAD, pue=0.5), "pue must be from 1 to 10"),
        (lambda: fleet(V3, H800, ESTIMATE, LOAD._replace(answers_per_day=0)), "answers_per_day must be above 0"),
        (lambda: fleet(V3, H800, ESTIMATE, LOAD, 0), "utilisation must be"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, complaint):
    with pytest.raises(InputError, match=complaint):
        call()
