"""From timed kernels to an accelerator: what was put in is found again, and a dry run needs neither a GPU nor PyTorch."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from moecalc import InputError
from moecalc.cli.kernel_rows import OPS, row_of, values_of
from moecalc.facts import tables
from moecalc.hardware.accelerator import load_accelerator, read_accelerator
from moecalc.hardware.calibration import KEYS, Measurement, calibrated, solved
from moecalc.hardware.kernels.elementwise import elementwise_time, norm_time
from moecalc.hardware.kernels.gemm import gemm_time
from moecalibrate.__main__ import COLUMNS, main
from moecalibrate.cases import KINDS, cases

ROOT = Path(__file__).parent.parent
H100 = load_accelerator("h100-sxm")


def rows_of(accelerator, num_gpus=8, name="h100-sxm") -> list:
    """All cases, with the times that an accelerator is predicted to take."""
    found = []
    for row in cases(num_gpus=num_gpus):
        text = {column: str(value) for column, value in row.items()}
        seconds = OPS[row["op"]].time(accelerator, values_of(row["op"], text, "the row")).time_s
        found.append({"accelerator": name, **text, "latency_us": repr(1e6 * seconds)})
    return found


def written(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(column for row in rows for column in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


# --- the fit ---------------------------------------------------------------------------------------------------------

MINE = {"launch": 7e-6, "products": 0.7, "attention": 1.3, "bandwidth": 0.85, "scale_up": 200e9}


def test_keys_that_were_put_in_are_found_again(tmp_path, moecalc):
    text = "h100-sxm," + ",".join(f"{key}={value}" for key, value in MINE.items())
    file = written(tmp_path / "rows.csv", rows_of(read_accelerator(text)))
    result = moecalc("calibrate --json --file", file).json
    assert {key: one["value"] for key, one in result["keys"].items()} == pytest.approx(MINE, rel=2e-3)
    typed = read_accelerator(result["gpu"])
    assert (typed.slug, typed.peak_dense_bf16_flops_per_s) == ("h100-sxm", H100.peak_dense_bf16_flops_per_s)
    assert typed.scale_up_bandwidth_bytes_per_s == pytest.approx(MINE["scale_up"], rel=2e-3)
    assert len(result["rows"]) == len(cases(num_gpus=8)) and {row["fitted"] for row in result["rows"]} == {True, False}
    for one in result["summary"]:
        assert one["median_error"] < 2e-3 and one["rows"] > 0
    assert max(one["median_error_before"] for one in result["summary"]) > 0.2


def test_what_is_printed_is_accepted_by_gpu(tmp_path, moecalc):
    file = written(tmp_path / "rows.csv", rows_of(read_accelerator("h100-sxm,products=0.5")))
    told = moecalc("calibrate --file", file)
    assert told.code == 0
    gpu = next(line for line in told.out.splitlines() if line.startswith("--gpu")).split('"')[1]
    line = "kernels --json --op gemm --row gemm_dtype=bfloat16,m=8192,n=8192,k=8192 --gpu"
    slow, fast = (moecalc(line, one).json["times_us"][0] for one in (gpu, "h100-sxm"))
    assert 1.8 < slow / fast < 2.1
    again = moecalc("calibrate --json --gpu", gpu, "--file", file).json
    assert again["gpu"].count("products=") == 1 and again["keys"]["products"]["value"] == pytest.approx(0.5, rel=2e-3)


def test_one_outlier_moves_little():
    timers = [lambda one, m=m: gemm_time(one, m, 8192, 8192).time_s for m in (2048, 4096, 8192, 16384, 12288)]
    mine = read_accelerator("h100-sxm,products=0.8")
    rows = [Measurement(timer(mine), timer) for timer in timers]
    rows.append(Measurement(5 * timers[0](mine), timers[0]))
    assert calibrated(H100, rows).keys["products"] == pytest.approx(0.8, rel=0.05)


def test_a_key_that_too_few_rows_depend_on_is_left():
    timers = [lambda one, m=m: gemm_time(one, m, 8192, 8192).time_s for m in (4096, 8192, 16384)]
    found = calibrated(H100, [Measurement(timer(H100), timer) for timer in timers])
    assert set(found.keys) == {"products"} and found.accelerator.attention_share is None
    with pytest.raises(InputError, match="no key can be fitted"):
        calibrated(H100, [Measurement(1e-3, timers[0])])
    unused = [Measurement(timer(H100), timer, False) for timer in timers]
    with pytest.raises(InputError, match="from 0 rows no key"):
        calibrated(H100, unused)


def test_measured_rows_are_predicted_better_with_their_keys():
    """Products and attention of an H100, as if its data sheet had told half of its speed: every other row is fitted."""
    base = read_accelerator("name=half,bf16=495e12,fp8=990e12,hbm=1.7e12,sms=132")
    rows = []
    for fact in tables.facts("kernels_measured"):
        kind, slug = fact.subject.split()
        if kind in ("gemm", "attention_prefill") and slug in ("h100-sxm", "h200-sxm"):
            values = values_of(kind, row_of(fact.quantity), "the row")
            time_s = lambda one, kind=kind, values=values: OPS[kind].time(one, values).time_s  # noqa: E731
            rows.append(Measurement(fact.to("s"), time_s, len(rows) % 2 == 0))
    found = calibrated(base, rows)
    assert len(rows) == 20 and set(found.keys) <= set(KEYS)
    errors = [
        median(abs(time / row.seconds - 1) for time, row in zip(times, rows, strict=True) if not row.fitted)
        for times in (found.before_s, found.after_s)
    ]
    assert errors[1] < 0.7 * errors[0]


def test_shares_and_the_launch_do_what_their_names_say():
    half = gemm_time(read_accelerator("h100-sxm,products=0.5"), 8192, 8192, 8192).time_s
    assert 1.8 < half / gemm_time(H100, 8192, 8192, 8192).time_s < 2.1
    late = gemm_time(read_accelerator("h100-sxm,launch=20e-6"), 16, 512, 512).time_s
    assert 15e-6 < late - gemm_time(H100, 16, 512, 512).time_s < 20e-6
    slow = elementwise_time(read_accelerator("h100-sxm,bandwidth=0.5"), 4e9).time_s
    assert slow == pytest.approx(2 * elementwise_time(H100, 4e9).time_s, rel=0.01)
    assert gemm_time(read_accelerator("h100-sxm,attention=0.5"), 64, 64, 64).time_s == gemm_time(H100, 64, 64, 64).time_s


def test_a_system_is_solved():
    assert solved([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]], [4.0, 10.0, 14.0]) == pytest.approx([1, 2, 3])


def test_elementwise_work_takes_what_memory_takes():
    found = elementwise_time(H100, 0)
    assert 1e-6 < found.time_s < 10e-6 and found.low_s < found.time_s < found.high_s and "not measured" in found.note
    assert norm_time(H100, 2, 4096).time_s == elementwise_time(H100, 2 * 2 * 4096 * 2).time_s
    assert 2e9 / H100.memory_bandwidth_bytes_per_s < elementwise_time(H100, 2e9).time_s < 1e-3
    with pytest.raises(InputError, match="num_bytes"):
        elementwise_time(H100, -1)


# --- measuring -------------------------------------------------------------------------------------------------------


def test_a_dry_run_needs_no_torch_and_its_rows_are_read(tmp_path, moecalc):
    code = "import sys; sys.modules['torch'] = None; from moecalibrate.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-S", "-c", code, "--dry-run", "--num-gpus", "4", "--out", tmp_path / "rows.csv"]
    run = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    with open(tmp_path / "rows.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(cases(num_gpus=4)) and {row["op"] for row in rows} == set(KINDS)
    assert tuple(rows[0]) == COLUMNS and {row["accelerator"] for row in rows} == {"dry run"}
    base = "name=dry run,bf16=100e12,fp8=200e12,hbm=1e12,scale_up=100e9,domain=8,sms=108"
    result = moecalc("calibrate --json --file", tmp_path / "rows.csv", "--gpu", base).json
    assert 5e-6 < result["keys"]["launch"]["value"] < 20e-6
    after, before = ([one[key] for one in result["summary"]] for key in ("median_error", "median_error_before"))
    assert median(after) < median(before)


def test_one_kind_is_timed_alone_and_small_sizes_on_a_cpu(capsys):
    assert main(["--dry-run", "--only", "elementwise"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(cases(("elementwise",))) and all(",elementwise," in line for line in lines[1:])
    assert not [row for row in cases() if row["op"] == "collectives"]
    assert all(row.get("m", 1) <= 1024 and row.get("isl", 1) <= 1024 for row in cases(small=True))


def test_without_torch_one_sentence_says_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "pip install" in told.err and "--dry-run" in told.err
    assert main(["--dry-run", "--out", str(tmp_path / "none" / "rows.csv")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_the_command_says_how_to_time_them(moecalc):
    told = moecalc("calibrate")
    assert told.code == 0 and "python -m moecalibrate" in told.out and "torchrun" in told.out
    assert json.loads(moecalc("calibrate --json").out)["how"][0]["command"].startswith("pip install")


# --- bad input -------------------------------------------------------------------------------------------------------

GOOD = {"accelerator": "h100-sxm", "op": "gemm", "gemm_dtype": "bfloat16", "m": "8192", "n": "8192", "k": "8192"}
WRONG = [
    ([{**GOOD, "latency_us": "0"}], (), ("row 2: latency_us must be a time above 0", "'0'")),
    ([{**GOOD, "latency_us": "fast"}], (), ("row 2: latency_us", "'fast'")),
    ([{**GOOD, "latency_us": "nan"}], (), ("row 2: latency_us", "'nan'")),
    ([{**GOOD}], (), ("row 2: latency_us", "None")),
    ([{**GOOD, "op": "gem", "latency_us": "9"}], (), ("row 2: op must be one of gemm", "'gem'")),
    ([{**GOOD, "m": "", "latency_us": "9"}], (), ("row 2: m must be a whole number",)),
    ([{**GOOD, "accelerator": "", "latency_us": "9"}], (), ("name no accelerator", "--gpu")),
    ([{**GOOD, "latency_us": "9"}, {**GOOD, "accelerator": "h20", "latency_us": "9"}], (), ("one accelerator", "'h20'")),
    ([{**GOOD, "accelerator": "mine", "latency_us": "9"}], (), ("no accelerator named 'mine'",)),
    ([{**GOOD, "latency_us": "9"}], ("--gpu", "hbm=2e12"), ("row 2: no dense BF16 peak", "bf16=")),
    ([{**GOOD, "latency_us": "9"}], ("--gpu", "h100-sxm,product=2"), ("no key 'product'", "products")),
    ([{**GOOD, "latency_us": "9"}], ("--gpu", "h100-sxm,products=0"), ("products", "above 0")),
    ([{**GOOD, "latency_us": "9"}], (), ("no key can be fitted", "at least 3")),
]


@pytest.mark.parametrize(("rows", "more", "words"), WRONG)
def test_what_is_wrong_in_a_file_gets_one_sentence(rows, more, words, tmp_path, moecalc):
    told = moecalc("calibrate --file", written(tmp_path / "rows.csv", rows), *more)
    assert (told.code, told.out) == (2, "") and told.err.count("\n") == 1
    for word in words:
        assert word in told.err


def test_a_file_that_is_missing_gets_one_sentence(moecalc):
    assert "No such file" in moecalc("calibrate --file /nowhere.csv").err
    assert "--file is missing" in moecalc("calibrate --gpu h100-sxm").err
