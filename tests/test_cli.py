"""The command line's contract: names, keys, examples, and what it does not need."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from moecalc import __version__
from moecalc.cli import COMMANDS, command

ROOT = Path(__file__).parent.parent

CONTRACT = [
    ("models", {"models"}),
    ("accelerators", {"accelerators"}),
    (
        "params --model deepseek-v3",
        {"total", "activated", "activated_without_embedding", "activated_without_embedding_and_head", "mtp", "components"},
    ),
    (
        "flops --model deepseek-v3 --seq-len 4096",
        {"forward_per_token", "training_per_token", "training_per_token_non_causal", "components"},
    ),
    ("kv-cache --model deepseek-v3 --context 4096 --bytes-per-element 1", {"bytes_per_token", "bytes"}),
    (
        "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 14.8e12 --gpu-hours 2.664e6 --gpu h800-sxm",
        {"mfu", "mfu_non_causal", "mfu_6nd", "flops_per_s_per_gpu"},
    ),
    (
        "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 14.8e12 --gpu-hours 2.664e6 --peak-tflops-per-s 989.5",
        {"mfu", "mfu_non_causal", "mfu_6nd", "flops_per_s_per_gpu"},
    ),
    (
        "mfu --from-convention deepseek-insights --to-convention exact-causal/fp8 --value 43.73",
        {"value", "factor", "factors", "from_convention", "to_convention"},
    ),
    ("cost --gpu-hours 2788000 --usd-per-gpu-hour 2", {"usd"}),
    (
        "memory --model deepseek-v3 --gpu h800-sxm --tp 1 --pp 16 --ep 64 --dp 128 --zero 1 --micro-batch 1 "
        "--seq-len 4096 --schedule 1f1b --recipe deepseek-v3",
        {"per_gpu_bytes", "components", "fits", "ranks"},
    ),
    ("round --format e5m6 --values '[0.3, 1e9]'", {"rounded", "codes"}),
    (
        "pipeline --schedule dualpipe --ranks 8 --micro-batches 20 --forward 1 --backward 2 --weight 1 --overlapped 3 "
        "--orders --tasks",
        {"makespan", "bubble", "bubble_formula", "formula_exact", "peak_activations", "orders", "tasks"},
    ),
    (
        "all-to-all --model deepseek-v3 --ep 64 --gpus-per-node 8 --gpu h800-sxm",
        {
            "expected_nodes",
            "expected_nodes_without_limit",
            "scale_out_bytes_per_token",
            "scale_up_bytes_per_token",
            "dispatch_s",
            "combine_s",
            "bound_by",
        },
    ),
    ("placement --model deepseek-v3 --tp 1 --cp 1 --pp 16 --ep 64 --dp 128 --vpp 1 --schedule 1f1b", {"num_gpus", "gpus"}),
    ("kernels --op gemm --row gemm_dtype=fp8_block,m=4096,n=7168,k=2048 --gpu h800-sxm", {"times_us", "low_us", "high_us"}),
    (
        "fit --model deepseek-v3 --gpu h200-sxm --context 4096 --users 8 --bytes-per-element 1 --tp 8 --dp 1 --ep 8 --pp 1",
        {"num_gpus", "per_gpu_bytes", "components", "tokens_that_fit", "longest_context", "bound_by", "notes"},
    ),
    (
        "serve --model deepseek-v3 --gpu h800-sxm --phase decode --num-gpus 320 --tp 4 --dp 80 --ep 320 --batch 32 "
        "--context 4096 --redundant 64 --mtp 0.85 --two-micro-batches",
        {"step_s", "low_s", "high_s", "tokens_per_s_per_gpu", "tokens_per_s_per_user", "components"},
    ),
    (
        "token-cost --prefill-tokens-per-s-per-gpu 4030 --decode-tokens-per-s-per-gpu 1850 --usd-per-gpu-hour 2",
        {"usd_per_million_input", "usd_per_million_output", "break_even"},
    ),
    ("calibrate", {"how"}),
    (
        "experts --loads '[[90, 10, 20, 40], [1, 2, 3, 4]]' --replicas 6 --groups 2 --nodes 1 --gpus 2",
        {"physical_to_logical", "copies", "max_over_mean"},
    ),
    ("claims", {"claims"}),
    ("explore --list", {"explorers"}),
    ("explore cost --set num_gpus=2000", {"explorer", "controls", "metrics"}),
    (
        "sweep cost --gpu-hours 1e6 --set usd_per_gpu_hour=1:4:0.5",
        {"num_points", "num_refused", "first_refused", "columns", "rows", "files"},
    ),
]


def process(*argv, **how):
    """A command in a process of its own."""
    command = [sys.executable, "-m", "moecalc", *argv]
    return subprocess.run(command, **{"capture_output": True, "text": True, "encoding": "utf-8", **how})


def run_python(code, *argv, **how):
    """A script, without site-packages, that imports moecalc from src/."""
    command = [sys.executable, "-S", "-c", code, *argv]
    return subprocess.run(command, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True, **how)


@pytest.mark.parametrize(("line", "keys"), CONTRACT, ids=[line for line, _ in CONTRACT])
def test_json_keys(line, keys, moecalc):
    assert keys <= set(moecalc(line, "--json").json)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_every_command_works_as_text_and_as_json(name, moecalc):
    program, *argv = shlex.split(command(name).EXAMPLE)
    assert (program, argv[0]) == ("moecalc", name)
    line = shlex.join(word for word in argv if word != "--json")
    text = moecalc(line)
    assert (text.code, text.err) == (0, "") and len(text.out.splitlines()) > 1
    assert isinstance(moecalc(line, "--json").json, dict)


def test_lists_of_models_and_accelerators(moecalc):
    models = {row["slug"]: row for row in moecalc("models --json").json["models"]}
    assert all({"slug", "name", "total_params", "activated_params"} <= set(row) for row in models.values())
    assert models["deepseek-v3"]["total_params"] == 671_026_404_352
    accelerators = {row["slug"]: row for row in moecalc("accelerators --json").json["accelerators"]}
    assert {"h800-sxm", "h20", "gb200-nvl72"} <= set(accelerators)
    for slug, row in accelerators.items():
        assert slug == slug.lower() and {"name", "peak_dense_bf16_flops_per_s"} <= set(row)
    assert accelerators["h800-sxm"]["peak_dense_bf16_flops_per_s"] == 989e12


def test_components_sum(moecalc):
    params = moecalc("params --model deepseek-v3 --json").json
    assert sum(params["components"].values()) == params["total"]
    flops = moecalc("flops --model deepseek-v3 --seq-len 4096 --json").json
    assert sum(flops["components"].values()) * 3 == flops["forward_per_token"] * 3 == flops["training_per_token"]


def test_details_on_request(moecalc):
    params = moecalc("params --model deepseek-v3 --layers --tensors --json").json
    assert len(params["layers"]) == 61
    assert sum(row["total"] for row in params["tensors"]) == params["total"] + params["mtp"]
    flops = moecalc("flops --model deepseek-v3 --seq-len 4096 --operators --json").json
    assert sum(row["flops"] for row in flops["operators"]) == flops["forward_per_token"]
    assert "q_b_proj" in moecalc("flops --model deepseek-v3 --seq-len 4096 --operators").out
    assert "1536 x 24576" in moecalc("params --model deepseek-v3 --tensors").out


def test_a_peak_given_overrides_that_of_the_accelerator(moecalc):
    line = "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 14.8e12 --gpu-hours 2.664e6 --json"
    assert round(moecalc(line, "--gpu", "h800-sxm").json["mfu"], 4) == 0.3908
    given = moecalc(line, "--gpu", "h20", "--peak-tflops-per-s", 989.5).json
    assert (given["peak_flops_per_s"], round(given["mfu"], 4)) == (989.5e12, 0.3906)
    nominal = moecalc(line, "--gpu", "h800-sxm", "--num-params", "37e9").json
    assert nominal["num_params_nd"] == 37e9 and nominal["mfu_6nd"] < given["mfu"]


def test_cost_answers_what_is_asked(moecalc):
    line = "cost --gpu-hours 2.788e6 --usd-per-gpu-hour 2 --json"
    plain = moecalc(line).json
    assert plain["usd"] == plain["usd_low"] == plain["usd_high"] == 5_576_000
    assert not {"wall_days", "num_gpus_for_deadline", "usd_per_gpu_hour_for_budget"} & set(plain)
    asked = moecalc(line, "--num-gpus", 2048, "--deadline-days", 30, "--budget-usd", 1e6).json
    assert round(asked["wall_days"], 1) == 56.7
    assert asked["num_gpus_for_deadline"] == 3873
    assert round(asked["usd_per_gpu_hour_for_budget"], 3) == 0.359
    text = moecalc("cost --gpu-hours 2.788e6 --usd-per-gpu-hour 2 --num-gpus 2048 --deadline-days 30 --budget-usd 1e6").out
    assert "$5,576,000.00" in text and "56.7 days" in text and "3,873 GPUs" in text and "$0.3587 a GPU-hour" in text


def test_a_range_of_prices_is_a_range_of_costs(moecalc):
    ranged = moecalc("cost --gpu-hours 100 --usd-per-gpu-hour 1.99-5.00 --json").json
    assert (ranged["usd"], ranged["usd_low"], ranged["usd_high"]) == (None, 199, 500)
    assert (ranged["usd_per_gpu_hour_low"], ranged["usd_per_gpu_hour_high"]) == (1.99, 5)
    shown = moecalc("cost --gpu-hours 100 --usd-per-gpu-hour 1.99-5.00").out
    assert shown == "100 GPU-hours at $1.99 to $5.00: $199.00 to $500.00\n"
    assert moecalc("cost --gpu-hours 100 --gpu h800-sxm --json").json["usd"] == 200
    assert moecalc("cost --gpu-hours 1e2 --usd-per-gpu-hour 1e-2 --json").json["usd"] == 1


def test_a_config_may_be_changed_or_come_from_a_file(moecalc, tmp_path):
    record = json.loads((ROOT / "data" / "models" / "deepseek-v3.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(record["config"]))
    total = moecalc("params --json --config", tmp_path / "config.json").json["total"]
    assert total == moecalc("params --json --model deepseek-v3").json["total"]
    changes = "--set n_routed_experts=128 --set num_nextn_predict_layers=null"
    changed = moecalc(f"params --json --model deepseek-v3 {changes}").json
    assert changed["mtp"] == 0
    assert total - changed["total"] == 58 * 128 * (3 * 7168 * 2048 + 7168)


def test_version(moecalc):
    for option in ("--version", "-V"):
        assert moecalc(option).out == f"moecalc {__version__}\n"
    assert process("--version").stdout == f"moecalc {__version__}\n"


def test_help_shows_an_example_of_each_command(moecalc):
    overview = moecalc("--help").out
    assert overview == moecalc("").out == moecalc("-h").out
    for name in COMMANDS:
        assert command(name).EXAMPLE in overview and command(name).HELP in overview
        shown = process(name, "--help")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert f"usage: moecalc {name}" in shown.stdout and f"example: {command(name).EXAMPLE}" in shown.stdout


def test_python_m_prints_what_the_function_prints(moecalc):
    line = "params --model deepseek-v3 --json"
    shown = process(*line.split())
    assert (shown.returncode, shown.stderr, shown.stdout) == (0, "", moecalc(line).out)


def test_a_bare_checkout_is_enough(tmp_path):
    """Nothing but Python: no installation, no site-packages, and of the repository src/moecalc and data/ alone."""
    shutil.copytree(ROOT / "src" / "moecalc", tmp_path / "src" / "moecalc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", tmp_path / "data")
    command = [sys.executable, "-S", "-m", "moecalc", "params", "--model", "deepseek-v3", "--json"]
    shown = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)["total"] == 671_026_404_352
    (tmp_path / "data" / "models" / "deepseek-v3.json").unlink()
    shown = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": "src"}, capture_output=True, text=True)
    assert shown.returncode == 2, "it is this copy that was read"


def test_no_command_imports_anything_but_python_and_itself():
    code = """if True:
        import contextlib, io, json, shlex, sys
        from moecalc.cli import COMMANDS, command, main
        for name in COMMANDS:
            with contextlib.redirect_stdout(io.StringIO()):
                assert main(shlex.split(command(name).EXAMPLE)[1:]) == 0
        print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
    """
    roots = set(json.loads(run_python(code).stdout))
    assert "moecalc" in roots
    # the last is another name of the second, where a command took so long that it asked for more processes
    assert roots - sys.stdlib_module_names <= {"moecalc", "__main__", "__mp_main__"}


V3_ON_H20 = {"models/deepseek-v3.json", "model_types/deepseek_v3.json", "accelerators.csv", "sources.json"}
V3_FILES = {"models/deepseek-v3.json", "model_types/deepseek_v3.json"}


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("params --model deepseek-v3", V3_FILES),
        ("flops --model deepseek-v3 --seq-len 4096", V3_FILES),
        ("kv-cache --model deepseek-v3 --context 1", V3_FILES),
        ("cost --gpu-hours 1 --usd-per-gpu-hour 2", set()),
        ("cost --gpu-hours 1 --gpu h800-sxm", {"rental_prices.csv", "sources.json"}),
        (
            "mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1 --gpu-hours 1 --gpu h20",
            V3_ON_H20,
        ),
        ("mfu --model deepseek-v3 --seq-len 4096 --num-tokens 1 --gpu-hours 1 --peak-tflops-per-s 1", V3_ON_H20),
        ("memory --model deepseek-v3", V3_FILES),
        ("memory --model deepseek-v3 --gpu h20", {*V3_FILES, "accelerators.csv", "sources.json"}),
        ("pipeline --schedule 1f1b --ranks 2 --micro-batches 2 --forward 1 --backward 2", set()),
        ("accelerators", {"accelerators.csv", "sources.json"}),
        ("--version", set()),
        ("--help", set()),
        ("params --help", set()),
    ],
)
def test_only_the_data_that_is_needed_is_read(line, files):
    code = """if True:
        import contextlib, io, sys
        from moecalc.facts import tables
        from moecalc.cli import main
        opened = set()
        def note(event, args):
            if event == "open" and str(args[0]).startswith(tables.data_dir()):
                opened.add(str(args[0])[len(tables.data_dir()) + 1:])
        sys.addaudithook(note)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            assert main(sys.argv[1:]) == 0
        print(*opened, sep="\\n")
    """
    assert set(run_python(code, *line.split()).stdout.split()) == files


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("line", ["models --json", "--version", "params --help"], ids=["long", "short", "help"])
def test_a_closed_pipe_is_no_error(line, unbuffered):
    """As in `moecalc models | head -1`."""
    read, write = os.pipe()
    os.close(read)
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    shown = process(*line.split(), env=env, capture_output=False, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.parametrize("line", ["models", "claims"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_characters(line, encoding, moecalc):
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    assert process(line, env=env, encoding=encoding).returncode == 0
    assert json.loads(process(line, "--json", env=env, encoding=encoding).stdout) == moecalc(line, "--json").json
