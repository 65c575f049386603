"""Serving times in the ledger: which are held out, how rows are read, errors that were aimed at, intervals."""

import math

import pytest

from moecalc import InputError
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator
from moecalc.model.config import load_model
from moecalc.serving.continuous import continuous
from moecalc.serving.engines import ENGINES, Engine, engine
from moecalc.serving.layout import ServingLayout
from moecalc.serving.step_time import Running
from moecalc.validation.cases import cases
from moecalc.validation.file_rows import rows_as_cases
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.serving_cases import DEPLOYMENT, INPUT, OUTPUT, TABLE, published_row
from moecalc.validation.serving_classes import reached_serving
from moecalc.validation.serving_runs import TPOT, TTFT, serving_run
from moecalc.validation.serving_split import is_kept, serving_shape, split_deployments, use_of_shape

V3, B200 = load_model("deepseek-v3"), load_accelerator("b200-sxm")
ROWS = tables.rows(TABLE)
TIMES = [row for row in ROWS if row["quantity"] not in (INPUT, OUTPUT)]
#: Slug -> how the published file writes it.
NAMES = {"b200-sxm": "B200", "h100-sxm": "H100", "h200-sxm": "H200", "gb200-nvl72": "GB200"}
ROW = {
    "id": "one",
    "model": "Kimi-K2.5",
    "accelerator": "B200",
    "engine": "vllm",
    "precision": "int4",
    "mode": "agg",
    "isl": "1024",
    "osl": "1024",
    "concurrency": "8",
    "tp": "8",
    "moe_tp": "8",
    "moe_ep": "1",
    "ttft_ms": "142.9",
    "tpot_ms": "11.93",
    "source": "mine",
}


def test_the_rule_says_which_rows_are_held_out():
    for row in TIMES:
        given = published_row(row) | {"accelerator": NAMES[row["accelerator"]]}
        assert row["use"] == use_of_shape(serving_shape(given, row["model"])), row["subject"]
        assert is_kept(row["subject"])
    systems = {}
    for row in ROWS:
        if row["quantity"] in (INPUT, OUTPUT):
            systems.setdefault(row["subject"].rpartition("-")[0], set()).add(row["use"])
    held = [row["use"] for row in TIMES].count(HELD_OUT)
    assert 0.4 * len(TIMES) < held < 0.7 * len(TIMES)


def test_the_rule_knows_no_measured_value():
    row = published_row(TIMES[0])
    changed = row | {"tpot_ms": "1", "ttft_ms": "1", "isl": "7", "osl": "9", "concurrency": "3"}
    assert serving_shape(row, "deepseek-v3") == serving_shape(changed, "deepseek-r1")
    names = ["a prefill", "b prefill", "c decode"]
    assert split_deployments(names) == split_deployments(reversed(names))


def test_parameters_are_few_and_say_on_which_rows():
    for name in ("vllm", "sglang", "trtllm"):
        facts = tables.by_subject("serving_parameters")[name]
        fields = {field.removesuffix("_s") for field in Engine._fields}
        fitted = [quantity for quantity in facts if quantity in fields]
        assert 0 < len(fitted) <= facts["fitted_rows"].value / 10
        assert facts["held_out_rows"].value > 100
    assert engine("none") == Engine("none")


def test_what_the_whole_file_showed():
    """Errors of all rows of the published file that are held out, as the fit printed them: the goals that are met."""
    known = tables.by_subject("serving_parameters")
    for name in ("vllm", "sglang", "trtllm"):
        assert known[name]["held_out_nine_in_ten_error"].value <= 40
    for name in ("vllm", "trtllm"):
        assert known[name]["held_out_median_error"].value <= 15
    assert known["vllm"]["held_out_first_token_median_error"].value <= 25


