"""Times of serving: parts that sum, counts that a second route gives, properties, bad input."""

import json
import math

import pytest

from moecalc import InputError
from moecalc.cli import main
from moecalc.hardware.accelerator import load_accelerator
from moecalc.model.config import load_model
from moecalc.serving.engines import engine
from moecalc.serving.layer_time import overlapped
from moecalc.serving.layout import ServingLayout
from moecalc.serving.served_types import ServedTypes, served_types
from moecalc.serving.step_time import Running, decode_time, prefill_time
from moecalc.serving.throughput import Point, expert_parallel, pareto, sequences_of_group, sweep

V3, LLAMA, GPT_OSS, QWEN = (load_model(name) for name in ("deepseek-v3", "llama-3.1-8b", "gpt-oss-120b", "qwen3-235b-a22b"))
H800, B200, A100 = (load_accelerator(name) for name in ("h800-sxm", "b200-sxm", "a100-sxm"))
PLAIN = Running(engine("none"))
BF16 = ServedTypes(*["bfloat16"] * 4)


@pytest.mark.parametrize("config", [V3, LLAMA, GPT_OSS, QWEN], ids=lambda config: config.name)
@pytest.mark.parametrize("gpu", [H800, B200, A100], ids=lambda one: one.slug)
def test_parts_sum_to_the_step(config, gpu):
    for found in (
        decode_time(config, gpu, ServingLayout(tp=4), 16, 2048),
        prefill_time(config, gpu, ServingLayout(tp=4), 2, 2048),
    ):
        assert math.fsum(found.components.values()) == pytest.approx(found.step_s, rel=1e-12)
        assert all(value >= 0 for value in found.components.values())
        assert found.low_s < found.step_s < found.high_s
        assert found.tokens_per_s_per_gpu > 0


def test_flops_of_prefill_are_those_of_the_anatomy():
    """A second route: tensors and scores of the model, the head once a sequence."""
    for config in (LLAMA, QWEN, V3):
        found = prefill_time(config, H800, ServingLayout(), 3, 1024).flops
        blocks = [(block, count) for block, count in config.anatomy.counted if block.name != "head"]
        each = sum(count * sum(t.flops for t in block.tensors) for block, count in blocks)
        met = sum(count * block.num_score_flops for block, count in blocks) * 1024 * 1024 / 2
        expected = 3 * (each * 1024 + met + sum(t.flops for t in config.anatomy.head.tensors))
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("phase", [prefill_time, decode_time])
def test_ep_never_changes_the_flops(phase):
    found = [phase(V3, H800, ServingLayout(1, 32, ep), 4, 1024, running=PLAIN).flops for ep in (1, 2, 8, 32)]
    spare = phase(V3, H800, ServingLayout(1, 32, 32, redundant_experts=32), 4, 1024, running=PLAIN).flops
    assert [*found, spare] == pytest.approx([found[0]] * 5, rel=1e-12)


def test_more_users_do_not_lower_the_throughput_until_memory_ends():
    """Up to the steps of whole tiles: a batch that begins a new tile may lose what the tile before had filled."""
    for layout in (ServingLayout(1, 32, 32), ServingLayout(1, 144, 144, redundant_experts=32), ServingLayout(tp=8)):
        room = sequences_of_group(V3, H800, layout, 4096, 2)
        batches = [2**power for power in range(12) if 2**power <= room]
        rates = [decode_time(V3, H800, layout, batch, 4096, PLAIN).tokens_per_s_per_gpu for batch in batches]
        assert all(after > 0.98 * before for before, after in zip(rates, rates[1:], strict=False))
        assert rates == sorted(rates) or rates[-1] > 0.98 * max(rates)


def test_a_longer_context_takes_longer():
    for config in (V3, LLAMA, GPT_OSS):
        times = [decode_time(config, H800, ServingLayout(tp=8), 32, n, PLAIN).step_s for n in (512, 8192, 131072)]
        assert times == sorted(times)


def test_few_tokens_touch_few_experts():
    one, many = (decode_time(V3, H800, ServingLayout(tp=8), batch, 1024, PLAIN).components["experts"] for batch in (1, 64))
    assert many > 5 * one


