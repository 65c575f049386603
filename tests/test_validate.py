"""The ledger: what was measured beside what is predicted, which cases are held out, and rows of other files."""

import csv
import json
import re

import pytest

from moecalc.base.errors import InputError
from moecalc.cli import main
from moecalc.facts import tables
from moecalc.model.config import load_model
from moecalc.training.timing.settings import Running
from moecalc.validation.cases import KINDS, cases, summary
from moecalc.validation.file_rows import FORMS, rows_as_cases
from moecalc.validation.hold_out import FITTED, HELD_OUT, split
from moecalc.validation.memory import TABLE as MEMORY
from moecalc.validation.memory import memory_cases, memory_spread
from moecalc.validation.run_models import run_config
from moecalc.validation.run_settings import run_accelerator, run_policy, run_recipe, run_running, run_stages
from moecalc.validation.run_software import run_software
from moecalc.validation.run_words import RunLayout, run_layout, run_shape
from moecalc.validation.training_cases import TABLE, case_run
from moecalc.validation.training_runs import SECONDS, TOKENS, predicted_step, settings_of

ROWS = tables.rows(TABLE)
RUN = {
    "run": "one",
    "model": "Llama 3.1 8B",
    "kind": "throughput",
    "accelerator": "H100-80GB",
    "n_accel": "16",
    "seq_len": "8192",
    "global_batch_seqs": "64",
    "precision": "BF16",
    "parallelism": "TP2 PP2",
    "tokens_per_s_per_accel": "5000",
    "step_time_s": "",
    "micro_batch_seqs": "1",
    "notes": "",
    "source": "mine",
}
MEMORY_ROW = {
    "id": "one",
    "model": "Llama3-70B (12 layers)",
    "kind": "training",
    "accelerator": "B200",
    "n_accel": "8",
    "tp": "2",
    "pp": "1",
    "ep": "1",
    "cp": "1",
    "dp": "4",
    "precision": "BF16",
    "kv_dtype": "",
    "engine": "Megatron-LM",
    "metric": "peak_allocated_max_rank",
    "value": "60.68",
    "unit": "GiB/GPU",
    "config": "seq 4096, micro-batch 1, ZeRO-1, no recompute",
    "source": "mine",
}
SERVING_ROW = {
    "id": "one",
    "model": "Kimi-K2.5",
    "accelerator": "B200",
    "ttft_ms": "74.1",
    "tpot_ms": "7.06",
    "source": "mine",
}
EXAMPLES = {"training": RUN, "memory": MEMORY_ROW, "serving": SERVING_ROW}


