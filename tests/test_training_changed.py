"""How training changed: published runs, V3's run under other practices, reinforcement learning."""

import pytest

from moecalc.base.errors import InputError
from moecalc.explorers import explorer
from moecalc.facts import tables
from moecalc.industry.rl_compute import r1_fact, r1_zero_answers, r1_zero_rollout, rl_flops, rl_time
from moecalc.industry.training_history import BENCHMARK, DENSE, GENERATIONS, MOE, RUN, chip_of, training_history
from moecalc.industry.v3_practices import CHIPS_2026, dense_model, practices, run_cost
from moecalc.model.config import load_model
from moecalc.model.flops import training_flops_per_token
from moecalc.model.params import num_activated_params

HISTORY = {run.slug: run for run in training_history("all")}
V3 = load_model("deepseek-v3")
TOKENS = tables.lookup("training_runs", "dsv3-pretrain", "num_tokens").to("tokens")
PRACTICE = tables.by_subject("training_practice")


@pytest.mark.parametrize("slug", HISTORY)
def test_hours_of_a_run_follow_from_its_row(slug):
    run, facts = HISTORY[slug], tables.by_subject("training_runs")[slug]
    if run.num_tokens:
        assert run.gpu_hours_per_t_tokens * run.num_tokens / 1e12 == pytest.approx(facts["gpu_hours"].to("GPU-hours"))
    assert 0 < run.mfu(True) < 1 and run.mfu(True) <= run.mfu()
    assert run.what in (RUN, BENCHMARK) and run.generation in GENERATIONS and len(run.date) >= 7


def test_v3s_hours_for_a_trillion_tokens_are_as_published():
    printed = tables.lookup("training_runs", "dsv3-pretrain", "gpu_hours_per_t_tokens").value
    assert HISTORY["dsv3-pretrain"].gpu_hours_per_t_tokens == pytest.approx(printed, rel=1e-12)
    assert HISTORY["dsv3-pretrain"].kind == MOE


def test_6nd_is_below_what_is_published_by_other_conventions():
    both = [run for run in HISTORY.values() if run.published_mfu]
    assert len(both) >= 3 and all(run.mfu() < run.published_mfu for run in both)


def span_of(generation, kind):
    each = [run.gpu_hours_per_t_tokens / run.activated_params for run in HISTORY.values()
            if (run.generation, run.kind) == (generation, kind)]  # fmt: skip
    return min(each), max(each)


def test_which_ranges_overlap_as_the_page_says():
    hopper, blackwell = ({kind: span_of(name, kind) for kind in (DENSE, MOE)} for name in ("Hopper", "Blackwell"))
    assert all(blackwell[kind][1] < hopper[kind][0] for kind in (DENSE, MOE))
    assert blackwell[DENSE][1] < blackwell[MOE][0]
    assert hopper[DENSE][0] < hopper[MOE][1] and hopper[MOE][0] < hopper[DENSE][1]
    assert hopper[DENSE][1] > span_of("Ampere", DENSE)[0]


def test_a_choice_without_rows_is_told_and_drawn():
    found = explorer("training-history").run({"kind": MOE, "generation": "TPU"})
    assert found.metrics["num_runs"] == 0 and len(found.rows) == 1 and found.rows[0]["drawn"]


@pytest.mark.parametrize(("words", "slug"), [("H100-80GB (700 W)", "h100-sxm"), ("GB300", "gb300-nvl72"), ("V100", None)])
def test_an_accelerator_by_its_words(words, slug):
    assert chip_of(words) == slug


def test_the_dense_model_has_v3s_activated_parameters():
    assert num_activated_params(dense_model()) == pytest.approx(num_activated_params(V3), rel=0.002)


@pytest.mark.parametrize("chip", CHIPS_2026)
@pytest.mark.parametrize("ep", [8, 64])
def test_every_practice_fits_and_its_time_adds_up(chip, ep):
    for practice in practices(chip, ep):
        found = run_cost(practice, TOKENS)
        parts = found.computing + found.small + found.bubble + found.between + found.waiting
        assert found.step.fits, practice.name
        assert parts == pytest.approx(1) and found.waiting > 0, practice.name
        assert found.low_gpu_hours < found.gpu_hours < found.high_gpu_hours


def test_what_was_measured_lies_within_the_interval():
    known = [run_cost(practice, TOKENS) for chip in CHIPS_2026 for practice in practices(chip)]
    held = [one for one in known if one.measured_gpu_hours]
    assert len(held) > len(CHIPS_2026)
    assert all(one.low_gpu_hours < one.measured_gpu_hours < one.high_gpu_hours for one in held)


def test_hours_are_linear_in_tokens():
    one, two = (run_cost(practices()[4], tokens) for tokens in (1e12, 2e12))
    assert two.gpu_hours == pytest.approx(2 * one.gpu_hours) and two.measured_gpu_hours == 2 * one.measured_gpu_hours


def test_r1s_published_numbers_agree_with_each_other():
    assert r1_fact("group_size").value * r1_fact("questions_per_step").value == r1_fact("answers_per_step").value
    parts = [PRACTICE[name]["gpu_hours"].value for name in (
        "DeepSeek-R1-Zero", "DeepSeek-R1", "DeepSeek-R1, SFT data")]  # fmt: skip
    whole = PRACTICE["DeepSeek-R1, in all"]
    assert sum(parts) == whole["gpu_hours"].value and 2 * whole["gpu_hours"].value == whole["usd"].value
    assert tables.lookup("training_runs", "dsr1-rl", "gpu_hours").value == whole["gpu_hours"].value


def test_a_token_is_generated_once_and_trained_on_once():
    found = rl_flops(V3, r1_zero_answers(), 5355)
    forward = training_flops_per_token(V3, 5355) / 3
    assert found.total == pytest.approx(found.num_tokens * forward * 6)
    assert rl_flops(V3, 1, 5355, passes=0).generation_share == pytest.approx(1 / 4)


def test_r1_zero_took_many_times_the_hours_of_its_arithmetic():
    """At rates of pre-training and of full decoding units, ten thousand tokens an answer are a third of the hours."""
    rate = PRACTICE["RL step of a V3-class model"]["generation_rate"].value
    time = rl_time(rl_flops(V3, r1_zero_answers(), 10_000), rate, 0.35 * 989e12)
    assert time.total < r1_fact("gpu_hours").value / 2
    assert 20 < r1_zero_rollout().tokens_per_s < 40


@pytest.mark.parametrize(
    "call",
    [
        lambda: practices("h100-sxm"),
        lambda: practices(ep_2022=16),
        lambda: run_cost(practices()[0], 0),
        lambda: rl_flops(V3, 0, 100),
        lambda: rl_flops(V3, 1, 100, 3),
        lambda: rl_time(rl_flops(V3, 1, 100), 0, 1),
    ],
)
def test_what_is_not_accepted_is_named(call):
    with pytest.raises(InputError):
        call()