def test_two_micro_batches_hide_communication():
    layout = ServingLayout(1, 32, 32)
    for phase, batch in ((prefill_time, 8), (decode_time, 128)):
        alone = phase(V3, H800, layout, batch, 4096, running=PLAIN)
        both = phase(V3, H800, layout, batch, 4096, running=PLAIN._replace(two_micro_batches=True))
        assert both.step_s < alone.step_s and both.hidden_s > 0 and alone.hidden_s == 0
        assert both.flops == pytest.approx(alone.flops, rel=1e-12)


def test_overlap_by_hand():
    parts = {"attention": 3.0, "experts": 2.0, "dispatch": 1.0, "combine": 4.0}
    assert overlapped(parts, "decode", 132) == (
        {"attention": 6.0, "experts": 4.0, "dispatch": pytest.approx(0.8), "combine": pytest.approx(3.2)},
        6.0,
    )
    found, hidden = overlapped(parts, "prefill", 132)
    assert found["attention"] == pytest.approx(6.0 * 132 / 112) and hidden == 10.0
    assert found["dispatch"] == found["combine"] == 0.0


def test_drafts_give_more_tokens_for_a_longer_step():
    layout = ServingLayout(1, 128, 128)
    plain, drafted = (decode_time(V3, H800, layout, 32, 4096, PLAIN._replace(acceptance=a)) for a in (None, 0.85))
    assert 1 < drafted.step_s / plain.step_s < 1.85
    assert drafted.tokens_per_s_per_user * drafted.step_s == pytest.approx(1.85)
    with pytest.raises(InputError, match="MTP modules"):
        decode_time(LLAMA, H800, ServingLayout(), 1, 64, PLAIN._replace(acceptance=0.8))


def test_absorbing_is_faster_over_a_long_cache():
    layout = ServingLayout(tp=8)
    absorbed, expanded = (decode_time(V3, H800, layout, 16, 8192, PLAIN._replace(absorbed=one)) for one in (True, False))
    assert expanded.components["attention"] > 3 * absorbed.components["attention"]


def test_types():
    assert served_types(LLAMA, H800) == BF16
    assert served_types(GPT_OSS, B200).experts == "w4a8_mxfp4_mxfp8"
    assert served_types(V3, B200, "fp4").mixers == "bfloat16"
    assert served_types(V3, A100).experts == "int8_wo"
    with pytest.raises(InputError, match="weights"):
        served_types(V3, H800, "fp5")


def test_the_front_is_what_no_point_beats():
    points = sweep(V3, H800, expert_parallel(V3, (32, 64, 128), least_redundant=32), range(1, 129, 8), 4096, PLAIN)
    front = pareto(points)
    assert 3 < len(front) < len(points)
    for one in front:
        assert not any(
            other.fits
            and other.tokens_per_s_per_gpu > one.tokens_per_s_per_gpu
            and other.tokens_per_s_per_user > one.tokens_per_s_per_user
            for other in points
        )
    assert pareto([Point(ServingLayout(), 1, 1, 1, 1, False)]) == []


SERVE = "serve --model deepseek-v3 --gpu h800-sxm --phase decode --num-gpus 32 --ep 32 --batch 8 --context 4096"


@pytest.mark.parametrize(
    "change, words",
    [
        ("--batch 0", "batch must be a whole number from 1"),
        ("--context 200000", "at most 163,840 tokens"),
        ("--ep 24", "ep must divide the 32 GPUs"),
        ("--redundant 320", "redundant_experts must be at most"),
        ("--redundant 7", "ep must divide the 263 routed experts"),
        ("--dp 8", "num_gpus must be tp x dp"),
        ("--phase both", "phase must be one of"),
        ("--mtp nan", "acceptance must be"),
        ("--mtp 1.2", "acceptance must be"),
        ("--batch 1 --two-micro-batches", "a batch of at least 2"),
        ("--skew inf", "skew must be"),
        ("--all-to-all fast", "all_to_all must be one of"),
        ("--engine x", "engine must be one of"),
        ("--phase prefill --mtp 0.8", "goes with --phase decode"),
        ("--num-gpus 0", "num_gpus must be"),
    ],
)
def test_bad_input(change, words, capsys):
    assert main([*SERVE.split(), *change.split()]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_command(capsys):
    assert main([*SERVE.split(), "--mtp", "0.85", "--two-micro-batches", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert math.fsum(told["components"].values()) == pytest.approx(told["step_s"])
    assert told["tokens_per_s_per_user"] == pytest.approx(1.85 / told["step_s"])
    assert main(SERVE.split()) == 0
    assert "tokens/s per GPU" in capsys.readouterr().out