def told(moecalc_args, capsys):
    assert main([*moecalc_args, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def written(folder, rows):
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


# --- which cases are held out ----------------------------------------------------------------------------------------


def full(row):
    return {**row, **case_run(row)}


def test_the_table_keeps_the_rule():
    uses = split(full(row) for row in ROWS)
    assert {row["subject"]: row["use"] for row in ROWS} == uses


def test_half_of_each_class_is_held_out():
    counts = {}
    for row in ROWS:
        counts.setdefault((row["accelerator"], row["kind"]), []).append(row["use"] == HELD_OUT)
    for held in counts.values():
        assert sum(held) >= len(held) / 2
    assert all(counts["h800-sxm", "moe"]) and not all(counts["h100-sxm", "dense"])


def test_versions_of_a_run_stay_on_one_side():
    sides = {}
    for row in ROWS:
        sides.setdefault(run_shape(full(row)), set()).add(row["use"])
    assert all(len(side) == 1 for side in sides.values())
    assert len(sides) < len(ROWS)


def test_the_rule_knows_no_measured_value():
    changed = [{**full(row), "value": "1", "date": "1900", "global_batch": "1"} for row in ROWS]
    assert split(changed) == split(full(row) for row in ROWS)


def test_nothing_that_is_held_out_appears_in_a_fit():
    """Parameters of times name the runs that they were fitted on, if any; memory's come from `fitted_shares`."""
    held = {row["subject"] for row in ROWS if row["use"] == HELD_OUT}
    held |= {case.subject for case in memory_cases() if case.use == HELD_OUT}
    fitted_on = {
        word
        for table in ("step_parameters", "kernel_parameters", "collective_parameters", "serving_parameters")
        for row in tables.rows(table)
        if row["quantity"].startswith("fitted_on")
        for word in re.split(r"[;,\s]+", row["value"])
    }
    assert fitted_on and not fitted_on & held
    assert fitted_on <= {row["subject"] for row in ROWS}


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_every_row_is_a_case_with_its_own_name():
    known = [(case.id, case.metric) for case in cases()]  # a row of serving has two times
    assert len(set(known)) == len(known)
    measured = [fact for fact in tables.facts(MEMORY) if fact.status == "measured"]
    assert (len(cases("training")), len(cases("memory"))) == (len(ROWS), len(measured))
    assert len(cases("serving")) == len(tables.rows("serving_cases"))
    for case in cases():
        assert case.measured > 0
        assert (case.predicted is None) == bool(case.why_not)
        assert case.predicted is None or case.low <= case.predicted <= case.high


def test_nearly_every_training_case_is_predicted():
    left = [case for case in cases("training") if case.predicted is None]
    assert len(left) < 0.02 * len(ROWS)


def test_a_summary_equals_its_cases():
    for kind in ("training", "memory"):
        for use in (None, FITTED, HELD_OUT):
            some = cases(kind, use)
            found = summary(some)
            errors = [case.predicted / case.measured - 1 for case in some if case.predicted is not None]
            assert (found.count, found.predicted) == (len(some), len(errors))
            assert found.mean_abs_error == pytest.approx(sum(map(abs, errors)) / len(errors))
            assert found.worst == max(errors, key=abs) and found.bias == pytest.approx(sum(errors) / len(errors))
            assert 0 <= found.inside <= 1
    assert (
        summary(cases("memory")).count == summary(cases("memory", FITTED)).count + summary(cases("memory", HELD_OUT)).count
    )


def test_most_measured_memory_lies_in_an_interval_that_its_own_run_did_not_make():
    assert summary(cases("memory", HELD_OUT)).inside >= 0.8
    farthest = "mcore-moe-gpt3-mcore-te-tp2-pp2-ep4-etp1-memory-speed-h100"
    with_it, without = memory_spread("megatron-lm"), memory_spread("megatron-lm", farthest)
    assert 1 <= without[1] < with_it[1]


@pytest.mark.parametrize("argv", [[], ["--kind", "memory"], ["--kind", "training", "--held-out"], ["--fitted"]])
def test_the_command_tells_the_ledger(argv, capsys):
    found = told(["validate", *argv], capsys)
    use = FITTED if "--fitted" in argv else HELD_OUT if "--held-out" in argv else None
    expected = cases(argv[1] if "--kind" in argv else None, use)
    assert [one["id"] for one in found["cases"]] == [case.id for case in expected]
    assert {"measured", "predicted", "low", "high", "error", "fitted", "source"} < set(found["cases"][0])
    for kind, one in found["summary"].items():
        of_kind = [case for case in expected if case.kind == kind]
        assert one["count"] == len(of_kind)
        if of_kind:
            errors = [case.error for case in of_kind if case.error is not None]
            assert one["mean_abs_error"] == pytest.approx(sum(map(abs, errors)) / len(errors))
            assert abs(one["worst"]) == max(map(abs, errors))
    assert set(found["summary"]) == ({argv[1]} if "--kind" in argv else set(KINDS))


# --- the words of a row ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ("TP2 PP8 VP4 EP64", {"tp": 2, "pp": 8, "vpp": 4, "ep": 64}),
        ("TP8 CP1 PP16 DP64(FSDP)", {"tp": 8, "pp": 16, "dp": 64, "zero": 3}),
        ("PP16 (DualPipe) EP64 ZeRO-1 no-TP", {"pp": 16, "ep": 64, "schedule": "dualpipe"}),
        ("TP4 PP8 VP8 CP2 GA144", {"tp": 4, "pp": 8, "vpp": 8, "cp": 2, "accumulate": 144}),
        ("TP1 PP2 EP4 CP1 DP4, 32 micro-batches", {"pp": 2, "ep": 4, "dp": 4, "accumulate": 32}),
        ("FSDP SHARD_GRAD_OP, grad accum 16", {"zero": 2, "accumulate": 16}),
        ("FSDP32 TP8 AsyncTP compile", {"tp": 8, "dp": 32, "zero": 3}),
        ("TP2 PP8 VP4 EP32 ETP1 DP16", {"tp": 2, "pp": 8, "vpp": 4, "ep": 32, "etp": 1, "dp": 16}),
        ("DP only", {}),
        ("TP8xPP4xEP2, DualPipeV", {"tp": 8, "pp": 4, "ep": 2, "schedule": "dualpipev"}),
        ("tp=2, pp=4, vpp=2", {"tp": 2, "pp": 4, "vpp": 2}),
    ],
)
def test_words_of_a_layout(words, sizes):
    assert run_layout(words) == RunLayout(**sizes)


