"""Checkpoints: their bytes, what failures and saving cost, the best interval; by simulation, by limits, bad input."""

import random

import pytest

from moecalc import InputError, load_model
from moecalc.facts import tables
from moecalc.training.checkpoints import (
    best_interval_s,
    checkpoint_bytes,
    published_failures,
    time_lost,
    write_time_s,
)
from moecalc.training.layout import Layout
from moecalc.training.memory_examples import V3_LAYOUT

V3 = load_model("deepseek-v3")


def test_bytes_of_a_checkpoint_by_hand():
    with_mtp = 671_026_419_200 + 11_610_067_968
    assert checkpoint_bytes(V3, V3_LAYOUT, "deepseek-v3") == pytest.approx(8 * with_mtp, rel=1e-6)
    assert checkpoint_bytes(V3, V3_LAYOUT, "deepseek-v3", average=True) == pytest.approx(12 * with_mtp, rel=1e-6)
    llama = load_model("llama-3.1-8b")
    assert checkpoint_bytes(llama, Layout(), "bf16") == 12 * 8_030_261_248


def test_v3_is_written_in_the_few_seconds_that_are_said():
    rate = tables.lookup("fire_flyer", "3FS on Fire-Flyer 2", "write_per_node").to("bytes/s")
    assert 1 < write_time_s(checkpoint_bytes(V3, V3_LAYOUT, "deepseek-v3"), 256, rate) < 10


def simulated(interval, wait, mean, restart, intervals=20_000):
    """Share of time lost by a run that is played out."""
    chance, time = random.Random(7), 0.0
    for _ in range(intervals):
        while True:
            failure = chance.expovariate(1 / mean)
            if failure >= interval + wait:
                time += interval + wait
                break
            time += failure
            while (again := chance.expovariate(1 / mean)) < restart:
                time += again
            time += restart
    return 1 - intervals * interval / time


@pytest.mark.parametrize(
    ("interval", "wait", "mean", "restart"),
    [(300, 2, 3600, 60), (1800, 30, 3600, 300), (7200, 0, 3600, 0), (60, 20, 900, 100)],
)
def test_the_share_lost_is_that_of_a_run_played_out(interval, wait, mean, restart):
    assert time_lost(interval, wait, mean, restart).share == pytest.approx(
        simulated(interval, wait, mean, restart), rel=0.03
    )


@pytest.mark.parametrize("interval", [1, 60, 3600, 10**6])
@pytest.mark.parametrize("wait", [0, 5])
def test_parts_sum_to_the_share_and_none_is_below_nothing(interval, wait):
    lost = time_lost(interval, wait, 80_000, 600)
    assert sum(lost[1:]) == pytest.approx(lost.share)
    assert min(lost) >= -1e-12 and lost.share <= 1


def test_without_failures_only_saving_costs():
    lost = time_lost(300, 3, 1e15, 600)
    assert lost.share == pytest.approx(3 / 303) == lost.saving


@pytest.mark.parametrize(("wait", "mean"), [(0.1, 80_000), (2, 80_000), (60, 3600), (3600, 3600)])
def test_the_best_interval_is_better_than_its_neighbours(wait, mean):
    best = best_interval_s(wait, mean)
    at = time_lost(best, wait, mean).share
    assert at <= min(time_lost(best * factor, wait, mean).share for factor in (0.9, 1.1))
    if wait < mean / 1000:
        assert best == pytest.approx((2 * wait * mean) ** 0.5, rel=0.03)


def test_failures_scale_with_gpus():
    llama = published_failures()
    assert llama.between_s(16384) == pytest.approx(54 * 86400 / 466)
    assert llama.between_s(2048) == 8 * llama.between_s(16384) and 0.04 < llama.deviation < 0.05


def test_a_run_that_never_gets_through_loses_all():
    assert time_lost(10**9, 0, 1).share == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: time_lost(0, 1, 1), "interval_s must be"),
        (lambda: time_lost(1, -1, 1), "wait_s must be"),
        (lambda: time_lost(1, 1, 0), "between_failures_s must be"),
        (lambda: best_interval_s(0, 1), "wait_s must be"),
        (lambda: write_time_s(1, 0, 1), "num_nodes must be"),
        (lambda: write_time_s(1, 1, 0), "bytes_per_s_of_node must be"),
        (lambda: published_failures("dsv3-total"), "no interruptions of dsv3-total are published"),
        (lambda: published_failures().between_s(0), "num_gpus must be"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(InputError, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)
