"""One forward beside one backward chunk on two streams, against a table made without this code."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moecalc import load_model
from moecalc.training.pipeline.chunk_pair import ChunkDurations, busy, critical_path, nodes, sequential, static_share
from moecalc.training.pipeline.overlap import best_order, dynamic_share, greedy, in_order
from moecalc.training.pipeline.published import figure_4_widths, layer_flops, trace_durations

TRUTH = json.loads((Path(__file__).parent / "truth" / "overlap.json").read_text(encoding="utf-8"))
CASES = TRUTH["cases"]
CLOSE = {"rel": 1e-9, "abs": 1e-9}


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']}-{case['layers']}" for case in CASES])
def test_case(case):
    durations, layers, results = ChunkDurations(**case["durations"]), case["layers"], case["results"]
    shares = case["sm_share"], case["saturating_share"]
    assert sequential(durations, layers) == pytest.approx(results["sequential_full_gpu"], **CLOSE)
    shared = static_share(durations, *shares)
    for one, expected in ((durations, results["no_sm_share"]), (shared, results["static_share"])):
        drawn, works = in_order(one, layers), busy(one, layers)
        found = {
            "compute_busy": works["compute"],
            "comm_busy": works["communication"],
            "critical_path": critical_path(one, layers),
            "in_order": drawn.makespan,
            "greedy": greedy(one, layers).makespan,
            "exposed_comm": drawn.makespan - works["compute"],
        }
        if layers <= 2:
            found["optimum"] = best_order(one, layers).makespan
        assert found == pytest.approx({key: expected[key] for key in found}, **CLOSE)
        assert set(expected) - set(found) <= {"in_order_times"}
        for name, (start, end) in expected.get("in_order_times", {}).items():
            assert drawn.times[name] == pytest.approx((start, end), **CLOSE)
    assert dynamic_share(durations, layers, *shares).makespan == pytest.approx(results["dynamic_share"]["in_order"], **CLOSE)


def figure_4():
    """Widths that the report draws; its pipeline sends are one block. It names the backward of combine COMBINE(B)."""
    drawn = dict(TRUTH["figure_4"]["compute"]) | dict(TRUTH["figure_4"]["communication"])
    forward = ("ATTN(F)", "DISPATCH(F)", "MLP(F)", "COMBINE(F)")
    backward = ("COMBINE(B)", "MLP(B)", "MLP(W)", "DISPATCH(B)", "ATTN(B)", "ATTN(W)")
    return ChunkDurations(*(drawn[name] for name in forward + backward), drawn["PP"] / 2, drawn["PP"] / 2)


def test_what_figure_4_draws_is_hidden():
    """A layer more takes as long as its computation; only where a chunk begins does computation wait, for COMBINE(B)."""
    durations = figure_4()
    for layers in (1, 2, 3):
        more = in_order(durations, layers + 1).makespan - in_order(durations, layers).makespan
        assert more == pytest.approx(busy(durations, 1)["compute"])
        begin = durations.combine_backward - durations.attention_forward
        assert in_order(durations, layers).makespan - busy(durations, layers)["compute"] == pytest.approx(begin)


LENGTHS = st.floats(0.25, 8)


@given(st.integers(1, 3), st.lists(LENGTHS, min_size=10, max_size=10), st.floats(0, 2), st.floats(0, 2))
@settings(max_examples=60)
def test_what_holds_for_any_durations(layers, lengths, pp_forward, pp_backward):
    durations = ChunkDurations(*lengths, pp_forward, pp_backward)
    drawn = in_order(durations, layers)
    assert in_order(durations, layers, barriers=True) == drawn, "the barriers cost nothing"
    least = max(critical_path(durations, layers), *busy(durations, layers).values())
    most = sequential(durations, layers) * (1 + 1e-12)
    schedules = [drawn, greedy(durations, layers), *([best_order(durations, layers)] if layers <= 2 else [])]
    for one in schedules:
        assert least * (1 - 1e-12) <= one.makespan <= most
        keeps_the_rules(one, durations, layers)
    if layers <= 2:
        assert schedules[-1].makespan == min(one.makespan for one in schedules)
    dynamic = dynamic_share(durations, layers, 0.25, 0.2).makespan
    assert (
        drawn.makespan * (1 - 1e-9) <= dynamic <= in_order(static_share(durations, 0.25, 0.2), layers).makespan * (1 + 1e-9)
    )


def keeps_the_rules(overlap, durations, layers):
    """Needs end before, no stream does two things at a time, each operation lasts as long as it takes."""
    plan = nodes(layers)
    for number, node in enumerate(plan):
        start, end = overlap.times[node.name]
        assert all(overlap.times[plan[need].name][1] <= start for need in node.needs)
        for other in plan[:number]:
            if other.stream == node.stream:
                begun, ended = overlap.times[other.name]
                assert ended <= start or end <= begun
    total = sum(end - start for start, end in overlap.times.values())
    assert total == pytest.approx(sequential(durations, layers))


@given(st.lists(st.integers(1, 6), min_size=10, max_size=10))
@settings(max_examples=15, deadline=None)
def test_the_shortest_of_one_layer_is_the_shortest_of_all_orders(lengths):
    """Every order of both streams, run to its end."""
    durations = ChunkDurations(*lengths)
    plan, taken = nodes(1), durations._asdict()
    from moecalc.training.pipeline.chunk_pair import DURATION

    def least(free, ends):
        if len(ends) == len(plan):
            return max(ends.values())
        found = []
        for number, node in enumerate(plan):
            if number not in ends and all(need in ends for need in node.needs):
                start = max([free[node.stream], *(ends[need] for need in node.needs)])
                end = start + taken[DURATION[node.kind]]
                found.append(least({**free, node.stream: end}, {**ends, number: end}))
        return min(found)

    # pipeline sends of length 0 may stand anywhere: they are left out of the orders
    plan = [node for node in plan if node.kind not in ("PF", "PB")]
    assert best_order(durations, 1).makespan == least({"compute": 0, "communication": 0}, {})


def test_bad_input():
    good = ChunkDurations(*[1] * 10)
    for call, words in {
        lambda: in_order(good._replace(mlp_forward=0), 1): "mlp_forward must be above 0",
        lambda: in_order(good._replace(pp_forward=-1), 1): "pp_forward must be from 0",
        lambda: in_order(good, 0): "layers must be a whole number from 1",
        lambda: best_order(good, 3): "at most 2 layers; found 3",
        lambda: static_share(good, 1, 0.1): "sm_share must be above 0",
        lambda: dynamic_share(good, 1, 0.1, 0): "saturating_share must be above 0",
    }.items():
        with pytest.raises(ValueError, match=words):
            call()


def test_durations_that_are_published():
    """The drawn widths are those of the truth, the trace's sums are all used, and FLOPs split as its matrices do."""
    v3 = load_model("deepseek-v3")
    assert figure_4_widths() == figure_4()
    trace, flops = trace_durations(v3), layer_flops(v3, 4096)
    works = busy(trace, 4)
    assert works["compute"] == pytest.approx(129_548) and works["communication"] == pytest.approx(13_621 + 17_383 + 49_448)
    assert trace.mlp_forward / trace.attention_forward == pytest.approx(flops.mlp_forward / flops.attention_forward)
    forward, backward_input, weight = flops.chunk
    assert weight < forward < backward_input, "attention's products have no weights, and twice the work backward"
    one_layer = 2 * (187_105_280 + 256 * 7168 + 9 * 3 * 7168 * 2048)  # matrices of attention, router, nine experts
    assert weight == one_layer
    assert in_order(trace, 4).makespan == pytest.approx(works["compute"]), "all of its communication is hidden"
