"""The figures on what fits and on experts' copies, against the calculators and the commands."""

import json
import math
from pathlib import Path

import pytest

from moecalc import InputError, explore
from moecalc.explorers import explorer
from moecalc.explorers.serving.experts_by_copies import AFTER, BEFORE, EXAMPLE, GAIN, PUBLISHED
from moecalc.hardware.accelerator import load_accelerator

FIT, EXPERTS = "does-it-fit", "experts-by-copies"


def rows_of(name, panel, **controls):
    return [row for row in explorer(name).run(controls).rows if row["panel"] == panel]


# --- what fits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("controls", "options"),
    [
        ({}, "--model deepseek-v3 --gpu h200-sxm --context 32768 --users 64 --pp 1"),
        ({"stages": "any", "users": 512}, "--model deepseek-v3 --gpu h200-sxm --context 32768 --users 512"),
        (
            {
                "model": "llama-3.1-405b",
                "accelerator": "h100-sxm",
                "context": 8192,
                "bytes_per_element": 1,
                "weights": "fp8",
            },
            "--model llama-3.1-405b --gpu h100-sxm --context 8192 --users 64 --bytes-per-element 1 --weights fp8 --pp 1",
        ),
    ],
)
def test_the_command_says_the_same(moecalc, controls, options):
    found, told = explore(FIT, **controls)["metrics"], moecalc(f"fit {options} --json").json
    assert found["num_gpus"] == told["num_gpus"] and found["longest_context"] == told["longest_context"]
    assert found["per_gpu_bytes"] == pytest.approx(told["per_gpu_bytes"])
    assert found["cache_per_user"] == told["cache_bytes_per_user"] and found["bound_by"] == told["bound_by"]
    assert found["users_that_fit"] == told["sequences_that_fit"]


@pytest.mark.parametrize("controls", [{}, {"stages": "any"}, {"model": "llama-3.1-405b", "stages": "any"}])
def test_a_bar_is_the_memory_of_its_gpu(controls):
    metrics, bars = explore(FIT, **controls)["metrics"], rows_of(FIT, "GPUs", **controls)
    memory = load_accelerator("h200-sxm").memory_bytes
    by_gpus = {}
    for row in bars:
        by_gpus.setdefault((row["first"], row["last"]), []).append(row)
    for parts in by_gpus.values():
        assert sum(row["bytes"] for row in parts) == pytest.approx(memory, abs=5)
        assert all(row["high"] == below["low"] for row, below in zip(parts, parts[1:], strict=False))
    spans = sorted(by_gpus)
    assert spans[0][0] == 0 and all(one[1] == two[0] for one, two in zip(spans, spans[1:], strict=False))
    assert spans[-1][1] * metrics["instances"] == metrics["num_gpus"]
    free = [row["bytes"] for row in bars if row["part"] == "free"]
    assert free == sorted(free), "the first rows are the fullest GPU's"


def test_the_curve_falls_and_twice_the_gpus_reach_further():
    rows = rows_of(FIT, "reach")
    these, twice = (
        {row["users"]: row["context"] for row in rows if row["name"] == name} for name in ("these GPUs", "twice as many")
    )
    assert list(these.values()) == sorted(these.values(), reverse=True)
    assert all(twice[users] >= context for users, context in these.items())
    assert these[64] == explore(FIT)["metrics"]["longest_context"]
    # each of two halves of the users has one of two equal instances
    assert all(twice[2 * users] == context for users, context in these.items() if 2 * users in twice)


def test_where_not_one_user_fits_the_figure_says_what_lacks():
    small = {"accelerator": "typed-in", "accelerator_numbers": "bf16=1e14,memory=9e9,domain=2"}
    metrics = explore(FIT, model="llama-3.1-405b", **small)["metrics"]
    assert metrics["num_gpus"] is None and metrics["lacks"] > 0 and metrics["one_machine"] == "no"
    rows = rows_of(FIT, "GPUs", model="llama-3.1-405b", **small)
    assert any(row["bytes"] < 0 for row in rows if row["part"] == "free")


# --- experts' copies -------------------------------------------------------------------------------------------------


def test_the_example_is_that_of_eplb_itself(moecalc):
    found = explore(EXPERTS)["metrics"]
    command = f'experts --loads "[{EXAMPLE}]" --replicas 16 --groups 4 --nodes 2 --gpus 8 --json'
    told = moecalc(command).json
    assert found["max_over_mean"] == told["max_over_mean"] and found["policy"] == told["policy"] == "hierarchical"
    slots = [int(row["name"].split()[1]) for row in rows_of(EXPERTS, AFTER)]
    assert sorted(slots) == sorted(told["physical_to_logical"])
    published = json.loads((Path(__file__).parent / "truth" / "eplb.json").read_text(encoding="utf-8"))
    readme = next(case for case in published["cases"] if case["name"] == "readme")
    assert json.loads(f"[{EXAMPLE}]") == readme["loads"][0]


def test_bars_hold_all_of_the_load_before_and_after():
    for panel in (BEFORE, AFTER):
        rows = rows_of(EXPERTS, panel)
        assert sum(row["high"] - row["low"] for row in rows) == pytest.approx(8, abs=0.02)
        top = max(row["high"] for row in rows)
        key = "max_over_mean" if panel == AFTER else "max_over_mean_without"
        assert top == pytest.approx(explore(EXPERTS)["metrics"][key], abs=1e-3)


@pytest.mark.parametrize("spare", [0, 32, 256])
def test_a_perfectly_balanced_load_gains_nothing(spare):
    found = explore(EXPERTS, loads_of="even", spare=spare)
    assert found["metrics"]["gain"] == 1
    equal = explore(EXPERTS, loads="5 5 5 5 5 5 5 5", spare=0)["metrics"]
    assert equal["gain"] == equal["max_over_mean"] == 1
    assert all(row["gain"] <= 1 for row in rows_of(EXPERTS, GAIN, loads_of="even", spare=spare))


def test_a_step_that_waits_for_nobody_gains_nothing_and_more_waiting_gains_more():
    gains = [explore(EXPERTS, expert_share=share)["metrics"]["gain"] for share in (0, 35, 100)]
    assert gains[0] == 1 < gains[1] < gains[2] == pytest.approx(1.8509 / 1.2081, rel=1e-3)


def test_published_points_are_facts():
    points = {row["name"]: (row["spare"], row["gain"]) for row in rows_of(EXPERTS, PUBLISHED)}
    assert points["SGLang prefill, 32 GPUs"] == (0.125, 1.49) and points["SGLang decode, 72 GPUs"] == (0.125, 2.54)
    assert points["R1's loads, 32 to 36 GPUs"][1] == pytest.approx(2.564272 / 1.115378, abs=1e-3)


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ({"loads": "1"}, "2 to 1,024 numbers"),
        ({"loads": "1, x"}, "numbers with commas"),
        ({"loads": "1, nan"}, "load of expert 1"),
        ({"loads": "1, -2"}, "load of expert 1"),
        ({"gpus": 6, "nodes": 4}, "nodes must divide"),
    ],
)
def test_bad_loads_get_a_sentence(controls, said):
    with pytest.raises(InputError, match=said) as caught:
        explore(EXPERTS, **controls)
    assert "\n" not in str(caught.value)


def test_loads_of_nothing_are_balanced():
    metrics = explore(EXPERTS, loads="0 0 0 0", spare=4)["metrics"]
    assert metrics["gain"] == 1 and math.isclose(metrics["max_over_mean"], 1)