@pytest.mark.parametrize("words", ["", "not read", "TP4 CP1 (PP, EP not stated)", "fast", "TP2 TP4", "TP0"])
def test_words_that_give_no_layout(words):
    with pytest.raises(InputError, match="the row"):
        run_layout(words)


@pytest.mark.parametrize(
    ("name", "slug", "layers"),
    [
        ("Llama3-70B (12 layers)", "llama-3.1-70b", 12),
        ("Llama 3.1 405B (MLPerf Training v5.1)", "llama-3.1-405b", 126),
        ("Qwen3-30B-A3B tokendrop", "qwen3-30b-a3b", 48),
        ("DeepSeek-V3 w/o MTP", "deepseek-v3", 61),
        ("DeepSeek-V3 671B", "deepseek-v3", 61),
        ("DeepSeek-V2 (6 layers)", "deepseek-v2", 6),
        ("MPT-7b", "mpt-7b", 32),
        ("mixtral-8x22b", "mixtral-8x22b", 56),
    ],
)
def test_names_of_models(name, slug, layers):
    config = run_config(name)
    assert (config.name, config.num_hidden_layers) == (slug, layers)


def test_a_cut_model():
    assert run_config("DeepSeek-V3 (4 layers)", "cut to 4 layers (2 dense + 2 MoE, all experts)").first_k_dense_replace == 2
    cut = run_config("DeepSeek-V3 (4 layers)")
    assert (cut.first_k_dense_replace, len(cut.anatomy.mtp)) == (1, 0)
    for wrong in ("Llama3-70B (90 layers)", "Mixtral 8x7B / 8x22B", "352B MoE (internal)"):
        with pytest.raises(InputError):
            run_config(wrong)


def test_accelerators_recipes_recompute_and_overlap():
    names = {"H100": "h100-sxm", "A100-80GB": "a100-sxm", "B200 (preview)": "b200-sxm", "GB300": "gb300-nvl72"}
    assert {name: run_accelerator(name)[0].slug for name in names} == names
    assert [run_recipe(word).partition(",")[0] for word in ("BF16 (amp)", "FP8-CS (MXFP8)")] == ["bf16", "weights=fp8+bf16"]
    for word in ("", "not read", "FP8 or NVFP4 (not read)", "NVFP4"):
        with pytest.raises(InputError):
            run_recipe(word)
    v3, llama = load_model("deepseek-v3"), load_model("llama-3.1-8b")
    assert run_policy(v3, "recompute: norm, act. DeepEP").recompute == ("norm", "swiglu")
    assert run_policy(llama, "no recompute, no communication overlap").recompute == ()
    assert run_policy(llama, "full activation checkpointing").recompute == ("full",)
    assert run_policy(llama, "recompute mla-up").recompute == ()
    assert run_running("no comm overlap", "1f1b").overlap == ()
    assert run_running("FSDP FULL_SHARD, grad accum 2", "1f1b").eager and not run_running("FSDP64", "1f1b").eager
    assert not run_running("FSDP8 compile", "1f1b").eager and run_running("FSDP8 eager", "1f1b").eager
    assert "ep" in run_running("1F1B EP overlap", "interleaved").overlap and run_running("", "1f1b").overlap is None


@pytest.mark.parametrize(
    ("model", "words", "sizes"),
    [
        # Megatron-Bridge's own layouts: Et*4|(t*4|)*14tmL, and Et|(tt|)*30mL
        ("deepseek-v3", RunLayout(pp=4, vpp=4), [4] * 15 + [1]),
        ("deepseek-v3", RunLayout(pp=8, vpp=4), [1] + [2] * 30 + [0]),
        ("llama-3.1-405b", RunLayout(pp=8, vpp=8), [1] + [2] * 62 + [1]),
    ],
)
def test_stages_that_do_not_divide_the_layers(model, words, sizes):
    stages, _ = run_stages(load_model(model), words, None)
    assert [len(stage.layers) for stage in stages] == sizes
    assert stages[0].embedding and stages[-1].head


