"""What a token costs: DeepSeek's own account, published costs, properties, break-even with dated prices, bad input."""

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from moecalc import InputError
from moecalc.economics.api_prices import ApiPrice, api_price, api_prices, stated_price
from moecalc.economics.break_even import API, OWN, break_even, undercut_from
from moecalc.economics.service_account import (
    SUBJECT,
    account,
    deepseek_day,
    deepseek_nodes,
    deepseek_service,
    revenue_range,
)
from moecalc.economics.tokens import Service, elasticities, gpu_seconds, levers, token_cost
from moecalc.facts import tables

R1, V3 = api_price("deepseek-reasoner (R1)"), api_price("deepseek-chat (V3)")
rates = st.floats(1, 1e6)
shares = st.floats(0.01, 1)
services = st.builds(
    Service, st.floats(0.01, 100), rates, rates, shares, st.floats(0, 0.99), st.floats(1, 1e6), st.floats(1, 1e6)
)
prices = st.builds(
    lambda *usd: ApiPrice("v", "m", "2025-01-01", "", *usd), *(st.floats(0.001, 100) for _ in range(3))
)
LINE = "token-cost --prefill-tokens-per-s-per-gpu 4030 --decode-tokens-per-s-per-gpu 1850 --usd-per-gpu-hour 2"


def printed(quantity, subject=SUBJECT):
    return tables.lookup("serving", subject, quantity)


# DeepSeek's account


def test_deepseeks_account():
    made = account(deepseek_day(), R1)
    assert made.usd_cost == pytest.approx(printed("cost_per_day").to("USD"), abs=0.5)
    low, high = revenue_range(deepseek_day(), R1)
    assert low < printed("theoretical_revenue_per_day").to("USD") < high
    margin = printed("cost_profit_margin").to("ratio")
    # from the printed revenue the printed margin follows; from the rounded tokens it is one point more
    revenue, cost = printed("theoretical_revenue_per_day").to("USD"), printed("cost_per_day").to("USD")
    assert (revenue - cost) / cost == pytest.approx(margin, abs=0.005)
    assert made.profit_over_cost == pytest.approx(margin, abs=0.01)
    assert made.profit_over_revenue == pytest.approx(1 - 1 / (1 + made.profit_over_cost))


def test_the_revenue_moves_within_its_range_when_the_printed_tokens_do():
    day, half = deepseek_day(), 0.5e9
    revenues = []
    for given_more in (-half, half):
        for cached_more in (-half, half):
            for output_more in (-half, half):
                moved = day._replace(
                    cached_input_tokens=day.cached_input_tokens + cached_more,
                    computed_input_tokens=day.computed_input_tokens + given_more - cached_more,
                    output_tokens=day.output_tokens + output_more,
                )
                revenues.append(account(moved, R1).usd_revenue)
    assert revenue_range(day, R1) == pytest.approx((min(revenues), max(revenues)))


def test_the_throughputs_printed_are_means_over_all_paid_hours():
    assert sum(deepseek_nodes().values()) == pytest.approx(printed("nodes_avg").to("nodes"), rel=1e-3)


def test_the_cost_by_throughput_is_the_cost_by_nodes():
    day, service = deepseek_day(), deepseek_service()
    cost = token_cost(service)
    by_tokens = cost.usd_per_million * day.tokens / 1e6
    by_phase = cost.usd_per_million_input * service.input_tokens + cost.usd_per_million_output * service.output_tokens
    assert by_tokens == pytest.approx(by_phase / 1e6) == pytest.approx(account(day, R1).usd_cost, rel=1e-3)


def test_sglangs_cost_of_output():
    subject = "SGLang 96x H100 DeepSeek-V3"
    rate = printed("decode_2k_batch_256", subject).to("tokens/s per node") / 8
    cost = token_cost(Service(2, rate, rate)).usd_per_million_output
    assert cost == pytest.approx(printed("cost_output", subject).value, abs=0.05)


# properties


@given(services, st.floats(0.1, 10))
def test_cost_is_linear_in_price(service, factor):
    one, other = token_cost(service), token_cost(service._replace(usd_per_gpu_hour=service.usd_per_gpu_hour * factor))
    for name in ("usd_per_million_input", "usd_per_million_computed_input", "usd_per_million_output", "usd_per_million"):
        assert getattr(other, name) == pytest.approx(factor * getattr(one, name))
    assert other.prefill_share == one.prefill_share


