"""Times of training steps: parts that sum, schedules against their simulation, published steps, the command, bad input."""

import functools
import json
import math
import random

import pytest

from moecalc import InputError, load_model, read_accelerator
from moecalc.cli import main
from moecalc.facts import tables
from moecalc.model.anatomy import Block
from moecalc.training.activation_policy import V3_RECOMPUTE, ActivationPolicy
from moecalc.training.layout import Layout
from moecalc.training.memory import Batch, memory
from moecalc.training.pipeline.orders import Pipeline
from moecalc.training.pipeline.simulate import Durations, simulate
from moecalc.training.step import num_micro_batches, training_step
from moecalc.training.timing import schedule
from moecalc.training.timing.balance import balanced
from moecalc.training.timing.device import timer_of
from moecalc.training.timing.layer import Sizes, computing
from moecalc.training.timing.network import keys_and_values
from moecalc.training.timing.parameters import SOURCED, TABLE, StepParameters, step_parameters
from moecalc.training.timing.settings import Running, overlap_of
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.training_cases import METRICS, case_run
from moecalc.validation.training_runs import predicted_step

V3, LLAMA = load_model("deepseek-v3"), load_model("llama-3.1-8b")
H800, H100, B200 = (read_accelerator(name) for name in ("h800-sxm", "h100-sxm", "b200-sxm"))
OWN = Layout(pp=16, ep=64, dp=128, schedule="dualpipe", layers_per_stage=(4,) * 15 + (1,))
OWN_POLICY = ActivationPolicy(V3_RECOMPUTE, "fp8", True)
TYPED = "name=mine,bf16=400e12,fp8=800e12,hbm=2e12,memory=64e9,scale_up=300e9,scale_out=50e9,domain=8"


def v3_step(**changes):
    layout = changes.pop("layout", OWN)
    return training_step(V3, H800, layout, "deepseek-v3", Batch(1, 4096), OWN_POLICY, 15360, **changes)


def dense_step(accelerator=H100, layout=None, recipe="bf16", micro_batch=1, global_batch=64, **changes):
    layout = layout or Layout(dp=8)
    return training_step(LLAMA, accelerator, layout, recipe, Batch(micro_batch, 8192), global_batch=global_batch, **changes)


@pytest.mark.parametrize("tp", [1, 4])
def test_context_parallelism_sends_keys_and_values_of_heads_and_not_latents(tp):
    """Each GPU projects its own tokens up alone, so that what travels is what comes out of it."""
    latent = keys_and_values(V3.anatomy.layers[-1], Sizes(1, 4096, tp, 2, 64, 1, True, 1, False, (), False))
    assert latent == 128 // tp * (128 + 64 + 128)
    grouped = keys_and_values(LLAMA.anatomy.layers[0], Sizes(1, 4096, tp, 2, 1, 1, True, 1, False, (), False))
    assert grouped == 8 // tp * 2 * 128


class TestParts:
    @pytest.mark.parametrize("step", [v3_step(), dense_step(), dense_step(layout=Layout(pp=2, dp=4))])
    def test_sum_to_the_step(self, step):
        assert sum(step.components) == pytest.approx(step.step_s)
        assert all(part >= 0 for part in step.components)
        assert step.low_s < step.step_s < step.high_s

    def test_tokens_and_utilisation_follow_from_the_time(self):
        step = dense_step()
        assert step.num_tokens == 64 * 8192
        assert step.tokens_per_s_per_gpu == pytest.approx(step.num_tokens / 8 / step.step_s)
        assert step.mfu == pytest.approx(step.flops_per_s_per_gpu / H100.peak_dense_bf16_flops_per_s)

    def test_memory_is_that_of_the_memory_calculator(self):
        batch = Batch(1, 4096, 120)
        assert v3_step().memory == memory(V3, OWN, "deepseek-v3", batch, OWN_POLICY, memory_bytes=H800.memory_bytes)

    def test_only_schedules_that_pair_overlap(self):
        assert v3_step().components.overlapped > 0 and v3_step().components.weight > 0
        assert dense_step(layout=Layout(pp=2, dp=4)).components.overlapped == 0


