"""A command at every point of a grid: the rows are those of the command itself, in any processes and in any order."""

import csv
import errno
import io
import itertools
import json
import random
import re
import sys
from argparse import Namespace

import pytest
import stub_job

from moecalc import InputError, explore, load_model
from moecalc.cli.jobs import canonical, compute, job_of, progress, running, sweep
from moecalc.cli.jobs.folder import Kept, LocalFolder, differences
from moecalc.cli.jobs.grid import axis, point
from moecalc.cli.jobs.points import flat
from moecalc.cli.jobs.rows import Rows, write_csv
from moecalc.cli.jobs.running import run_job
from moecalc.explorers import explorer


def how(**given) -> Namespace:
    return Namespace(**{"processes": 1, "dask": None, "folder": None, **given})


# --- the grid --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("4096:8192:2048", ["4096", "6144", "8192"]),
        ("4096:8000:2048", ["4096", "6144"]),
        ("8:2:-3", ["8", "5", "2"]),
        ("0:0.3:0.1", ["0", "0.1", "0.2", "0.3"]),
        ("1:10:*2", ["1", "2", "4", "8"]),
        ("0.5:2:*2", ["0.5", "1", "2"]),
        ("1e3:3e3:1e3", ["1000", "2000", "3000"]),
        ("a, b,c", ["a", "b", "c"]),
        ("7", ["7"]),
        ('["norm,swiglu", 3, true]', ["norm,swiglu", "3", "true"]),
    ],
)
def test_values_of_an_axis(text, values):
    made = axis("key", text)
    assert [made[place] for place in range(len(made))] == values


def test_points_are_all_combinations_and_the_last_key_moves_fastest():
    axes = [axis("a", "1:2:1"), axis("b", "x,y,z"), axis("c", "0:1:0.5")]
    texts = [[one[place] for place in range(len(one))] for one in axes]
    assert [point(axes, index) for index in range(18)] == list(itertools.product(*texts))


# --- rows ------------------------------------------------------------------------------------------------------------


def test_a_sweep_over_config_and_model_is_the_command_at_each_point(moecalc):
    grid = "--set model=deepseek-v3,deepseek-v2 --set n_routed_experts=64:128:64 --set hidden_size=4096,5120"
    swept = moecalc("sweep params --json", *grid.split()).json
    rows = [
        moecalc(f"params --json --model {model} --set n_routed_experts={experts} --set hidden_size={size}").json
        for model, experts, size in itertools.product(("deepseek-v3", "deepseek-v2"), (64, 128), (4096, 5120))
    ]
    for row, alone in zip(swept["rows"], rows, strict=True):
        expected = flat(alone)
        assert row.pop("n_routed_experts") in (64, 128) and row.pop("hidden_size") in (4096, 5120)
        assert row.pop("result.model") == expected.pop("model") == row.pop("model")
        assert row == {key: value for key, value in expected.items() if value is not None}
    assert (swept["num_points"], swept["num_refused"]) == (8, 0)
    assert rows[0]["total"] == rows[0]["components"]["embedding"] + sum(list(rows[0]["components"].values())[1:])


def test_a_sweep_over_options_and_switches_is_the_command_at_each_point(moecalc):
    line = "serve --model deepseek-v3 --gpu h800-sxm --phase decode --num-gpus 128 --ep 128 --context 4k"
    swept = moecalc("sweep --set batch=32:128:*2 --set two-micro-batches=false,true --json", *line.split()).json
    alone = [
        moecalc(line, "--json", "--batch", batch, *(["--two-micro-batches"] if two else [])).json["step_s"]
        for batch in (32, 64, 128)
        for two in (False, True)
    ]
    assert [row["step_s"] for row in swept["rows"]] == alone and len(set(alone)) > 3


