"""Two micro-batches as a timeline, against the longest path through what must follow what."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc import InputError, load_accelerator, load_model
from moecalc.serving.half_batches import gain, half_times, layer_times
from moecalc.serving.layout import ServingLayout
from moecalc.serving.micro_batches import (
    COMMUNICATION,
    DECODE,
    EXPERTS,
    NEEDS,
    ORDERS,
    PREFILL,
    REPORT,
    SERIAL,
    LayerTimes,
    steady_layer_s,
    step_s,
    timeline,
    with_shared_sms,
)
from moecalc.serving.step_time import decode_time, prefill_time

TIMES = st.builds(LayerTimes, *[st.floats(0.25, 8)] * 6)
V3, H800 = load_model("deepseek-v3"), load_accelerator("h800-sxm")
OVERLAPPED = [order for order in ORDERS if order != SERIAL]


@pytest.mark.parametrize("order", ORDERS)
@given(times=TIMES, layers=st.integers(1, 6))
@settings(max_examples=40)
def test_no_faster_than_the_busiest_stream_and_no_slower_than_one_after_the_other(order, times, layers):
    found = timeline(times, order, layers)
    busiest = max(found.busy_s(stream) for stream in {event.stream for event in found.events})
    assert busiest * (1 - 1e-12) <= found.makespan_s <= 2 * layers * sum(times) * (1 + 1e-12)
    assert found.makespan_s == step_s(times, order, layers) >= layers * (sum(times) - times.shared) * (1 - 1e-12)
    assert len(found.events) == 2 * layers * len(times)
    for half in (0, 1):
        ends = {(event.operation, event.layer): event.end_s for event in found.events if event.half == half}
        for event in found.events:
            if event.half == half:
                needed = [ends[one, event.layer] for one in NEEDS[event.operation]]
                if event.operation == "projections" and event.layer:
                    needed += [ends[one, event.layer - 1] for one in ("combine", "shared")]
                assert event.start_s >= max(needed, default=0.0)
    for stream in {event.stream for event in found.events} if order != SERIAL else {None}:
        own = sorted((event.start_s, event.end_s) for event in found.events if stream in (None, event.stream))
        assert all(start >= end - 1e-9 for (_, end), (start, _) in zip(own, own[1:], strict=False))


@given(times=TIMES)
@settings(max_examples=40)
def test_a_layer_is_compute_alone_where_every_gap_is_filled(times):
    """What one half computes is at least as long as what the other sends, gap by gap; in decode a dispatch waits for the
    combine before it on the link, so that both together must fit as well."""
    a, m, s = times.projections + times.attention, times.experts, times.shared
    filled = {
        PREFILL: times.dispatch <= min(a, m) and times.combine <= min(m, a + s),
        DECODE: times.dispatch <= times.shared + times.projections
        and times.combine <= times.attention + times.shared
        and times.communication <= times.compute - times.experts,
    }
    for order, holds in filled.items():
        layer = steady_layer_s(times, order)
        assert layer >= 2 * max(times.compute, times.communication) * (1 - 1e-9)
        if holds and times.communication <= times.compute:
            assert layer == pytest.approx(2 * times.compute), order


@pytest.mark.parametrize("order", OVERLAPPED)
@given(times=TIMES, layers=st.integers(1, 4))
@settings(max_examples=25)
def test_the_longest_path_by_relaxing_every_rule(order, times, layers):
    """Starts follow from pairs of events alone: every rule is applied until nothing moves."""
    events = timeline(times, order, layers).events
    ends = {(event.operation, event.half, event.layer): 0.0 for event in events}
    last, rules = {}, []
    for event in events:
        key = event.operation, event.half, event.layer
        if event.stream in last:
            rules.append((last[event.stream], key))
        last[event.stream] = key
        rules += [((one, event.half, event.layer), key) for one in NEEDS[event.operation]]
        if event.operation == "projections" and event.layer:
            rules += [((one, event.half, event.layer - 1), key) for one in ("combine", "shared")]
    for key in ends:
        ends[key] = getattr(times, key[0])
    moved = True
    while moved:
        moved = False
        for before, key in rules:
            if ends[before] + getattr(times, key[0]) > ends[key] + 1e-12:
                ends[key], moved = ends[before] + getattr(times, key[0]), True
    for event in events:
        assert math.isclose(event.end_s, ends[event.operation, event.half, event.layer], rel_tol=1e-9)


def test_the_stages_of_decode_are_those_of_sglang():
    """The second half is two stages behind: its attention fills the gap of the first half's combine."""
    found = timeline(LayerTimes(1, 1, 1, 1, 1, 1), DECODE, 2)
    assert [(event.operation, event.half) for event in found.events][:10] == [
        ("projections", 0), ("attention", 0), ("dispatch", 0), ("shared", 0), ("projections", 1),
        ("experts", 0), ("combine", 0), ("attention", 1), ("dispatch", 1), ("shared", 1),
    ]  # fmt: skip