class TestMoves:
    """What makes a step longer or shorter, whatever the parameters are."""

    def test_more_micro_batches_take_longer_and_waste_less(self):
        layout = balanced(LLAMA, Layout(pp=4, dp=2), 8192)
        few, many = (dense_step(layout=layout, global_batch=size) for size in (16, 128))
        assert many.step_s > few.step_s and many.mfu > few.mfu
        assert many.components.bubble / many.step_s < few.components.bubble / few.step_s

    def test_overlap_never_lengthens(self):
        everything = Running(("tp", "cp", "ep", "dp", "pp"))
        for layout in (Layout(tp=8, dp=2), Layout(cp=2, dp=8), Layout(pp=2, dp=8)):
            none, all_of_them = (dense_step(layout=layout, running=one) for one in (Running(()), everything))
            assert all_of_them.step_s <= none.step_s

    def test_graphs_and_fusion_never_lengthen(self):
        plain, graphs, fused = (v3_step(running=one) for one in (Running(), Running(graphs=True), Running(fused=True)))
        assert graphs.step_s < plain.step_s and fused.step_s < plain.step_s
        assert fused.inside.elementwise < plain.inside.elementwise

    def test_recompute_costs_what_the_forward_pass_costs(self):
        kept, again = (
            training_step(LLAMA, H100, Layout(dp=8), "bf16", Batch(1, 8192), ActivationPolicy(names), 64)
            for names in ((), ("full",))
        )
        assert again.components.backward - kept.components.backward == pytest.approx(kept.components.forward, rel=0.2)

    def test_fp8_is_faster_than_bf16(self):
        fp8 = dense_step(recipe="weights=fp8+bf16,gradients=4,master=4,moments=8")
        assert fp8.step_s < dense_step().step_s

    def test_faster_chips_take_less_time(self):
        assert dense_step(B200).step_s < dense_step().step_s < dense_step(read_accelerator("a100-sxm")).step_s

    def test_slower_links_take_more_time(self):
        slow = H800._replace(scale_out_bandwidth_bytes_per_s=H800.scale_out_bandwidth_bytes_per_s / 8)
        step = training_step(V3, slow, OWN, "deepseek-v3", Batch(1, 4096), OWN_POLICY, 15360)
        assert step.step_s > v3_step().step_s

    def test_skewed_routing_takes_longer(self):
        assert v3_step(skew=1.5).step_s > v3_step().step_s

    def test_zero_3_gathers_in_each_micro_batch(self):
        slow = H100._replace(scale_up_bandwidth_bytes_per_s=5e9)
        one, three = (dense_step(slow, Layout(dp=8, zero=stage), global_batch=256) for stage in (1, 3))
        assert three.components.exposed_communication > one.components.exposed_communication


class TestWhatRuns:
    """Work that only some programs and models have."""

    def test_full_recomputation_leaves_the_head_out(self):
        policies = ActivationPolicy(), ActivationPolicy(("full",))
        plain, full = (dense_step(layout=Layout(dp=8), policy=policy).components for policy in policies)
        assert full.forward == pytest.approx(plain.forward)
        assert 0.8 * plain.forward < full.backward - plain.backward < 0.97 * plain.forward

    def test_biases_of_experts_take_time(self):
        oss = load_model("gpt-oss-120b")
        block = next(layer for layer in oss.anatomy.layers if layer.num_routed_experts > 1)
        without = [tensor for tensor in block.tensors if tensor.name != "down_proj.bias"]
        sizes = Sizes(1, 4096, 1, 1, 8, 1, True, 1, False, (), False)
        for fused in (False, True):
            timer = timer_of(H100, "", 0, fused, False, step_parameters())
            both = [
                computing(one, sizes, timer, oss.hidden_size) for one in (block, Block(block.name, without, block.scores))
            ]
            assert both[0].elementwise > 1.1 * both[1].elementwise and both[0].experts == both[1].experts

    def test_block_scales_slow_gradients_of_weights(self):
        found = step_parameters()
        slow, plain = (timer_of(H800, "fp8_block", 0, False, False, one) for one in (found, found._replace(weight_blocks=1)))
        sizes = 4096, 7168, 2048
        assert slow.weight_product(*sizes, True) == pytest.approx(plain.weight_product(*sizes, True) / found.weight_blocks)
        assert slow.weight_product(*sizes, False) == plain.weight_product(*sizes, False)
        assert slow.product(*sizes, True) == plain.product(*sizes, True)


