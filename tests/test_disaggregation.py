"""Prefill and decode apart: DeepSeek's nodes, queues against a simulation, promises kept and not kept, the cache's way."""

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from moecalc import InputError
from moecalc.economics.service_account import SUBJECT, deepseek_day, deepseek_nodes, deepseek_service
from moecalc.facts import tables
from moecalc.model.config import load_model
from moecalc.model.kv_cache import kv_cache_bytes
from moecalc.serving.day_load import held, load_by_hour
from moecalc.serving.disaggregation import (
    Prefill,
    Rate,
    Requests,
    Slo,
    decode_rate,
    mean_wait_s,
    plan,
    prefill_to_decode,
    request_gpu_seconds,
)
from moecalc.serving.kv_transfer import kv_transfer, link_share

V3, LLAMA, V32 = (load_model(name) for name in ("deepseek-v3", "llama-3.1-405b", "deepseek-v3.2"))
RATES = [Rate(2500, 10), Rate(2000, 20), Rate(800, 80)]
REQUESTS = Requests(100, 4000, 1000, 0.5)
requests = st.builds(Requests, st.floats(0.01, 1e4), st.floats(10, 1e5), st.floats(10, 1e4), st.floats(0, 0.95))


def test_deepseeks_nodes_of_both_kinds():
    service, nodes = deepseek_service(), deepseek_nodes()
    ratio = prefill_to_decode(
        Requests(1, service.input_tokens, service.output_tokens, service.cache_hit),
        service.prefill_tokens_per_s_per_gpu,
        service.decode_tokens_per_s_per_gpu,
    )
    assert ratio == pytest.approx(nodes["prefill"] / nodes["decode"])
    mean = tables.lookup("serving", SUBJECT, "nodes_avg").value
    assert mean * ratio / (1 + ratio) == pytest.approx(nodes["prefill"], rel=1e-3)


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.5), (1, 0.9), (4, 0.8), (16, 0.9), (64, 0.95)])
def test_the_wait_is_that_of_a_simulated_queue(servers, busy):
    dice, free, wait, now, count = random.Random(7), [0.0] * servers, 0.0, 0.0, 200_000
    for _ in range(count):
        now += dice.expovariate(busy * servers)
        first = min(range(servers), key=free.__getitem__)
        start = max(now, free[first])
        wait += start - now
        free[first] = start + 1
    assert mean_wait_s(1, servers, busy) == pytest.approx(wait / count, rel=0.15)


@given(st.floats(0.001, 10), st.integers(1, 1000), st.floats(0, 0.99))
def test_more_servers_and_less_load_wait_less(service, servers, busy):
    wait = mean_wait_s(service, servers, busy)
    assert mean_wait_s(service, servers + 1, busy) <= wait <= mean_wait_s(service, servers, min(1, busy + 0.005))
    assert mean_wait_s(service, servers, 1) == math.inf


@given(requests, st.floats(0.05, 20), st.sampled_from((0.02, 0.06, 0.2)), st.sampled_from((1, 4, 32)))
def test_a_plan_keeps_its_promise_with_the_fewest_gpus(asked, ttft, tpot, unit):
    how = Prefill(4000, unit_gpus=unit)
    assume(request_gpu_seconds(asked, 4000, 1)[0] < 0.99 * ttft)
    made = plan(asked, Slo(ttft, tpot), how, RATES)
    assert made.meets and made.missed == () and made.nearest == Slo(ttft, tpot)
    assert made.ttft_s <= ttft and made.tpot_s <= tpot
    assert made.ttft_s == pytest.approx(made.wait_s + made.prefill_s)
    assert 0 < made.prefill_busy < 1 and 0 < made.decode_busy <= 1 + 1e-9
    fewer = made.prefill_gpus - unit
    if fewer > 0:
        busy = made.prefill_busy * made.prefill_gpus / fewer
        assert busy >= 1 or mean_wait_s(made.prefill_s, fewer, busy) + made.prefill_s > ttft
    # Little: sequences in flight are as many as GPUs of decode hold
    rate, _ = decode_rate(RATES, tpot)
    in_flight = asked.per_s * asked.output_tokens * made.tpot_s
    held_by_gpu = rate.tokens_per_s_per_gpu / rate.tokens_per_s_per_user
    assert made.decode_gpus == max(1, math.ceil(in_flight / held_by_gpu - 1e-6))


def test_units_come_whole():
    made = plan(REQUESTS, Slo(2, 0.05), Prefill(4000, 4, 32), RATES, decode_unit_gpus=144)
    assert (made.prefill_gpus % 32, made.decode_gpus) == (0, 144)
    assert made.prefill_s == 4000 * 0.5 / 4000 / 4


