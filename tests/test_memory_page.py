"""What the page on the memory of one GPU shows: savings in every order, named cases, its figures."""

import itertools

import pytest

from moecalc import load_model
from moecalc.base.errors import InputError
from moecalc.claims.memory import by_ep
from moecalc.explorers import explorer
from moecalc.training.activation_policy import V3_RECOMPUTE, ActivationPolicy
from moecalc.training.held_params import held_parts
from moecalc.training.layout import Layout
from moecalc.training.memory import ONE_SEQUENCE, memory
from moecalc.training.memory_examples import REPORTED, V3_LAYOUT, largest_skew, other_cases, v3_cases
from moecalc.training.memory_savings import ORDERS, WAYS, memory_savings, own_tables, ways_of

V3 = load_model("deepseek-v3")


@pytest.mark.parametrize("rank", ["fullest", "middle"])
@pytest.mark.parametrize(
    ("model", "layout"),
    [
        ("deepseek-v3", V3_LAYOUT),
        ("mixtral-8x7b", Layout(pp=4, ep=8, dp=8)),
        ("llama-3.1-8b", Layout(tp=2, pp=2, dp=4)),
    ],
)
def test_every_order_ends_at_the_same_place_and_within_the_bounds(model, layout, rank):
    found = [memory_savings(load_model(model), layout, order=order, rank=rank) for order in ORDERS]
    assert len({one.without for one in found}) == 1 and len({one.savings[-1].after for one in found}) == 1
    for one in found:
        assert sorted(step.way for step in one.savings) == sorted(ways_of(load_model(model)))
        assert one.without - sum(step.saved for step in one.savings) == pytest.approx(one.savings[-1].after)
        befores = [one.without, *(step.after for step in one.savings)]
        assert [step.before for step in one.savings] == befores[:-1]
        assert all(-1 <= step.least <= step.saved + 1 and step.saved <= step.most + 1 for step in one.savings)


def test_what_is_left_is_what_the_memory_of_v3_is():
    fitting = memory(V3, V3_LAYOUT, "deepseek-v3", policy=REPORTED._replace(weight_before_down=True))
    last = memory_savings(V3, V3_LAYOUT).savings[-1]
    assert (round(last.after), last.counted, last.rank) == (fitting.fullest.band[1], fitting.fullest.counted, 0)


def test_what_stands_before_any_is_counted_another_way():
    """18 bytes a parameter without ZeRO, four more for the average, and MTP's tables once more on the ends."""
    plain = memory(V3, V3_LAYOUT._replace(zero=0), "bf16").ranks
    middle = plain[8]
    average = 4 * middle.states.num_params
    needed = (middle.counted + average + 0.09 * middle.activations) * 1.065
    assert memory_savings(V3, V3_LAYOUT, rank="middle").without == pytest.approx(needed)


@pytest.mark.parametrize(("schedule", "tables"), [("dualpipe", 2), ("1f1b", 1)])
def test_tables_of_mtp_that_are_shared(schedule, tables):
    """With 1F1B the last rank holds a copy of the embedding anyway."""
    layout = Layout(pp=16, ep=64, dp=128, schedule=schedule, zero=0)
    held = held_parts(V3.anatomy, 1, 64, 1).embedding_table.dense
    own = own_tables(V3, layout, "bf16")
    assert own[15] == tables * 18 * held and own[8] == 0
    assert own[0] == (own[15] if schedule == "dualpipe" else 0)


def test_orders_by_size_are_greedy():
    for order, best in (("largest", max), ("smallest", min)):
        steps = memory_savings(V3, V3_LAYOUT, order=order).savings
        alone = {way: first_saving(way) for way in WAYS}
        assert steps[0].way == best(alone, key=alone.get)
        assert steps[0].saved == pytest.approx(alone[steps[0].way])