class TestSchedule:
    """One pass over a fixed order gives the times of the event simulation."""

    @pytest.mark.parametrize(
        "pipeline",
        [
            Pipeline("1f1b", 4, 9),
            Pipeline("zb1p", 8, 20),
            Pipeline("dualpipe", 8, 20),
            Pipeline("dualpipev", 4, 20),
            Pipeline("interleaved", 4, 16, 3),
        ],
    )
    def test_equals_the_simulation(self, pipeline):
        stages = [schedule.StageTimes(1.0, 1.3, 0.8)] * pipeline.num_stages
        ran = schedule.run_pipeline(pipeline, stages, lambda ahead, back: 2.9, 0.05)
        simulated = simulate(pipeline, Durations(1.0, 2.1, 0.8, 2.9), 0.05)
        assert ran.makespan == pytest.approx(simulated.makespan)
        assert [one.bubble for one in ran.ranks] == pytest.approx(simulated.bubble)
        assert ran.mean.bubble == pytest.approx(sum(simulated.bubble) / pipeline.ranks)

    def test_long_runs_are_near_to_their_simulation(self, monkeypatch):
        draw = random.Random(7)
        for pipeline in (Pipeline("1f1b", 8, 200), Pipeline("zb1p", 8, 100), Pipeline("interleaved", 4, 64, 4)):
            stages = [
                schedule.StageTimes(*(draw.uniform(*ends) for ends in ((1, 1.5), (1.3, 1.9), (0.8, 1.1))))
                for _ in range(pipeline.num_stages)
            ]
            found = []
            for most in (500, 10**9):
                monkeypatch.setattr(schedule, "MOST", most)
                found.append(schedule.run_pipeline(pipeline, stages, None, 0.05).makespan)
            assert found[0] == pytest.approx(found[1], rel=0.01)

    def test_layers_are_dealt_out_evenly_in_time(self):
        assert balanced(V3, OWN._replace(layers_per_stage=None), 4096) == OWN
        even = balanced(LLAMA, Layout(pp=4, dp=2), 8192).layers_per_stage
        assert sum(even) == 32 and even[-1] < even[0]


class TestTyped:
    def test_says_that_its_interval_is_wider(self):
        mine = dense_step(read_accelerator(TYPED))
        known = dense_step()
        assert mine.high_s / mine.low_s > known.high_s / known.low_s
        assert any("mine" in note for note in mine.notes)

    def test_needs_what_the_layout_crosses(self):
        without = read_accelerator(TYPED.replace(",scale_up=300e9", ""))
        with pytest.raises(InputError, match="no scale-up bandwidth"):
            dense_step(without, Layout(tp=8))

    @pytest.mark.parametrize("more", ["launch=30e-6", "products=0.5", "attention=0.5", "bandwidth=0.5"])
    def test_what_was_measured_of_it_reaches_the_step(self, more):
        plain, own = (dense_step(read_accelerator(text)) for text in (TYPED, f"{TYPED},{more}"))
        assert own.step_s > 1.005 * plain.step_s

    def test_what_is_usual_of_its_generation_changes_nothing(self):
        plain, own = (dense_step(read_accelerator(text)) for text in (TYPED, f"{TYPED},products=1,attention=1,bandwidth=1"))
        assert own.step_s == pytest.approx(plain.step_s)