def test_a_promise_that_nobody_can_keep_says_what_is_nearest():
    made = plan(REQUESTS, Slo(0.3, 0.005), Prefill(4000), RATES, transfer_s=0.1)
    assert not made.meets and len(made.missed) == 2
    assert made.nearest == Slo(pytest.approx(0.6), pytest.approx(1 / 80))
    assert "0.3 s" in made.missed[0] and "0.6 s" in made.missed[0] and "5 ms" in made.missed[1]
    kept = plan(REQUESTS, Slo(made.nearest.ttft_s * 1.001, made.nearest.tpot_s), Prefill(4000), RATES, transfer_s=0.1)
    assert kept.meets and kept.prefill_gpus >= made.prefill_gpus - 1
    # more GPUs on a request bring the first token sooner: the same promise can then be kept
    assert plan(REQUESTS, Slo(0.3, 0.05), Prefill(4000, 4), RATES, transfer_s=0.1).meets


def test_a_stricter_promise_never_takes_fewer_gpus():
    made = [plan(REQUESTS, Slo(ttft, tpot), Prefill(4000), RATES) for ttft in (5, 1, 0.51) for tpot in (0.1, 0.05, 0.02)]
    for one, other in zip(made[:-3], made[3:], strict=True):
        assert one.prefill_gpus <= other.prefill_gpus
    for strict in range(3):
        gpus = [one.decode_gpus for one in made[3 * strict : 3 * strict + 3]]
        assert gpus == sorted(gpus)


def test_hits_save_prefill_alone():
    few, many = (plan(REQUESTS._replace(cache_hit=hit), Slo(2, 0.05), Prefill(4000), RATES) for hit in (0, 1))
    assert many.decode_gpus == few.decode_gpus and many.ratio == 0 < few.ratio and many.prefill_gpus == 1


# the cache's way


@given(st.integers(1, 100_000), st.floats(1e8, 1e12), st.floats(0, 100))
def test_a_cache_leaves_layer_by_layer(context, bandwidth, prefill_s):
    found = kv_transfer(V3, context, bandwidth, prefill_s=prefill_s)
    assert found.bytes == kv_cache_bytes(V3, [context])
    # a second route: send each layer's share when it is computed and the link is free
    layers, ends, sent = 61, 0.0, 0.0
    for layer in range(layers):
        ends = prefill_s * (layer + 1) / layers
        sent = max(ends, sent) + found.time_s / layers
    assert found.exposed_s == pytest.approx(sent - prefill_s, rel=1e-6, abs=1e-9)
    assert found.time_s / layers <= found.exposed_s * (1 + 1e-6) + 1e-9 and found.exposed_s <= found.time_s + 1e-9


def test_keys_of_an_indexer_go_along():
    assert kv_transfer(V32, 1, 1e9).bytes == 2 * 35136 + 8052


def test_a_larger_cache_takes_more_of_the_link():
    assert link_share(LLAMA, 4030, 50e9) / link_share(V3, 4030, 50e9) == pytest.approx(516_096 / 70_272)
    assert link_share(V3, 4030, 50e9, cache_hit=0.5) == pytest.approx(2 * link_share(V3, 4030, 50e9))


# a day


def test_a_day_is_its_mean():
    day = load_by_hour(1.226)
    assert sum(day) / 24 == pytest.approx(1) and max(day) == pytest.approx(1.226)
    assert set(load_by_hour(1)) == {1}


def test_deepseek_gives_nodes_back():
    peak = tables.lookup("serving", SUBJECT, "nodes_peak").value
    mean = deepseek_day().nodes
    kept = held([mean * load for load in load_by_hour(peak / mean)])
    assert (kept.mean, kept.peak) == (pytest.approx(mean), pytest.approx(peak))
    assert kept.saved == pytest.approx(1 - 226.75 / 278)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: plan(REQUESTS._replace(per_s=0), Slo(1, 1), Prefill(1), RATES), "requests a second"),
        (lambda: plan(REQUESTS._replace(cache_hit=1.1), Slo(1, 1), Prefill(1), RATES), "cache_hit"),
        (lambda: plan(REQUESTS, Slo(0, 1), Prefill(1), RATES), "ttft_s"),
        (lambda: plan(REQUESTS, Slo(1, math.nan), Prefill(1), RATES), "tpot_s"),
        (lambda: plan(REQUESTS, Slo(1, 1), Prefill(0), RATES), "prefill_rate"),
        (lambda: plan(REQUESTS, Slo(1, 1), Prefill(1, 0), RATES), "gpus_per_request"),
        (lambda: plan(REQUESTS, Slo(1, 1), Prefill(1), RATES, 0), "decode_unit_gpus"),
        (lambda: plan(REQUESTS, Slo(1, 1), Prefill(1), []), "at least one"),
        (lambda: plan(REQUESTS, Slo(1, 1), Prefill(1), [Rate(1, 0)]), "tokens_per_s_per_user"),
        (lambda: kv_transfer(V3, 10, 0), "bandwidth_bytes_per_s"),
        (lambda: kv_transfer(V3, -1, 1e9), "context"),
        (lambda: link_share(V3, 1, 1e9, cache_hit=1), "cache_hit"),
        (lambda: load_by_hour(3), "peak_over_mean"),
        (lambda: held([]), "at least one hour"),
        (lambda: mean_wait_s(1, 0, 0.5), "servers"),
    ],
)
def test_bad_input(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
