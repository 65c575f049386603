"""The stages of training: published numbers, and what must hold for any schedule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import load_accelerator, load_model
from moecalc.base.errors import InputError
from moecalc.explorers import explorer
from moecalc.facts import tables
from moecalc.model.flops import training_flops_per_token
from moecalc.training.hyperparameters import (
    batch_size,
    bias_update_speed,
    learning_rate,
    mtp_weight,
    stage_name,
    steps_done,
    tokens_after_warm_up,
    v3_schedule,
)
from moecalc.training.phases import Phase, phase_tokens, phases_flops, phases_mfu, v3_extension, v3_pretraining

V3 = load_model("deepseek-v3")
SCHEDULE = v3_schedule()
PEAK = load_accelerator("h800-sxm").peak_dense_bf16_flops_per_s
positions = st.floats(0, SCHEDULE.num_tokens)


# --- context extension


def test_a_token_of_the_extension():
    """465 and 1,202 GFLOPs, causal; 4,096 tokens take 250."""
    by_length = [training_flops_per_token(V3, phase.seq_len) / 1e9 for phase in (v3_pretraining(), *v3_extension())]
    assert [round(one) for one in by_length] == [250, 465, 1202]


def test_utilisation_of_the_extension_depends_on_the_mask():
    shares = [100 * phases_mfu(V3, v3_extension(), 119e3, 989.5e12, causal) for causal in (True, False)]
    assert shares == [pytest.approx(24.7, abs=0.05), pytest.approx(43.0, abs=0.05)]


def test_utilisation_of_the_extension_step_by_step():
    """A second route, from the numbers of section 4.3 alone."""
    d = 1000 * 1920 * 32768
    assert d == 1000 * 480 * 131072
    products = 3 * 2 * 36_618_000_000
    for causal, halved in ((True, 2), (False, 1)):
        scores = [3 * 2 * 61 * 128 * (192 + 128) * s / halved for s in (32768, 131072)]
        flops = d * sum(products + one for one in scores)
        found = phases_mfu(V3, v3_extension(), 119e3, PEAK, causal)
        assert found == pytest.approx(flops / (119e3 * 3600 * PEAK), rel=1e-3)


def test_pretraining_is_what_the_page_on_mfu_finds():
    assert 100 * phases_mfu(V3, [v3_pretraining()], 2.664e6, 989.5e12) == pytest.approx(39.06, abs=0.005)


@given(st.integers(1, 10**6), st.integers(1, 10**5), st.integers(1, 10**6), st.booleans())
def test_phases_add_up(steps, batch, seq_len, causal):
    one = Phase("a", phase_tokens(steps, batch, seq_len), seq_len)
    other = Phase("b", 10**9, 4096)
    both = phases_flops(V3, [one, other], causal)
    assert both == pytest.approx(phases_flops(V3, [one], causal) + phases_flops(V3, [other], causal), rel=1e-12)
    assert phases_flops(V3, [one], True) < phases_flops(V3, [one], False)
    assert phases_mfu(V3, [one], 2e5, PEAK) == pytest.approx(phases_mfu(V3, [one], 1e5, PEAK) / 2, rel=1e-12)


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1.5, 1, 1), (True, 1, 1), (1, 1, 10**10)])
def test_sizes_that_are_none(sizes):
    with pytest.raises(InputError, match="must be a whole number"):
        phase_tokens(*sizes)


# --- the schedule


def test_the_parts_of_the_schedule_make_up_the_tokens():
    """10 + 4.3 + 0.333 + 0.167 T tokens are the 14.8 T of the whole."""
    rate = tables.by_subject("v3_report")["learning rate"]
    parts = ("constant_until", "cosine_tokens", "constant_tokens_4", "constant_tokens_5")
    assert sum(rate[part].to("B tokens") for part in parts) == pytest.approx(14_800)


PUBLISHED = [
    # position in T tokens: batch, learning rate, gamma, lambda (section 4.2 of the report)
    (0, 3072, 0, 0.001, 0.3),
    (0.469, 15360, 2.2e-4, 0.001, 0.3),
    (9.99, 15360, 2.2e-4, 0.001, 0.3),
    (10.01, 15360, 2.2e-4, 0.001, 0.1),
    (14.31, 15360, 2.2e-5, 0.0, 0.1),
    (14.62, 15360, 2.2e-5, 0.0, 0.1),
    (14.64, 15360, 7.3e-6, 0.0, 0.1),
    (14.8, 15360, 7.3e-6, 0.0, 0.1),
]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row[0]} T")
def test_published_settings(row):
    at = row[0] * 1e12
    found = [one(at, SCHEDULE) for one in (batch_size, learning_rate, bias_update_speed, mtp_weight)]
    assert found == [pytest.approx(one, rel=1e-4) for one in row[1:]]


def test_where_gamma_and_lambda_change_the_rate_does():
    assert SCHEDULE.bias_fixed_from == pytest.approx(SCHEDULE.decayed_at, abs=1) == pytest.approx(14.3e12)
    assert SCHEDULE.mtp_weight_until == SCHEDULE.constant_until == 10e12


def test_the_warm_up_takes_2000_steps():
    end = tokens_after_warm_up(SCHEDULE)
    assert steps_done(end, SCHEDULE) == pytest.approx(2000)
    assert learning_rate(end, SCHEDULE) == pytest.approx(2.2e-4)
    assert stage_name(0.99 * end, SCHEDULE) == "warm-up"
    assert stage_name(1.01 * end, SCHEDULE) == "constant at the peak"


def test_steps_counted_one_by_one():
    """A second route: a step after another, each with the batch of its position."""
    tokens, steps = 0.0, 0
    while tokens < SCHEDULE.ramp_tokens:
        tokens += batch_size(tokens, SCHEDULE) * SCHEDULE.seq_len
        steps += 1
    assert steps == pytest.approx(steps_done(SCHEDULE.ramp_tokens, SCHEDULE), abs=2)


@given(positions, positions)
def test_the_schedule_is_orderly(one, other):
    one, other = sorted((one, other))
    assert batch_size(one, SCHEDULE) <= batch_size(other, SCHEDULE)
    assert steps_done(one, SCHEDULE) <= steps_done(other, SCHEDULE)
    assert bias_update_speed(one, SCHEDULE) >= bias_update_speed(other, SCHEDULE)
    assert mtp_weight(one, SCHEDULE) >= mtp_weight(other, SCHEDULE)
    assert 0 <= learning_rate(one, SCHEDULE) <= SCHEDULE.peak_rate
    if one >= SCHEDULE.constant_until:
        assert learning_rate(one, SCHEDULE) >= learning_rate(other, SCHEDULE)


@given(st.integers(1, 20_000))
def test_a_batch_that_does_not_grow(size):
    flat = SCHEDULE._replace(batch_size_at_start=size, batch_size_at_end=size)
    assert steps_done(flat.num_tokens, flat) == pytest.approx(flat.num_tokens / (size * 4096))
    if 2000 * size * 4096 <= flat.ramp_tokens:
        assert tokens_after_warm_up(flat) == pytest.approx(2000 * size * 4096)


@pytest.mark.parametrize("at", [-1, 14.9e12, math.nan, "1"])
def test_positions_outside(at):
    with pytest.raises(InputError, match="num_tokens must be"):
        learning_rate(at, SCHEDULE)


# --- the figures


def test_shares_of_the_stages():
    rows = {(row["stage"], row["series"]): row["share"] for row in explorer("training-stages").run().rows}
    hours = [rows[stage, "GPU-hours"] for stage in ("pre-training", "context extension", "post-training")]
    assert [round(100 * one, 2) for one in hours] == [95.55, 4.27, 0.18]
    for series in ("GPU-hours", "FLOPs", "tokens"):
        assert sum(share for (_, one), share in rows.items() if one == series and share) == pytest.approx(1)
    assert rows["post-training", "tokens"] is rows["post-training", "FLOPs"] is None


def test_twice_the_steps_of_the_extension():
    once, twice = (explorer("training-stages").run({"num_steps": steps}).metrics for steps in (1000, 2000))
    assert twice["extension_tokens"] == 2 * once["extension_tokens"]
    assert twice["extension_mfu"] == pytest.approx(2 * once["extension_mfu"])
    assert twice["pretraining_mfu"] == once["pretraining_mfu"]


def test_the_mask_is_chosen():
    shares = [explorer("training-stages").run({"mask": mask}).metrics["extension_mfu"] for mask in ("causal", "non-causal")]
    assert [round(100 * share, 1) for share in shares] == [24.8, 43.0]  # at the peak of the accelerator table


@pytest.mark.parametrize("span", ["all", "start", "end"])
def test_each_line_reaches_both_ends(span):
    rows = [row for row in explorer("pretraining-schedule").run({"span": span}).rows if not row["chosen"]]
    spans = {name: [row["tokens"] for row in rows if row["schedule"] == name] for name in {row["schedule"] for row in rows}}
    assert len(spans) == 4
    assert len({(min(at), max(at)) for at in spans.values()}) == 1
    assert all(at == sorted(at) for at in spans.values())