def test_a_sweep_over_a_figure_has_its_numbers(moecalc):
    swept = moecalc("sweep explore cost --json --set num_gpus=500:2000:500 --set usd_per_gpu_hour=1.5,2").json
    names = list(explorer("cost").metrics)
    for row, (gpus, usd) in zip(swept["rows"], itertools.product((500, 1000, 1500, 2000), (1.5, 2)), strict=True):
        metrics = explore("cost", num_gpus=gpus, usd_per_gpu_hour=usd)["metrics"]
        assert (row["num_gpus"], row["usd_per_gpu_hour"]) == (gpus, usd)
        assert {name: row.get(name) for name in names if name not in ("num_gpus", "usd_per_gpu_hour")} == {
            name: value for name, value in metrics.items() if name not in ("num_gpus", "usd_per_gpu_hour")
        }


def test_a_search_at_every_point(moecalc):
    line = "plan --model llama-3.1-8b --gpu h100-sxm --global-batch 64 --seq-len 8192 --limit tp=1,2 --limit schedule=1f1b"
    rows = moecalc(f"sweep {line} --set num_gpus=8,16 --json").json["rows"]
    alone = [moecalc(line, "--json", "--num-gpus", number).json for number in (8, 16)]
    assert [row["num_fitting"] for row in rows] == [one["num_fitting"] for one in alone]
    assert [row["rejected.memory.count"] for row in rows] == [one["rejected"]["memory"]["count"] for one in alone]


def test_a_point_that_is_refused_is_a_row(moecalc):
    swept = moecalc("sweep params --model deepseek-v3 --json --set num_experts_per_tok=127:130:1").json
    assert (swept["num_points"], swept["num_refused"]) == (4, 2)
    assert [("refused" in row, "total" in row) for row in swept["rows"]] == [(False, True)] * 2 + [(True, False)] * 2
    assert "129" in swept["rows"][2]["refused"] and swept["first_refused"] == swept["rows"][2]["refused"]
    assert "2 refused" in moecalc("sweep params --model deepseek-v3 --set num_experts_per_tok=127:130:1").out


def test_a_config_goes_with_the_question(moecalc, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(load_model("deepseek-v3").raw))
    line = f"sweep params --config {file} --json --set n_routed_experts=128,256,1000000000"
    rows = moecalc(line).json["rows"]
    assert rows[1]["total"] == 671_026_404_352 and rows[0]["model"] == str(file)
    question = sweep.question_of("params", ["--config", str(file)], [("n_routed_experts", "128,256")])
    file.unlink()  # as on another machine
    assert json.loads(compute("sweep", canonical(question), 0, 1))["rows"][1][-1] is not None


def question():
    line = ["--model", "deepseek-v3", "--gpu", "h800-sxm", "--pp", "16", "--dp", "128", "--global-batch", "15360"]
    return sweep.question_of("step", line, [("ep", "8:128:*2"), ("schedule", "1f1b,dualpipe"), ("n_group", "8,3")])