def test_what_a_run_is_predicted_with():
    row = next(row for row in ROWS if row["subject"].startswith("mbridge2-deepseek-v3-gb200"))
    found = settings_of(case_run(row))
    assert (found.layout.dp, found.layout.vpp, found.mtp, found.policy.recompute) == (64, 4, True, ("mla-up",))
    step, *_ = predicted_step(case_run(row))
    assert step.num_gpus == 256 and step.num_tokens == 4096 * 4096


# --- rows of a file --------------------------------------------------------------------------------------------------


def test_rows_of_a_file_stand_in_their_order(tmp_path, capsys):
    rows = [
        RUN,
        {**RUN, "run": "two", "parallelism": "not read"},
        {**RUN, "run": "three", "tokens_per_s_per_accel": "", "step_time_s": "2"},
    ]
    found = told(["validate", "--kind", "training", "--file", written(tmp_path, rows)], capsys)["cases"]
    assert [one["id"] for one in found] == ["one", "two", "three"]
    assert [one["metric"] for one in found] == [TOKENS, TOKENS, SECONDS]
    assert found[0]["error"] == pytest.approx(found[0]["predicted"] / 5000 - 1)
    assert (found[1]["predicted"], found[1]["error"], found[1]["fitted"]) == (None, None, None)
    assert "layout" in found[1]["why_not"] and "why_not" not in found[0]
    assert found[2]["predicted"] * found[0]["predicted"] == pytest.approx(64 * 8192 / 16)


def test_a_micro_batch_that_is_not_said():
    """A pipeline runs one sequence at a time as a rule; a replica alone may run any number."""
    blank = {**RUN, "micro_batch_seqs": ""}
    alone = {"parallelism": "DP only", "n_accel": "16"}
    found = rows_as_cases("training", [RUN, blank, {**blank, **alone}, {**blank, **alone, "parallelism": "DP16 GA4"}])
    assert found[1].predicted == found[0].predicted and "micro-batch" in found[1].note
    assert found[2].predicted is None and "micro-batch" in found[2].why_not
    assert found[3].predicted > 0


def test_a_row_is_predicted_as_the_ledger_predicts_it():
    row = next(row for row in ROWS if row["subject"].startswith("simumax") and row["accelerator"] == "b200-sxm")
    names = {"run": "subject", "n_accel": "num_gpus", "global_batch_seqs": "global_batch", "micro_batch_seqs": "micro_batch"}
    same = {**RUN, **{column: row[name] for column, name in names.items()}, "step_time_s": row["value"], "kind": "step time"}
    same |= {name: row[name] for name in ("model", "accelerator", "seq_len", "precision", "parallelism")}
    (case,) = rows_as_cases("training", [{**same, "notes": row["conditions"]}])
    expected = next(one for one in cases("training") if one.id == row["subject"])
    assert case.predicted == pytest.approx(expected.predicted) and case.error == pytest.approx(expected.error)


def test_memory_of_a_row_is_that_of_the_ledger():
    (case,) = rows_as_cases("memory", [MEMORY_ROW])
    expected = next(one for one in cases("memory") if one.id == "llama3-70b-tp2-pp1-dp4-l12:peak_allocated_fullest_rank")
    assert case.predicted == pytest.approx(expected.predicted, rel=1e-3) and case.measured == expected.measured


def test_weights_and_pools_of_serving():
    weights = {**MEMORY_ROW, "kind": "serving", "model": "Meta-Llama-3-8B", "tp": "2", "dp": "", "metric": "weights loaded"}
    pool = {**weights, "model": "DeepSeek-V3", "kv_dtype": "FP8", "metric": "KV pool", "config": "524,288 tokens"}
    reserve = {**weights, "metric": "non-torch memory"}
    tokens = {**pool, "metric": "KV cache capacity", "unit": "tokens"}
    found = rows_as_cases("memory", [weights, pool, reserve, tokens])
    norms = 65 * 4096 * 2  # whole on both GPUs
    assert found[0].predicted == pytest.approx(((16060522496 - norms) / 2 + norms) / 2**30)
    assert found[1].predicted == pytest.approx(524288 * 35136 / 2**30, rel=1e-3)
    assert [case.predicted for case in found[2:]] == [None, None] and all(case.why_not for case in found[2:])


SERVED = {
    **MEMORY_ROW,
    "kind": "serving",
    "accelerator": "80 GB GPU (79.22 GiB)",
    "n_accel": "1",
    "tp": "1",
    "dp": "",
    "gpu_memory_utilization": "0.90",
    "engine": "vLLM 0.6.5",
    "model": "Meta-Llama-3-8B",
    "metric": "memory available for KV",
    "value": "53.29",
    "config": "TP1",
}