def first_saving(way):
    """What a way saves on the fullest rank where nothing else is used."""
    policy = {
        "recompute": ActivationPolicy(V3_RECOMPUTE),
        "cache": ActivationPolicy(cache="fp8"),
        "weight_before_down": ActivationPolicy(weight_before_down=True),
    }
    layout = V3_LAYOUT._replace(zero=1 if way == "zero" else 0)
    recipe = "deepseek-v3" if way == "recipe" else "bf16"

    def needed(layout, recipe, policy, average, shared):
        ranks = memory(V3, layout, recipe, ONE_SEQUENCE, policy).ranks
        tables = [0] * 16 if shared else own_tables(V3, layout, recipe)
        held = []
        for one, more in zip(ranks, tables, strict=True):
            params = one.states.master / 4 if layout.zero else one.states.num_params
            held.append((one.counted + more + average * 4 * params + 0.09 * one.activations) * 1.065)
        return max(held)

    start = needed(V3_LAYOUT._replace(zero=0), "bf16", ActivationPolicy(), 1, False)
    plain = ActivationPolicy()
    return start - needed(layout, recipe, policy.get(way, plain), way != "ema", way == "tables")


def test_bad_input():
    for words in ({"order": "random"}, {"rank": "first"}):
        with pytest.raises(InputError):
            memory_savings(V3, V3_LAYOUT, **words)


def test_v3_fits_only_where_outputs_are_not_kept_or_layers_are_recomputed():
    cases = v3_cases(80e9)
    assert [case.memory.fits for case in cases] == [False, False, False, False, True, True]
    assert [round(case.middle.activations / 2**30, 1) for case in cases[1:3]] == [96.1, 70.3]
    assert {round(case.middle.states.gpu_total / 2**30, 1) for case in cases} == {17.9}


def test_the_largest_skew_is_where_it_stops_to_fit():
    policy = REPORTED._replace(weight_before_down=True)
    for room in (80e9, 85.5e9):
        skew = largest_skew(room)
        fits = [
            memory(V3, V3_LAYOUT, "deepseek-v3", policy=policy, skew=one, memory_bytes=room).fits
            for one in (skew, skew + 0.05)
        ]
        assert fits == [True, False]
    assert largest_skew(10e9) == 0


def test_expert_parallelism_moves_states_alone():
    found = by_ep()
    assert [one.ep for one in found] == [8, 16, 32, 64, 128]
    assert len({one.activations for one in found}) == 1
    for before, after in itertools.pairwise(found):
        assert after.weights < before.weights and after.states < before.states and after.most < before.most


def test_recompute_never_adds_to_other_models():
    for case in other_cases(80e9):
        tops = [found.fullest.band[1] for found in (case.plain, case.selective, case.full)]
        assert tops == sorted(tops, reverse=True)


def test_the_figure_adds_up_and_says_what_the_calculator_says():
    one = explorer("gpu-memory")
    for values in ({}, {"routing_weight": "before"}, {"schedule": "1f1b", "recompute": "none", "cache": "bf16"}):
        result = one.run(values)
        parts = ("weights", "gradients", "optimizer", "activations", "buffers", "band")
        assert all(sum(row[part] for part in parts) == row["most"] for row in result.rows)
        assert max(row["most"] for row in result.rows) == result.metrics["most"]
    assert one.run().metrics["verdict"].startswith("no, ") and one.run().metrics["why_not"]
    fits = one.run({"routing_weight": "before"}).metrics
    assert fits["verdict"].startswith("yes, ") and fits["why_not"] is None
    close = one.run({"recompute": "v3,permuted-tokens"}).metrics
    assert close["verdict"].startswith("not safely, ")


def test_the_measured_figure_keeps_fitted_and_held_out_apart():
    one = explorer("memory-measured")
    metrics = one.run().metrics
    assert metrics["cases"] + metrics["cases_fitted"] == len(one.run().rows)
    assert one.run({"program": "torchtitan"}).metrics["cases_fitted"] == 0
    with pytest.raises(InputError):
        one.run({"program": "torchtitan", "quantity": "allocated_after_step"})
