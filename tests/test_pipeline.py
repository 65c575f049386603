"""Schedules of a pipeline: orders, times, bubbles, live chunks, against tables made without this code."""

import json
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moecalc.training.layout import SCHEDULES as LAYOUTS
from moecalc.training.layout import stages_of_rank
from moecalc.training.pipeline.bubbles import bubble_formula, longest_bubble
from moecalc.training.pipeline.compare import equal_devices, equal_memory
from moecalc.training.pipeline.live import live_combinations, peak_activation_bytes, peak_chunks
from moecalc.training.pipeline.orders import SCHEDULES, Pipeline, check_pipeline, orders
from moecalc.training.pipeline.simulate import PAIRED, Durations, simulate

TRUTH = Path(__file__).parent / "truth"


def read(name):
    return json.loads((TRUTH / f"{name}.json").read_text(encoding="utf-8"))


ORDERS = [
    (Pipeline(case["schedule"].removesuffix("_1f1b"), case["ranks"], case["micro_batches"], case.get("virtual", 1)), case)
    for case in [*read("dualpipe_order")["cases"], *read("dualpipe_order")["interleaved"]]
]
TABLE = read("pipeline")["cases"]
PEAKS = read("memory_static")["activation_peaks"]


def named(value):
    return "-".join(map(str, value)) if isinstance(value, Pipeline) else ""


def command(pipeline, durations, *options):
    schedule, ranks, micro_batches, virtual = pipeline
    line = f"pipeline --schedule {schedule} --ranks {ranks} --micro-batches {micro_batches} --virtual {virtual} --json"
    given = [f"--{name} {value!r}" for name, value in durations._asdict().items() if value is not None]
    return " ".join([line, *given, *options])


# --- the tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pipeline", "case"), ORDERS, ids=named)
def test_orders_and_live_chunks(pipeline, case, moecalc):
    listed = [" ".join(map(str, order)) for order in orders(pipeline)]
    assert listed[: len(case["orders"])] == case["orders"]
    if len(case["orders"]) < len(listed):  # the other half is the mirror image
        flip = str.maketrans("01", "10")
        for order, mirrored in zip(listed, reversed(listed), strict=True):
            for one, other in zip(order.split(), mirrored.split(), strict=True):
                parts, others = one[1:].split("/"), other[1:].split("/")
                assert one[0] == other[0]
                assert [part[0].translate(flip) + part[1:] for part in parts] == others
    assert list(peak_chunks(pipeline)) == case["peak_live_chunks"]
    shown = moecalc(command(pipeline, Durations(1, 2, 1, 3), "--orders")).json
    assert (shown["orders"], shown["peak_activations"]) == (listed, case["peak_live_chunks"])


@pytest.mark.parametrize(("pipeline", "case"), ORDERS, ids=named)
def test_times(pipeline, case, moecalc):
    for timed in case["simulated"]:
        durations = Durations(timed["F"], timed["B"], timed.get("W"), timed.get("FB"))
        found = simulate(pipeline, durations)
        assert found.makespan == pytest.approx(timed["makespan"], rel=1e-9)
        assert found.bubble == pytest.approx(timed["bubble"], rel=1e-9, abs=1e-9)
        formula = bubble_formula(pipeline, durations)
        assert formula.bubble == pytest.approx(timed["formula_bubble"], rel=1e-9, abs=1e-9)
        assert formula.exact == (max(found.bubble) == pytest.approx(formula.bubble, rel=1e-9, abs=1e-9))
        shown = moecalc(command(pipeline, durations)).json
        assert shown["makespan"] == found.makespan and shown["bubble"] == list(found.bubble)
        assert (shown["bubble_formula"], shown["formula_exact"]) == (formula.bubble, formula.exact)