def test_the_ledger_shows_each_case():
    found = cases("serving")
    assert len(found) == len(ROWS)
    for case in found:
        assert (case.predicted is None) == bool(case.why_not)
        assert case.predicted is None or case.low < case.predicted < case.high
    assert {case.group for case in found} == {DEPLOYMENT, "vllm", "sglang", "trtllm"}
    token = [case for case in found if case.metric == TPOT and case.use == HELD_OUT and case.error is not None]
    sizes = sorted(abs(case.error) for case in token)
    assert sizes[len(sizes) // 2] < 0.15 and sizes[9 * len(sizes) // 10] < 0.40
    assert sum(case.inside for case in token) >= 0.8 * len(token)


def test_classes():
    found = reached_serving()
    assert sum(one.held_out.count + one.fitted.count for one in found) == sum(
        case.error is not None for case in cases("serving")
    )
    for one in found:
        assert one.is_met == all(getattr(one.held_out, name) <= most for name, most in one.goals.items())
    assert cases("serving", FITTED)


@pytest.mark.parametrize(
    "given, layout, concurrency",
    [
        ({"tp": "8", "moe_tp": "1", "moe_ep": "8"}, (8, 1, 8), 8),
        ({"tp": "1", "attn_dp": "8", "moe_tp": "1", "moe_ep": "8"}, (1, 8, 8), 8),
        ({"tp": "2", "moe_tp": "4", "moe_ep": "1"}, (2, 2, 1), 8),
        ({"tp": "4", "attn_dp": "4", "moe_tp": "1", "moe_ep": "16"}, (1, 4, 4), 8),  # multiplied out
        ({"tp": "1", "attn_dp": "64", "moe_tp": "8", "moe_ep": "8"}, (1, 8, 8), 8),
        ({"tp": "8", "batch_per_dp_rank": "1"}, (1, 8, 1), 8),  # a rank has a part of the requests
        ({"concurrency": "", "batch_per_dp_rank": "4"}, (8, 1, 1), 4),
    ],
)
def test_layouts_of_rows(given, layout, concurrency):
    run = serving_run({**ROW, **given})
    assert (run.layout.tp, run.layout.dp, run.layout.ep, run.concurrency) == (*layout, concurrency)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"model": "GPT-9"}, "GPT-9"),
        ({"engine": ""}, "engine"),
        ({"engine": "lmdeploy"}, "lmdeploy"),
        ({"precision": ""}, "precision"),
        ({"isl": ""}, "isl and osl"),
        ({"concurrency": ""}, "concurrency"),
        ({"tp": "64"}, "wider than a node"),
        ({"tp": "3", "moe_tp": "3"}, "heads"),
        ({"moe_ep": "7", "moe_tp": "1"}, "layout"),
        ({"mode": "disagg"}, "workers that decode"),
        ({"accelerator": "X1"}, "X1"),
        ({"isl": "nan"}, "isl and osl"),
    ],
)
def test_a_row_that_says_too_little_says_what(change, words):
    with pytest.raises(InputError, match=words):
        serving_run({**ROW, **change})
    found = rows_as_cases("serving", [{**ROW, **change}])
    assert [case.metric for case in found] == [TPOT, TTFT]
    assert all(case.predicted is None and words in case.why_not for case in found)


def test_rows_of_a_file():
    apart = {"d_tp": "8", "d_dp": "1", "d_batch": "8", "p_tp": "8", "p_batch": "1"}
    found = rows_as_cases("serving", [ROW, {**ROW, "ttft_ms": ""}, {**ROW, "mode": "disagg", **apart}])
    assert [case.metric for case in found] == [TPOT, TTFT, TPOT, TPOT, TTFT]
    assert all(case.predicted and case.low < case.predicted < case.high for case in found)
    assert found[3].predicted <= found[0].predicted  # no prompt is read beside


def test_a_load_meets_prompts():
    layout, none = ServingLayout(tp=8), Running(engine("none"))
    alone = continuous(V3, B200, layout, 1, 4096, 512, none)
    many = continuous(V3, B200, layout, 64, 4096, 512, none)
    longer = continuous(V3, B200, layout, 64, 4096, 4096, none)
    assert alone.prefills_s == 0 and alone.tpot_s == pytest.approx(alone.step_s)
    assert many.prefills_s > 4 * longer.prefills_s
    assert many.tpot_s == pytest.approx(many.step_s + many.prefills_s)
    assert continuous(V3, B200, layout, 64, 4096, 512, none, room=8).running == 8
    assert all(math.isfinite(value) for value in many)
    assert {"vllm", "sglang", "trtllm", "large-ep", "none"} == set(ENGINES)