@given(services)
def test_a_gpus_day_of_tokens_costs_its_rent(service):
    cost = token_cost(service)
    assert cost.tokens_per_day_per_gpu * cost.usd_per_million / 1e6 == pytest.approx(24 * service.usd_per_gpu_hour)
    parts = service.input_tokens * cost.usd_per_million_input, service.output_tokens * cost.usd_per_million_output
    assert sum(parts) == pytest.approx(cost.usd_per_million * (service.input_tokens + service.output_tokens))
    assert parts[0] == pytest.approx(cost.prefill_share * sum(parts))
    assert cost.usd_per_million_input <= cost.usd_per_million_computed_input
    assert sum(gpu_seconds(service)) > 0


@given(services)
def test_elasticities_are_slopes(service):
    assume(service.cache_hit < 0.9 and service.utilisation < 0.99)
    step = 1e-5
    for field, slope in elasticities(service).items():
        value = getattr(service, field)
        if value == 0:
            assert slope == 0
            continue
        up, down = (
            token_cost(service._replace(**{field: value * (1 + sign * step)})).usd_per_million for sign in (1, -1)
        )
        assert (math.log(up) - math.log(down)) / (2 * step) == pytest.approx(slope, abs=1e-4, rel=1e-3)


def test_levers_come_strongest_first():
    ranges = [("rent", "usd_per_gpu_hour", 2, 2.5), ("hits", "cache_hit", 0, 0.8), ("use", "utilisation", 0.2, 1)]
    found = levers(Service(2, 4000, 2000), ranges)
    assert [lever.name for lever in found] == ["use", "hits", "rent"]
    assert found[0].factor == pytest.approx(5) and found[2].factor == pytest.approx(1.25)
    assert found[1].usd_at_high < found[1].usd_at_low


# break-even


@given(services, prices)
def test_at_the_break_even_both_cost_the_same(service, api):
    even = break_even(service, api)
    assume(even.usd_per_gpu_hour < 1e6)
    rented = token_cost(service._replace(usd_per_gpu_hour=even.usd_per_gpu_hour))
    assert rented.usd_per_million == pytest.approx(even.api_usd_per_million)
    assert (even.cheaper == OWN) == (even.usd_per_million < even.api_usd_per_million)
    capacity = token_cost(service._replace(utilisation=1)).tokens_per_day_per_gpu
    if even.utilisation is None:
        assert even.tokens_per_day_per_gpu > capacity * (1 - 1e-9)
    else:
        assume(even.utilisation > 1e-5)
        used = token_cost(service._replace(utilisation=even.utilisation))
        assert used.usd_per_million == pytest.approx(even.api_usd_per_million)
        assert even.tokens_per_day_per_gpu == pytest.approx(even.utilisation * capacity)


def test_deepseeks_own_gpus_are_dearer_than_its_later_price():
    dated = {price.model: break_even(deepseek_service(), price).cheaper for price in api_prices("DeepSeek")}
    assert dated["deepseek-chat (V3)"] == OWN and dated["deepseek-v4-flash"] == API
    assert undercut_from(deepseek_service(), api_prices("DeepSeek")) == "2026-05-25"


def test_prices_without_one_for_cached_input_ask_that_of_input():
    price = stated_price(1, 4)
    assert price.usd_per_million(0.5, 100, 100) == price.usd_per_million(0, 100, 100) == 2.5
    assert stated_price(1, 4, 0).usd_per_million(0.5, 100, 100) == 2.25


def test_every_price_is_read_once():
    names = {(price.model, price.valid_from, price.valid_to, price.vendor) for price in api_prices()}
    assert len(names) == len(api_prices())
    assert {price.vendor for price in api_prices()} >= {"DeepSeek", "OpenAI", "Anthropic", "Google"}
    assert (V3.usd_per_million_input, V3.usd_per_million_cached_input, V3.usd_per_million_output) == (0.27, 0.07, 1.1)


# the command


def test_a_node_is_so_many_gpus(moecalc):
    node = LINE.replace("prefill-tokens-per-s-per-gpu 4030", "prefill-tokens-per-s-per-node 32240")
    assert moecalc(node, "--json").json == moecalc(LINE, "--json").json