@pytest.mark.parametrize("case", TABLE, ids=[f"{case['ranks']}x{case['micro_batches']}" for case in TABLE])
@pytest.mark.parametrize("schedule", ["1f1b", "zb1p", "dualpipe"])
def test_the_table_of_the_report(case, schedule, moecalc):
    pipeline = Pipeline(schedule, case["ranks"], case["micro_batches"])
    durations = Durations(case["F"], case["B"], case["W"], case["F&B"])
    shown = moecalc(command(pipeline, durations)).json
    expected = case["bubble_dualpipe_per_rank"] if schedule == "dualpipe" else [case[f"bubble_{schedule}"]] * case["ranks"]
    assert shown["bubble"] == pytest.approx(expected, rel=1e-9)
    assert shown["makespan"] == pytest.approx(case[f"makespan_{schedule}"], rel=1e-9)
    assert shown["bubble_formula"] == pytest.approx(case["formula"][schedule], rel=1e-9)
    assert shown["formula_exact"] == (max(expected) == pytest.approx(case["formula"][schedule], rel=1e-9))


def test_what_the_formula_of_dualpipe_misses():
    pipeline, durations = Pipeline("dualpipe", 8, 18), Durations(1.5, 1.5, 1, 3)
    assert set(simulate(pipeline, durations).bubble) == {9.0}
    assert bubble_formula(pipeline, durations)[1:3] == (4.5, False)
    assert longest_bubble(pipeline, durations) == 9


@pytest.mark.parametrize("case", PEAKS, ids=[f"{case['split']}-{case['recompute']}" for case in PEAKS])
@pytest.mark.parametrize("micro_batches", [32, 120])
def test_peaks_weighted_by_the_bytes_of_a_stage(case, micro_batches):
    widths = 3 * [case["dense_layer_bytes_per_token"]] + 58 * [case["moe_layer_bytes_per_token"]]
    stages, first = [], 0
    for layers in case["layers_per_stage"]:
        stages.append(case["tokens_per_micro_batch"] * sum(widths[first : first + layers]))
        first += layers
    for schedule, key in {"dualpipe": "dualpipe_peak", "1f1b": "one_f_one_b_peak"}.items():
        assert list(peak_activation_bytes(Pipeline(schedule, 16, micro_batches), stages)) == case[key]


# --- what holds for all ----------------------------------------------------------------------------------------------

#: sixteenths add up without rounding
TIMES = st.integers(2, 48).map(lambda n: n / 16)


@st.composite
def pipelines(draw, schedules=SCHEDULES):
    schedule = draw(st.sampled_from(schedules))
    ranks = draw(st.integers(1, 4)) * (2 if schedule == "dualpipe" else 1)
    more, virtual = draw(st.integers(0, 6)), 1
    if schedule == "interleaved":
        micro_batches, virtual = ranks * (1 + more), draw(st.integers(1, 3))
    elif schedule == "dualpipe":
        micro_batches = 2 * ranks + 2 * more
    else:
        micro_batches = 2 * ranks + more if schedule == "dualpipev" else 1 + draw(st.integers(0, 3)) * ranks + more
    return Pipeline(schedule, ranks, micro_batches, virtual)


@st.composite
def times(draw):
    forward, weight, part = draw(TIMES), draw(TIMES), draw(TIMES)
    forward = draw(st.sampled_from([forward, part]))
    backward = part + weight
    return Durations(
        forward, backward, weight, draw(st.sampled_from([draw(TIMES), max(forward, backward), forward + backward]))
    )