def test_prefill_and_decode_hide_the_same_when_there_is_enough_to_compute():
    times = LayerTimes(2, 4, 1, 1, 3, 2)
    for order in (PREFILL, DECODE):
        assert steady_layer_s(times, order) == pytest.approx(2 * times.compute)
        long = timeline(times, order, 30)
        assert long.exposed_s < times.communication * 2 and long.busy_s(COMMUNICATION) == 60 * times.communication


def test_sms_that_communication_takes():
    times = LayerTimes(1, 2, 2, 1, 2, 2)
    slow = with_shared_sms(times, PREFILL, 0.2)
    assert slow.compute == pytest.approx(times.compute / 0.8) and slow.communication == times.communication
    assert with_shared_sms(times, DECODE, 0.2) == with_shared_sms(times, SERIAL, 0.2) == times
    split = with_shared_sms(times, REPORT, 0.25, enough=0.2)
    assert (split.attention, split.experts) == (pytest.approx(2 / 0.75), 2)
    assert timeline(times, REPORT, 2).busy_s(EXPERTS) == 4 * (times.experts + times.shared)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: timeline(LayerTimes(1, 1, 1, 1, 1, math.nan)), "time of combine"),
        (lambda: timeline(LayerTimes(-1, 1, 1, 1, 1, 1)), "time of projections"),
        (lambda: timeline(LayerTimes(0, 0, 0, 0, 0, 0)), "must be positive"),
        (lambda: timeline(LayerTimes(1, 1, 1, 1, 1, 1), "both"), "order must be one of prefill"),
        (lambda: timeline(LayerTimes(1, 1, 1, 1, 1, 1), layers=0), "layers"),
        (lambda: timeline(LayerTimes(1, 1, 1, 1, 1, 1), layers=10**9), "layers"),
        (lambda: with_shared_sms(LayerTimes(1, 1, 1, 1, 1, 1), PREFILL, 1), "share must leave SMs"),
        (lambda: with_shared_sms(LayerTimes(1, 1, 1, 1, 1, 1), REPORT, 0), "share must leave SMs"),
        (lambda: with_shared_sms(LayerTimes(1, 1, 1, 1, 1, 1), PREFILL, math.inf), "share"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


# --- with the times of kernels


UNITS = {"prefill": (ServingLayout(dp=32, ep=32, redundant_experts=32), 4), "decode": (ServingLayout(dp=128, ep=128), 128)}


@pytest.mark.parametrize("phase", UNITS)
def test_operations_of_a_layer_are_those_of_the_step(phase):
    """A second route: 58 layers with experts are the step without its first layers and its head."""
    unit, batch = UNITS[phase]
    one = layer_times(V3, H800, unit, phase, batch, 4096)
    step = {"prefill": prefill_time, "decode": decode_time}[phase](V3, H800, unit, batch, 4096).components
    for name in ("experts", "dispatch", "combine"):
        assert 58 * getattr(one, name) == pytest.approx(step[name])
    assert 58 * sum(one) < sum(step.values()) - step["head"] < 61 * sum(one)


def test_a_half_takes_more_than_half_and_less_than_all():
    for order, (unit, batch) in {"prefill": UNITS["prefill"], "decode": UNITS["decode"]}.items():
        all_of_it = layer_times(V3, H800, unit, order, batch, 4096)
        half = half_times(V3, H800, unit, order, batch, 4096, 1)
        assert all_of_it.compute / 2 < half.compute < all_of_it.compute


def test_few_sms_send_slowly_and_many_compute_slowly():
    unit, batch = UNITS["prefill"]
    few, usual, many = (half_times(V3, H800, unit, PREFILL, batch, 4096, sms) for sms in (4, 20, 60))
    assert few.combine > 2 * usual.combine and many.compute > 1.4 * usual.compute
    alone = layer_times(V3, H800, unit, PREFILL, batch, 4096)
    assert gain(usual, PREFILL, alone) > max(gain(few, PREFILL, alone), gain(many, PREFILL, alone))
    assert usual.communication == pytest.approx(sum(layer_times(V3, H800, unit, PREFILL, 2, 4096)[at] for at in (2, 5)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: half_times(V3, H800, UNITS["decode"][0], DECODE, 1, 4096), "batch of at least 2"),
        (lambda: half_times(V3, H800, UNITS["decode"][0], SERIAL, 8, 4096), "order must be one of"),
        (lambda: half_times(V3, H800, UNITS["prefill"][0], PREFILL, 8, 4096, 10**4), "num_sms"),
        (lambda: layer_times(load_model("llama-3.1-8b"), H800, ServingLayout(), "decode", 8, 4096), "no routed experts"),
        (lambda: layer_times(V3, H800, ServingLayout(), "both", 8, 4096), "phase"),
    ],
)
def test_bad_input_of_halves_is_named(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