def test_a_range_of_prices_gives_a_range_of_costs(moecalc):
    found = moecalc(LINE.replace("hour 2", "hour 1-3"), "--json").json
    low, middle, high = (found[f"usd_per_million_output{end}"] for end in ("_low", "", "_high"))
    assert high == pytest.approx(3 * low) and middle == pytest.approx(2 * low)
    assert moecalc(LINE.replace("--usd-per-gpu-hour 2", "--gpu h800-sxm"), "--json").json["usd_per_gpu_hour"] == 2


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("--utilisation 0", "utilisation"),
        ("--utilisation 120%", "utilisation"),
        ("--cache-hit -0.1", "cache_hit|cache-hit"),
        ("--cache-hit nan", "cache_hit|cache-hit"),
        ("--input-tokens 0 --output-tokens 0", "input_tokens and output_tokens"),
        ("--output-tokens -5", "output"),
        ("--api gpt-nothing", "gpt-nothing"),
        ("--api-usd 1", "--api-usd"),
        ("--vendor Nobody", "Nobody"),
        ("--gpus-per-node 0 --decode-tokens-per-s-per-node 5", "not allowed"),
    ],
)
def test_bad_input(more, sentence, moecalc):
    found = moecalc(LINE, *more.split())
    assert found.code == 2 and found.out == "" and len(found.err.splitlines()) == 1
    assert re.search(sentence, found.err), found.err


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e40, True, "4"])
def test_throughputs_are_positive_numbers(value):
    with pytest.raises(InputError, match="decode_tokens_per_s_per_gpu"):
        token_cost(Service(2, 4000, value))
    with pytest.raises(InputError, match="nodes"):
        account(deepseek_day()._replace(nodes=value), R1)


def test_zero_gpus_a_node(moecalc):
    line = LINE.replace("decode-tokens-per-s-per-gpu", "decode-tokens-per-s-per-node")
    assert moecalc(line, "--gpus-per-node", "0").code == 2


# estimated throughputs


ESTIMATED = "token-cost --model deepseek-v3 --gpu h800-sxm --num-gpus 144 --prefill-gpus 32 --two-micro-batches"
MIX = "--cache-hit 56.25% --input-tokens 4383 --output-tokens 1211"


def test_the_estimate_holds_deepseeks_cost_in_its_interval(moecalc):
    found = moecalc(ESTIMATED, *MIX.split(), "--json").json
    cost = token_cost(deepseek_service())
    assert found["usd_per_million_low"] < cost.usd_per_million < found["usd_per_million_high"]
    assert found["decode_layout"]["ep"] == 144 and found["prefill_layout"]["ep"] == 32
    # its two parts do not both: in the mean over paid hours DeepSeek's prefill was slower than its own profile
    computed, profile = "usd_per_million_computed_input", "deepseek_profile_prefill_as_computed_by_sglang"
    at_profile = 2e6 / 3600 / (printed(profile, "SGLang 96x H100 DeepSeek-V3").value / 8)
    assert at_profile < found[f"{computed}_high"] < getattr(cost, computed)


def test_a_faster_answer_costs_more_and_drafts_cost_less(moecalc):
    slow, fast = (moecalc(ESTIMATED, "--tokens-per-s-per-user", rate, "--json").json for rate in (10, 40))
    assert slow["usd_per_million_output"] < fast["usd_per_million_output"] and slow["batch"] > fast["batch"]
    drafted = moecalc(ESTIMATED, "--mtp", "85%", "--json").json
    assert drafted["usd_per_million_output"] < moecalc(ESTIMATED, "--json").json["usd_per_million_output"]


def test_what_does_not_fit_or_is_not_fast_enough_is_said(moecalc):
    few = moecalc("token-cost --model deepseek-v3 --gpu h800-sxm --num-gpus 8", "--json").json
    assert any("more GPUs are needed" in note for note in few["notes"])
    fast = moecalc(ESTIMATED, "--tokens-per-s-per-user", 5000, "--json").json
    assert any("no batch gives a user" in note for note in fast["notes"])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("token-cost --usd-per-gpu-hour 2", "--model"),
        ("token-cost --usd-per-gpu-hour 2 --model deepseek-v3", "--num-gpus"),
        (ESTIMATED + " --decode-tokens-per-s-per-gpu 4", "both"),
        (ESTIMATED + " --tp 5", "tp must divide"),
        (ESTIMATED + " --mtp 2", "acceptance"),
        (ESTIMATED + " --tokens-per-s-per-user 0", "tokens_per_s_per_user"),
        (ESTIMATED + " --input-tokens 1e9", "context"),
        (ESTIMATED + " --input-tokens 0", "context|input_tokens"),
        ("token-cost --model llama-3.1-8b --gpu h100-sxm --num-gpus 1 --mtp 0.8", "mtp"),
    ],
)
def test_bad_estimates(line, sentence, moecalc):
    found = moecalc(line)
    assert found.code == 2 and len(found.err.splitlines()) == 1 and re.search(sentence, found.err), found.err