@given(pipelines(), times())
@settings(max_examples=60)
def test_every_chunk_passes_once_through_every_stage_in_order(pipeline, durations):
    found = simulate(pipeline, durations, communication=0.25)
    ends, parts = {}, {}
    for rank, tasks in enumerate(found.tasks):
        stages, now = pipeline.stages_of_rank(rank), 0
        for task in tasks:
            assert task.start >= now
            now = task.end
            runs = [(task.kind, task.direction, task.chunk)]
            if task.kind == "X":
                runs = [("F", task.direction, task.chunk), ("B", task.backward_direction, task.backward_chunk)]
            for kind, direction, chunk in runs:
                path = direction if pipeline.schedule == "dualpipe" else 0
                key = path, stages[direction], chunk
                if kind != "B":
                    assert (kind, key) not in parts
                    parts[kind, key] = task
                if kind in "BI":
                    assert ("backward", key) not in ends
                    ends["backward", key] = task, rank
                if kind == "F":
                    ends["forward", key] = task, rank
    paths = 2 if pipeline.schedule == "dualpipe" else 1
    keys = {(p, s, c) for p in range(paths) for s in range(pipeline.num_stages) for c in range(pipeline.chunks)}
    assert set(ends) == {(way, key) for way in ("forward", "backward") for key in keys}
    for (way, (path, stage, chunk)), (task, rank) in ends.items():
        near = stage - 1 if way == "forward" else stage + 1
        if (way, (path, near, chunk)) in ends:
            before, other = ends[way, (path, near, chunk)]
            assert task.start >= before.end + (0.25 if other != rank else 0)
        if way == "backward":
            assert task.start >= ends["forward", (path, stage, chunk)][0].end
    assert all(parts["I", key].end <= task.start for (kind, key), task in parts.items() if kind == "W")


@given(pipelines(), times())
@settings(max_examples=60)
def test_the_formula_is_exact_where_it_says_so_and_the_bubble_scales(pipeline, durations):
    found, formula = simulate(pipeline, durations), bubble_formula(pipeline, durations)
    if formula.exact:
        assert max(found.bubble) == formula.bubble
        assert pipeline.schedule in PAIRED or set(found.bubble) == {formula.bubble}
    longest = longest_bubble(pipeline, durations)
    in_range = max(durations[:2]) <= durations.overlapped <= sum(durations[:2])
    assert longest == (max(found.bubble) if pipeline.schedule in PAIRED and in_range else None)
    doubled = simulate(pipeline, Durations(*(2 * time for time in durations)))
    assert doubled.bubble == tuple(2 * bubble for bubble in found.bubble)
    per_rank = simulate(pipeline, Durations(*([time] * pipeline.ranks for time in durations)))
    assert per_rank == found
    assert bubble_formula(pipeline, durations, communication=1).exact <= (pipeline.ranks == 1 or pipeline.num_stages == 2)
    assert simulate(pipeline, durations, communication=1).makespan >= found.makespan


@given(pipelines(("zb1p", "dualpipe", "dualpipev")), TIMES, TIMES, TIMES, TIMES)
@settings(max_examples=80)
def test_outside_its_range_a_formula_is_not_met_but_by_chance(pipeline, forward, part, weight, more):
    """Durations with a prime denominator each, so that chance is small."""
    forward, part, weight, more = forward / 7, part / 11, weight / 13, more / 17
    durations = Durations(forward, part + weight, weight, max(forward, part + weight) + more)
    assume(not bubble_formula(pipeline, durations).exact)
    gap = max(simulate(pipeline, durations).bubble) - bubble_formula(pipeline, durations).bubble
    assert abs(gap) > 1e-9


@given(pipelines())
@settings(max_examples=60)
def test_live_chunks_need_few_micro_batches(pipeline):
    """What is known from the first micro-batches is what all of them give."""
    for order, combinations in zip(orders(pipeline), live_combinations(pipeline), strict=True):
        live, seen = [0] * pipeline.directions, set()
        for one in order:
            if one.kind in "FX":
                live[one.direction] += 1
            seen.add(tuple(live))
            if one.kind in "BWX":
                live[one.backward_direction if one.kind == "X" else one.direction] -= 1
        assert live == [0] * pipeline.directions
        assert set(combinations) <= seen
        assert all(any(all(a <= b for a, b in zip(one, top, strict=True)) for top in combinations) for one in seen)