class TestCommand:
    LINE = "step --model llama-3.1-8b --gpu h100-sxm --tp 2 --dp 4 --global-batch 64 --seq-len 8192 --recipe bf16"

    def test_prints_the_step(self, capsys):
        assert main([*self.LINE.split(), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        step = training_step(LLAMA, H100, Layout(tp=2, dp=4), "bf16", Batch(1, 8192), global_batch=64)
        assert told["step_s"] == step.step_s and told["low_s"] == step.low_s and told["high_s"] == step.high_s
        assert told["components"] == step.components._asdict() and told["mfu"] == step.mfu
        assert sum(told["components"].values()) == pytest.approx(told["step_s"])
        assert told["memory"]["per_gpu_bytes"] == step.memory.fullest.counted

    def test_takes_what_the_program_does(self, capsys):
        told = {}
        for words in ("", "--graphs yes --fused yes", "--eager yes", "--overlap none"):
            assert main([*self.LINE.split(), *words.split(), "--json"]) == 0
            told[words] = json.loads(capsys.readouterr().out)["step_s"]
        assert told["--graphs yes --fused yes"] < told[""] < min(told["--eager yes"], told["--overlap none"])

    def test_deals_layers_out(self, capsys):
        line = "step --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --schedule dualpipe --global-batch 15360"
        told = {}
        for word in ("yes", "no"):
            assert main([*line.split(), "--recipe", "deepseek-v3", "--balanced", word, "--json"]) == 0
            told[word] = json.loads(capsys.readouterr().out)
        assert told["yes"]["layout"]["layers_per_stage"][-1] == 1
        assert told["yes"]["components"]["bubble"] < told["no"]["components"]["bubble"]

    def test_prints_a_table(self, capsys):
        assert main(self.LINE.split()) == 0
        assert "s a step" in capsys.readouterr().out

    def test_a_layout_that_does_not_fit_is_an_answer(self, capsys):
        line = "step --model deepseek-v3 --gpu h100-sxm --ep 8 --dp 8 --global-batch 64 --recipe bf16 --json"
        assert main(line.split()) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["memory"]["fits"] is False and any("does not fit" in note for note in told["notes"])

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (
                ["--global-batch", "63"],
                "global_batch must be a multiple of DP x micro_batch = 4 x 1 = 4; found 63, 60 and 64",
            ),
            (["--gpu", "a100-sxm", "--recipe", "deepseek-v3"], "has no FP8 peak"),
            (["--overlap", "tp,zp"], "overlap must be one of"),
            (["--gpus-per-node", "0"], "gpus_per_node must be a whole number"),
            (["--tp", "3"], "tp must divide the 32 attention heads"),
            (["--num-micro-batches", "7"], "global_batch 64 makes 16 micro-batches; found 7"),
            (["--gpu", "bf16=1e15,hdm=2e12"], "an accelerator has no key 'hdm'"),
        ],
    )
    def test_bad_input_is_one_sentence(self, capsys, change, said):
        assert main([*self.LINE.split(), *change]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


def test_overlap_is_read_from_words():
    assert overlap_of("dp,ep") == ("dp", "ep") and overlap_of("none") == () and overlap_of(None) is None
    assert num_micro_batches(Layout(dp=4), Batch(2), 64) == 8


class TestParameters:
    """Each has its source or the runs that it was fitted on, and none of these runs is held out."""

    FACTS = tables.by_subject(TABLE)["all"]

    @pytest.mark.parametrize("name", StepParameters._fields)
    def test_has_a_source_or_rows(self, name):
        fact = self.FACTS[name.removesuffix("_s")]
        assert fact.source and fact.locator
        assert name in SOURCED or fact.locator.endswith("marked fitted")

    def test_table_has_no_other(self):
        more = {
            "accelerators",
            "fitted_on",
            "held_out_inside",
            "spread",
            "spread_by_layout",
            *(f"{use}_{what}" for use in ("fitted", "held_out") for what in ("rows", "mean_error")),
        }
        assert set(self.FACTS) - more == {name.removesuffix("_s") for name in StepParameters._fields}

    def test_the_spread_is_that_of_the_cases(self):
        logs = [math.log(step.step_s / run_s) for step, run_s, _ in measured_steps()]
        spread = 100 * math.sqrt(sum(one * one for one in logs) / len(logs))
        assert spread == pytest.approx(self.FACTS["spread"].value, rel=0.02)
        assert self.FACTS["spread_by_layout"].value < spread

    def test_none_was_fitted_on_a_held_out_run(self):
        uses = {row["subject"]: row["use"] for row in tables.rows("training_cases")}
        fitted_on = self.FACTS["fitted_on"].value.split()
        assert {uses[subject] for subject in fitted_on} == {FITTED}
        assert len(fitted_on) == self.FACTS["fitted_rows"].value
        assert len(StepParameters._fields) - len(SOURCED) <= len(fitted_on) / 10

    def test_held_out_runs_lie_in_intervals_of_fitted_ones(self):
        own = [facts["measured_over_predicted"] for name, facts in tables.by_subject(TABLE).items() if name != "all"]
        assert own and all(fact.locator.endswith("marked fitted") for fact in own)
        inside = [step.low_s <= run_s <= step.high_s for step, run_s, use in measured_steps() if use == HELD_OUT]
        assert len(inside) > 100 and sum(inside) / len(inside) >= 0.8
        assert 100 * sum(inside) / len(inside) == pytest.approx(self.FACTS["held_out_inside"].value, abs=2)

    def test_held_out_errors_are_those_of_the_table(self):
        errors = [abs(step.step_s / run_s - 1) for step, run_s, use in measured_steps() if use == HELD_OUT]
        assert 100 * sum(errors) / len(errors) == pytest.approx(self.FACTS["held_out_mean_error"].value, rel=0.02)


@functools.cache
def measured_steps() -> list:
    """(predicted step, measured seconds, fitted or held out) of every run that measures whole steps."""
    found = []
    for row in tables.rows("training_cases"):
        if row["quantity"] in METRICS and row["value"] != "training_runs" and "known regression" not in row["note"]:
            try:
                step, *_ = predicted_step(case_run(row))
            except InputError:
                continue
            value = float(row["value"])
            tokens = step.num_tokens / step.num_gpus
            found.append((step, value if row["quantity"] == "step_time" else tokens / value, row["use"]))
    return found
