"""Two micro-batches as a timeline, against the longest path through what must follow what."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc import InputError
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

TIMES = st.builds(LayerTimes, *[st.floats(0.25, 8)] * 6)
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