def test_peaks_of_the_report():
    """PP, PP and PP + 1 micro-batches on the fullest rank; on the others 1F1B keeps fewer, the rest as many."""
    assert peak_chunks(Pipeline("1f1b", 8, 20)) == (8, 7, 6, 5, 4, 3, 2, 1)
    assert peak_chunks(Pipeline("zb1p", 8, 20)) == (8,) * 8
    assert peak_chunks(Pipeline("dualpipe", 8, 20)) == (9,) * 8
    assert peak_chunks(Pipeline("interleaved", 8, 16, 1))[0] == 15


@given(pipelines(("1f1b", "interleaved")), TIMES, TIMES)
@settings(max_examples=40)
def test_the_bubble_of_interleaved_1f1b(pipeline, forward, backward):
    wanted = (pipeline.ranks - 1) * (forward + backward)
    assert set(simulate(pipeline, Durations(forward, backward)).bubble) == {wanted}


def test_a_slow_rank_holds_up_all():
    slow = simulate(Pipeline("1f1b", 4, 8), Durations((1, 1, 2, 1), (2, 2, 4, 2)))
    assert slow.bubble.index(min(slow.bubble)) == 2
    assert bubble_formula(Pipeline("1f1b", 4, 8), Durations((1, 1, 2, 1), 2))[1:3] == (None, False)


def test_side_by_side():
    """The same work everywhere; two DualPipeV are one DualPipe, and ZB1P waits as long where F = B - W = W."""
    alike, shorter = Durations(1, 2, 1, 3), Durations(1, 2, 1, 2.5)
    for durations in (alike, shorter):
        wide, dense = equal_devices(8, 24, durations), equal_memory(8, 24, durations)
        assert [one.parameters for one in wide] == [1, 1, 1, 2, 1] and {one.parameters for one in dense} == {2}
        for one in (*wide, *dense):
            if one.schedule not in PAIRED:
                assert one.busy == 24 * 3
        found = {one.schedule: one for one in dense}
        assert (found["dualpipe"].bubble, found["dualpipe"].makespan) == (
            found["dualpipev"].bubble,
            found["dualpipev"].makespan,
        )
        assert found["dualpipe"].activations == found["dualpipev"].activations == found["zb1p"].activations + 1
    assert {one.schedule: one.bubble for one in equal_memory(8, 24, alike)} == {
        "1f1b": 18, "interleaved": 9, "zb1p": 6, "dualpipe": 6, "dualpipev": 6,
    }  # fmt: skip
    with pytest.raises(ValueError, match="must be even, to be halved; found 7 and 20"):
        equal_memory(7, 20, alike)


def test_dualpipev_is_half_of_a_dualpipe():
    whole, half = orders(Pipeline("dualpipe", 8, 24)), orders(Pipeline("dualpipev", 4, 12))
    assert half == whole[:4]


@pytest.mark.parametrize("schedule", LAYOUTS)
def test_ranks_hold_the_stages_that_a_layout_gives_them(schedule):
    pipeline = Pipeline(schedule, 4, 8)
    assert [pipeline.stages_of_rank(r) for r in range(4)] == [stages_of_rank(r, 4, schedule) for r in range(4)]


# --- the command, and bad input --------------------------------------------------------------------------------------

GOOD = "pipeline --schedule dualpipe --ranks 4 --micro-batches 8 --forward 1 --backward 2 --weight 1 --overlapped 3"


def test_tasks(moecalc):
    tasks = moecalc(GOOD, "--tasks", "--json").json["tasks"]
    assert [len(rank) for rank in tasks] == [16, 15, 15, 16]
    assert tasks[0][0] == {"kind": "F", "direction": 0, "chunk": 0, "start": 0, "end": 1}
    pair = next(task for task in tasks[0] if task["kind"] == "X")
    assert (pair["direction"], pair["chunk"], pair["backward_direction"], pair["backward_chunk"]) == (0, 3, 1, 1)
    text = moecalc(GOOD, "--tasks", "--orders").out
    assert "rank 3: F1.0 F1.1" in text and "live chunks at most" in text