def test_rows_are_the_same_in_any_chunks_and_any_order(tmp_path):
    asked, texts = question(), []
    for num_chunks, seed in [(1, 0), (5, 1), (20, 2)]:
        parts = [(chunk, json.loads(compute("sweep", canonical(asked), chunk, num_chunks))) for chunk in range(num_chunks)]
        random.Random(seed).shuffle(parts)
        rows = Rows()
        for chunk, part in parts:
            rows.add(chunk, part)
        write_csv(rows, tmp_path / "rows.csv")
        texts.append((tmp_path / "rows.csv").read_bytes())
        assert rows.num_refused == 10 and rows.refusal[2].startswith("n_group")
    assert texts[0] == texts[1] == texts[2]
    with open(tmp_path / "rows.csv", encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [(row["ep"], row["schedule"], row["n_group"]) for row in read[:3]] == [
        ("8", "1f1b", "8"),
        ("8", "1f1b", "3"),
        ("8", "dualpipe", "8"),
    ]


def test_several_processes_give_the_rows_of_one(monkeypatch):
    job = job_of("sweep", question())
    alone = run_job(job, how()).dicts(100)
    monkeypatch.setattr(running, "ALONE_S", 0)
    assert run_job(job, how(processes=2)).dicts(100) == alone and len(alone) == 20


def stub(log, **more) -> running.Job:
    return job_of("stub_job", stub_job.question(1000, log, **more))


def test_a_lost_process_costs_nothing_but_time(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(running, "ALONE_S", 0)
    assert run_job(stub(tmp_path, dies_at=7), how(processes=2)) == (499_500, 1000)
    assert set(stub_job.computed(tmp_path)) == set(range(20))
    assert "ended from outside" in capsys.readouterr().err


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_job_goes_on_from_its_folder_and_computes_what_is_missing_or_broken(tmp_path):
    log, kept = tmp_path / "log", tmp_path / "kept"
    log.mkdir()
    assert run_job(stub(log), how(folder=str(kept))) == (499_500, 1000)
    assert stub_job.computed(log) == list(range(20)) and len(list(kept.iterdir())) == 21
    (kept / "chunk-000003.json").unlink()
    (kept / "chunk-000004.json").write_bytes((kept / "chunk-000004.json").read_bytes()[:-3])
    (kept / "chunk-000005.json").write_bytes((kept / "chunk-000006.json").read_bytes()[::-1])
    (kept / "chunk-000007.json").write_bytes(b"")
    (kept / "chunk-000008.json.part").write_bytes(b"half")
    again = stub(log)._replace(num_chunks=7)  # cut as it was begun, not as it is asked now
    assert run_job(again, how(folder=str(kept))) == (499_500, 1000)
    assert stub_job.computed(log) == sorted([*range(20), 3, 4, 5, 7])
    assert run_job(again, how(folder=f"file://{kept}")) == (499_500, 1000)
    assert len(stub_job.computed(log)) == 24


def test_the_folder_of_another_question_is_refused(moecalc, tmp_path):
    line = f"sweep params --model deepseek-v3 --folder {tmp_path} --set hidden_size="
    assert moecalc(line + "4096:8192:4096").code == 0
    told = moecalc(line + "4096:8192:2048")
    assert told.code == 2 and "another question" in told.err
    assert "hidden_size,4096:8192:4096" in told.err.replace('", "', ",") and "4096:8192:2048" in told.err
    (tmp_path / "question.json").write_text("{")
    assert "question.json that cannot be read" in moecalc(line + "4096:8192:4096").err


def test_other_sources_are_another_question(tmp_path, monkeypatch):
    from moecalc.cli.jobs import folder

    job = stub(tmp_path)
    Kept(LocalFolder(str(tmp_path / "kept")), job)
    monkeypatch.setattr(folder, "identity", lambda: {"moecalc": "0.0.9", "sources": "0", "python": "CPython 3.11"})
    with pytest.raises(InputError, match=r"moecalc is .* there and 0.0.9 here; sources"):
        Kept(LocalFolder(str(tmp_path / "kept")), job)


def test_differences_are_named():
    assert differences({"a": [1], "b": 1}, {"a": [2], "c": 1}) == [
        "a is [1] there and [2] here",
        "b is 1 there and nothing here",
        "c is nothing there and 1 here",
    ]


@pytest.mark.parametrize("full_at", [0, 6])
def test_a_full_disk_says_what_is_kept_and_what_to_do(tmp_path, monkeypatch, full_at):
    written = []

    def write(self, name, data):
        if len(written) == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(name)
        real(self, name, data)

    real = LocalFolder.write
    log, kept = tmp_path / "log", tmp_path / "kept"
    log.mkdir()
    monkeypatch.setattr(LocalFolder, "write", write)
    with pytest.raises(InputError, match="No space left on device") as caught:
        run_job(stub(log), how(folder=str(kept)))
    if full_at:
        assert "5 of 20 chunks are kept" in str(caught.value) and "the same command computes what" in str(caught.value)
        monkeypatch.setattr(LocalFolder, "write", real)
        assert run_job(stub(log), how(folder=str(kept))) == (499_500, 1000)
        assert len(stub_job.computed(log)) == 21  # the one that could not be written again


def test_a_stop_by_hand_says_what_is_kept(tmp_path, monkeypatch):
    def results(*_):
        yield 0, '{"sum": 1, "count": 1}'
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "results", results)
    with pytest.raises(InputError, match="stopped; 1 of 20 chunks are kept in .*; the same command"):
        run_job(stub(tmp_path), how(folder=str(tmp_path / "kept")))
    with pytest.raises(InputError, match="stopped; nothing is kept, since no --folder"):
        run_job(stub(tmp_path), how())


# --- outside ---------------------------------------------------------------------------------------------------------

GRID = "sweep params --model deepseek-v3 --set n_routed_experts=64:256:64 --set num_experts_per_tok=8,65"


def test_parquet_csv_and_json_have_the_same_rows(moecalc, tmp_path, drivers):
    import pyarrow.parquet as pq

    told = moecalc(GRID, "--json", "--csv", tmp_path / "rows.csv", "--parquet", tmp_path / "rows.parquet").json
    assert told["files"] == [str(tmp_path / "rows.csv"), str(tmp_path / "rows.parquet")]
    table = pq.read_table(tmp_path / "rows.parquet")
    assert table.column_names == told["columns"] and table.num_rows == told["num_points"] == 8
    rows = moecalc(GRID, "--json").json["rows"]
    assert [{key: value for key, value in row.items() if value is not None} for row in table.to_pylist()] == rows
    assert str(table.schema.field("total").type) == "int64" and str(table.schema.field("refused").type) == "string"
    with open(tmp_path / "rows.csv", encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [{key: value for key, value in row.items() if value} for row in read] == [
        {key: str(value) for key, value in row.items()} for row in rows
    ]


def test_an_address_of_fsspec_keeps_chunks_too(tmp_path, drivers):
    import fsspec

    job = stub(tmp_path)
    for _ in range(2):
        assert run_job(job, how(folder="memory://moecalc-test/search")) == (499_500, 1000)
    assert stub_job.computed(tmp_path) == list(range(20))
    names = fsspec.filesystem("memory").ls("/moecalc-test/search", detail=False)
    assert len(names) == 21 and not [name for name in names if name.endswith(".part")]
    with pytest.raises(InputError, match="cannot use the folder 'nosuch://x'"):
        run_job(job, how(folder="nosuch://x"))


@pytest.mark.parametrize(
    ("option", "words"),
    [("--dask local", "--dask needs"), ("--parquet x", "--parquet needs"), ("--folder s3://x", "--folder")],
)
def test_without_the_extra_a_sentence_names_it(moecalc, monkeypatch, option, words):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [])
    told = moecalc(GRID, *option.split())
    assert told.code == 2 and words in told.err and 'pip install "moecalc[cluster]"' in told.err


def test_where_a_library_is_missing_the_sentence_names_it(moecalc, drivers, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    monkeypatch.delitem(__import__("sys").modules, "moecluster.parquet", raising=False)
    told = moecalc(GRID, "--parquet", "x")
    assert told.code == 2 and "pyarrow is not installed" in told.err


# --- bad input -------------------------------------------------------------------------------------------------------

PARAMS = "sweep params --model deepseek-v3"
BAD = [
    (PARAMS, "the grid is empty"),
    (f"{PARAMS} --set hidden_size=", "empty value"),
    (f"{PARAMS} --set hidden_size=[]", "no values"),
    (f"{PARAMS} --set hidden_size=[1", "not a JSON list"),
    (f"{PARAMS} --set hidden_size=1:2:0", "the step of hidden_size must not be 0"),
    (f"{PARAMS} --set hidden_size=1:8:*1", "factor above 1"),
    (f"{PARAMS} --set hidden_size=0:8:*2", "low end above 0"),
    (f"{PARAMS} --set hidden_size=8:1:1", "hidden_size has no values"),
    (f"{PARAMS} --set hidden_size=8:1:*2", "hidden_size has no values"),
    (f"{PARAMS} --set hidden_size=a:8:2", "'a' is no number for a range"),
    (f"{PARAMS} --set hidden_size=1:1e99:2", "'1e99' is no number for a range"),
    (f"{PARAMS} --set hidden_size=1,2,1", "has the value '1' twice"),
    (f"{PARAMS} --set hidden_size=1:1000000:1 --set vocab_size=1:1000:1", "at most 100,000,000 points; found 1,000,000,000"),
    (f"{PARAMS} --set hidden_size=1:2000000:1 --json", "--json holds at most 1,000,000 rows"),
    (f"{PARAMS} --set hiden_size=1,2", "'hiden_size' is no option of params and no key of the model's config; the nearest"),
    (f"{PARAMS} --set hidden_size=1 --set hidden_size=2", "hidden_size is set twice"),
    (f"{PARAMS} --set model=deepseek-v2", "model has two values"),
    ("sweep params --set hidden_size=1,2", "--model"),
    ("sweep params --model deepseek-v9 --set hidden_size=1,2", "no model named 'deepseek-v9'"),
    (f"{PARAMS} --nosuch 3 --set hidden_size=1", "no option '--nosuch'"),
    ("sweep explore cost --set num_gpu=1,2", "cost has no control 'num_gpu'; the nearest are num_gpus"),
    ("sweep explore cost --set num_gpus=1,x", "num_gpus must be"),
    ("sweep explore --set num_gpus=1", "takes one figure"),
    ("sweep explore nosuch --set num_gpus=1", "no explorer named 'nosuch'"),
    ("sweep nosuch --set a=1", "no command named 'nosuch' to sweep"),
    ("sweep sweep --set a=1", "no command named 'sweep' to sweep"),
    ("sweep cost --gpu-hours 1 --set usd_per_gpu_hours=1,2", "moecalc cost has no option 'usd_per_gpu_hours'; the nearest"),
    ("sweep kv-cache --model deepseek-v3 --set context=x,4k", "context: a whole number is accepted"),
    ("sweep params --model deepseek-v3 --set layers=maybe", "layers must be true or false"),
    ("sweep round --format e4m3 --values [1] --set values=1", "values has two values"),
    (f"{PARAMS} --set hidden_size=1 --processes 0", "processes must be a whole number from 1"),
    (f"{PARAMS} --set hidden_size=1 --csv /nosuch/rows.csv", "cannot write '/nosuch/rows.csv'"),
    (f"{PARAMS} --set hidden_size=1 --csv /", "cannot write '/'"),
    ("sweep params --config - --set hidden_size=1", "standard input can be read once"),
]


@pytest.mark.parametrize(("line", "words"), BAD, ids=[line for line, _ in BAD])
def test_bad_input(line, words, moecalc):
    told = moecalc(line)
    assert (told.code, told.out) == (2, "") and words in told.err
    assert told.err.startswith("moecalc: ") and told.err.count("\n") == 1 and "Traceback" not in told.err


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("library", [True, False])
def test_progress_is_a_bar_on_a_terminal(monkeypatch, drivers, library, tmp_path):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress, "QUIET_S", 0)
    if not library:
        monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [])
    assert run_job(stub(tmp_path), how()) == (499_500, 1000)
    said = sys.stderr.getvalue()
    assert "20/20" in said and ("chunks/s" in said) == library


def test_progress_is_a_line_now_and_then_in_a_pipe(monkeypatch, capsys, tmp_path):
    assert run_job(stub(tmp_path), how()) == (499_500, 1000)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "QUIET_S", 0)
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    run_job(stub(tmp_path, sleep_s=0.01), how())
    lines = capsys.readouterr().err.splitlines()
    assert lines and all(re.fullmatch(r"moecalc: \d+%, [\d,]+ of 1,000 numbers, \d+ s left", line) for line in lines)