def test_cache_that_an_engine_has_room_for():
    room, tokens, larger = rows_as_cases(
        "memory",
        [
            SERVED,
            {**SERVED, "metric": "KV cache capacity", "unit": "tokens", "value": "436000"},
            {**SERVED, "engine": "vLLM 0.11"},
        ],
    )
    assert abs(room.error) < 0.03 and room.inside
    assert tokens.metric.startswith("tokens") and tokens.predicted == room.predicted * 2**30 // (131072 * 16) * 16
    assert larger.predicted < room.predicted  # a later version tries four times as many sequences when it starts
    (fixed,) = rows_as_cases("memory", [{**SERVED, "engine": "vLLM 0.11", "config": "TP1, max-num-seqs 256"}])
    assert fixed.predicted == room.predicted


def test_weights_of_data_parallel_attention_and_of_words_for_a_precision():
    data = {**SERVED, "model": "DeepSeek-V3", "metric": "weights loaded", "precision": "FP8", "n_accel": "8", "dp": "8"}
    rows = [{**data, "ep": "8"}, {**data, "tp": "8", "ep": "8"}, {**data, "ep": "", "config": "expert parallel"}]
    sizes = {case.predicted for case in rows_as_cases("memory", rows)}
    assert len(sizes) == 1 and sizes.pop() == pytest.approx(95.8, abs=0.1)
    spare, kept, nothing = rows_as_cases(
        "memory",
        [
            {**rows[0], "config": "32 redundant experts"},
            {**rows[0], "precision": "NVFP4 experts"},
            {**rows[0], "precision": "GGUF"},
        ],
    )
    assert spare.predicted > 105 and kept.predicted < 90 and nothing.predicted is None


def test_a_row_without_the_share_of_an_engine_says_so():
    for engine, word in (("vLLM 0.11", "gpu_memory_utilization"), ("SGLang", "mem-fraction-static")):
        (case,) = rows_as_cases("memory", [{**SERVED, "engine": engine, "gpu_memory_utilization": ""}])
        assert case.predicted is None and word in case.why_not
    (case,) = rows_as_cases("memory", [{**SERVED, "engine": "SGLang", "config": "mem-fraction-static 0.9"}])
    assert case.predicted > 50


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_column_is_named(kind, tmp_path, capsys):
    for column in (FORMS[kind].columns[1], FORMS[kind].columns[-1]):
        path = written(tmp_path, [{key: value for key, value in EXAMPLES[kind].items() if key != column}])
        assert main(["validate", "--kind", kind, "--file", path]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and f"{column} is missing" in error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["", "?", "-1", "nan", "1e400", "a, b; c"])
def test_a_wrong_cell_never_stops_the_file(kind, value):
    for column in FORMS[kind].columns:
        for case in rows_as_cases(kind, [{**EXAMPLES[kind], column: value}]):
            assert case.predicted is None or case.predicted > 0
            assert (case.predicted is None) == bool(case.why_not)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--kind", "speed"], ("--kind", "'speed'", "training, memory, serving")),
        (["--file", "x.csv"], ("--file needs --kind",)),
        (["--kind", "memory", "--file", "x.csv", "--fitted"], ("--fitted",)),
        (["--kind", "memory", "--file", "/nowhere/x.csv"], ("/nowhere/x.csv", "No such file")),
        (["--fitted", "--held-out"], ("--held-out",)),
    ],
)
def test_bad_input_is_one_line(argv, words, capsys):
    assert main(["validate", *argv]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Traceback" not in error
    assert all(word in error for word in words)


def test_collectives_of_tensors_are_hidden_where_the_software_does_so():
    assert run_software(Running(), "NVIDIA-NeMo/Megatron-Bridge", "2026-02").overlaps("tp", "1f1b")
    assert run_software(Running(), "mlcommons/training_results_v5.1", "2025").overlaps("tp", "1f1b")
    assert not run_software(Running(), "a report", "2024").overlaps("tp", "1f1b")
    assert run_software(Running(), "a report", "2024").overlaps("dp", "1f1b")
    assert run_software(Running(("tp",)), "a report", "2024").overlaps("tp", "1f1b")
    assert run_software(Running(), "a report", "2024", "dualpipe").overlaps("ep", "dualpipe")