def test_durations_of_each_rank(moecalc):
    line = "pipeline --schedule 1f1b --ranks 2 --micro-batches 3 --backward 2 --json"
    assert moecalc(line, "--forward", 1, 1).json["bubble"] == moecalc(line, "--forward", 1).json["bubble"] == [3, 3]
    shown = moecalc(line, "--forward", 1, 2).json
    assert shown["bubble_formula"] is None and shown["formula_exact"] is False
    assert "needs ranks that are alike" in moecalc(line.removesuffix("--json"), "--forward", 1, 2).out


BAD = {
    "--ranks 5 --micro-batches 10": ("ranks must be even for dualpipe", "found 5"),
    "--micro-batches 6": ("micro_batches must be at least 2 x ranks = 8", "found 6"),
    "--micro-batches 9": ("micro_batches must be even for dualpipe", "found 9"),
    "--schedule dualpipev --micro-batches 7": ("at least 2 x ranks = 8 for dualpipev", "found 7"),
    "--schedule interleaved --micro-batches 6": ("a multiple of the 4 ranks", "found 6"),
    "--schedule gpipe": ("schedule must be one of 1f1b, interleaved, zb1p, dualpipe, dualpipev", "'gpipe'"),
    "--virtual 2": ("virtual must be 1 for dualpipe", "found 2"),
    "--virtual 0": ("virtual", "found 0"),
    "--ranks 0": ("ranks must be a whole number from 1", "found 0"),
    "--micro-batches 0": ("micro_batches must be a whole number", "found 0"),
    "--micro-batches 1.5": ("a whole number is accepted", "'1.5'"),
    "--forward 0": ("forward must be above 0", "found 0"),
    "--backward -2": ("backward must be above 0", "found -2"),
    "--weight 0": ("weight must be above 0", "found 0"),
    "--overlapped -1": ("overlapped must be above 0", "found -1"),
    "--weight 3": ("weight must be at most backward", "2", "found 3"),
    "--communication -1": ("communication must be from 0", "found -1"),
    "--forward 1 1 1": ("forward must be one duration, or one for each of the 4 ranks", "found 3"),
    "--forward fast": ("a number is accepted", "'fast'"),
    "--micro-batches 1000000": ("at most 1,000,000 chunks", "4 ranks x 1000000 micro-batches"),
}


@pytest.mark.parametrize(("change", "words"), BAD.items(), ids=BAD)
def test_bad_input(change, words, moecalc):
    for answer in (moecalc(f"{GOOD} {change}"), moecalc(f"{GOOD} {change} --json")):
        assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
        assert all(word in answer.err for word in words), answer.err


def test_a_duration_that_a_schedule_needs(moecalc):
    line = "pipeline --ranks 4 --micro-batches 8 --forward 1 --backward 2"
    for schedule, missing in {"zb1p": "weight", "dualpipe": "weight", "dualpipev --weight 1": "overlapped"}.items():
        answer = moecalc(f"{line} --schedule {schedule}")
        assert answer.code == 2 and f"needs the duration {missing}" in answer.err
    assert moecalc(f"{line} --schedule 1f1b").code == 0


def test_bad_calls():
    with pytest.raises(ValueError, match="one number for each of the 4 stages"):
        peak_activation_bytes(Pipeline("1f1b", 4, 8), [1])
    with pytest.raises(ValueError, match="micro_batches must be even"):
        peak_chunks(Pipeline("dualpipe", 4, 4001))
    assert peak_chunks(Pipeline("dualpipe", 4, 10**6)) == (5, 5, 5, 5)
    with pytest.raises(ValueError, match="weight .*nan"):
        simulate(Pipeline("zb1p", 2, 4), Durations(1, 2, float("nan")))
    assert check_pipeline(Pipeline("1f1b", 1, 1))
