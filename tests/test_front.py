"""The front page: its figure, the bar of verdicts, the cards, and what it says we found."""

import json

import pytest

from moecalc import InputError, explore, load_model

NAME = "what-would-it-take"


def took(**controls) -> dict:
    return explore(NAME, **controls)["metrics"]


# --- its figure ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "published", "digits"),
    [
        ("gpu_hours", 2664, -3),
        ("usd", 5328, -3),
        ("wall_days", 54.2, 1),
        ("total", 671, -9),
        ("kv_bytes_per_token", 70_272, 0),
    ],
)
def test_the_defaults_are_the_published_run(metric, published, digits):
    """The report's Table 1, and the days and cache that it and its successor name; rounded as they are printed."""
    value = took()[metric]
    assert round(value, digits) == pytest.approx(published * 10 ** max(0, -digits), rel=1e-12)


#: A state of the figure, and the options by which the command line counts the same.
CASES = [
    {},
    {"model": "llama-3.1-405b", "accelerator": "h100-sxm", "num_tokens": 15.6, "num_gpus": 16_000, "seq_len": 8192},
    {"model": "qwen3-next-80b-a3b", "accelerator": "a100-sxm", "mfu": 20, "bytes_per_element": 1, "usd_per_gpu_hour": 1.5},
]


@pytest.mark.parametrize("controls", CASES, ids=lambda case: case.get("model", "defaults"))
def test_the_commands_say_the_same(controls, moecalc):
    """A second route: each number by the command that is about it, the utilisation found again from the hours."""
    told = explore(NAME, **controls)
    state, metrics = told["controls"], told["metrics"]
    model = f"--model {state['model']}"
    params = moecalc(f"params {model} --json").json
    flops = moecalc(f"flops {model} --seq-len {state['seq_len']} --json").json
    cache = moecalc(
        f"kv-cache {model} --context {state['seq_len']} --bytes-per-element {state['bytes_per_element']} --json"
    ).json
    hours, tokens = metrics["gpu_hours"], state["num_tokens"] * 1e12
    run = f"--seq-len {state['seq_len']} --num-tokens {tokens} --gpu-hours {hours} --gpu {state['accelerator']}"
    mfu = moecalc(f"mfu {model} {run} --json").json
    cost = moecalc(f"cost --gpu-hours {hours} --usd-per-gpu-hour {state['usd_per_gpu_hour']} --json").json
    assert (metrics["total"], metrics["activated"]) == (params["total"], params["activated"])
    assert metrics["training_flops_per_token"] == flops["training_per_token"]
    assert metrics["kv_bytes_per_token"] == cache["bytes_per_token"]
    assert mfu["mfu"] == pytest.approx(state["mfu"] / 100, rel=1e-12)
    assert metrics["usd"] == pytest.approx(cost["usd"], rel=1e-12)
    assert metrics["wall_days"] * 24 * state["num_gpus"] == pytest.approx(hours, rel=1e-12)
    assert metrics["tokens_per_s"] * metrics["wall_days"] * 86_400 == pytest.approx(tokens, rel=1e-12)


def test_a_pasted_config_wins_and_an_empty_one_does_not():
    pasted = json.dumps(load_model("llama-3.1-8b").raw)
    assert took(config=pasted) == took(model="llama-3.1-8b")
    assert took(config=" \n") == took()
    with pytest.raises(InputError):
        took(config='{"model_type": "gemma"}')
