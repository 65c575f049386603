"""The page on who holds what: its map against the calculators, its second figure against sums by hand."""

import json
from collections import Counter

import pytest

from moecalc import InputError, load_model
from moecalc.explorers import explorer
from moecalc.explorers.training import _cluster_map as cluster_map
from moecalc.explorers.training._cluster_map import gpus_per_mark, line_length, relations
from moecalc.explorers.training.weights_by_ep import KINDS
from moecalc.training.layout import Layout
from moecalc.training.placement import expert_names, holders, place
from moecalc.training.weights_by_ep import even_sizes, weights_by_ep, weights_by_rank

V3 = load_model("deepseek-v3")
MAP, WEIGHTS = explorer("placement"), explorer("weights-by-ep")
EXPERT, HIDDEN = 3 * 7168 * 2048, 7168


def groups_of(result) -> Counter:
    return Counter(row["group"] for row in result.rows)


def test_every_gpu_of_the_talk_has_a_mark_with_its_experts():
    rows = MAP.run().rows
    gpus = place(V3, Layout(pp=16, ep=64, dp=128, schedule="dualpipe"))
    told = [(row["gpu"], row["node"], row["experts"]) for row in rows]
    assert told == [(gpu.gpu, gpu.node, expert_names(gpu.experts)) for gpu in gpus]
    assert len({(row["x"], row["y"]) for row in rows}) == 2048
    assert max(row["x"] for row in rows) == 63 and len({row["y"] for row in rows}) == 32
    assert [row["tick"] for row in rows if "tick" in row] == ["E1-E4", "E61-E64", "E125-E128", "E189-E192", "E253-E256"]


def test_the_groups_of_a_gpu_are_lit_up():
    found = groups_of(MAP.run())
    assert (found["chosen GPU"], found["same experts"], found["expert parallel"], found["data parallel"]) == (1, 3, 63, 63)
    assert (found["pipeline"], found["mirrored stage"]) == (14, 126)  # two of sixteen ranks are lit up themselves
    alone = groups_of(MAP.run({"schedule": "1f1b"}))
    assert (alone["same experts"], alone["pipeline"], alone["mirrored stage"]) == (1, 15, 0)


@pytest.mark.parametrize("gpu", [0, 63, 64, 700, 2047])
@pytest.mark.parametrize("schedule", ["1f1b", "dualpipe"])
def test_gpus_with_the_same_experts_are_those_that_hold_one_of_them(gpu, schedule):
    layout = Layout(pp=16, ep=64, dp=128, schedule=schedule)
    result = MAP.run({"gpu": gpu, "schedule": schedule})
    chosen = place(V3, layout)[gpu]
    lit = {row["gpu"] for row in result.rows if row["group"] in ("chosen GPU", "same experts")}
    assert lit == set(holders(V3, layout, chosen.experts[0], chosen.layers[-1]))
    assert result.metrics["same_experts"] == len(lit)
    assert result.metrics["experts"] == expert_names(chosen.experts)


def test_tensor_and_context_parallel_neighbours():
    found = groups_of(MAP.run({"tp": 4, "cp": 2, "dp": 16, "ep": 16}))
    assert found["tensor parallel"] == 3 and found["context parallel"] == 1
    assert found["expert parallel"] == 16 - 1 - 3 - 1
    layout = Layout(tp=4, cp=2, pp=2, ep=16, dp=8)
    for gpu in place(V3, layout):
        members = {kind: {g for g, what in relations(layout, gpu).items() if what == kind} for kind in cluster_map.RELATIONS}
        assert members[cluster_map.TP] <= set(gpu.groups.tp) and members[cluster_map.PP] <= set(gpu.groups.pp)
        assert set(gpu.groups.ep) <= set().union(*members.values())


def test_more_gpus_than_marks_share_them():
    result = MAP.run({"dp": 1024, "gpu": 20})
    assert len(result.rows) == 2048 and result.metrics["gpus_per_mark"] == 8
    assert result.rows[2]["group"] == "chosen GPU" and result.rows[2]["experts"] == "E65-E96"
    assert gpus_per_mark(Layout(pp=3, dp=1000)) == 2 and gpus_per_mark(Layout(pp=1, dp=4099)) == 4099
    assert [line_length(marks, 4) for marks in (12, 128, 127, 96)] == [12, 64, 64, 48]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"gpu": 2048}, "gpu must be from 0 to 2,047"),
        ({"dp": 1024, "pp": 32}, "at most 16,384 GPUs"),
        ({"pp": 1}, "pp must be even"),
        ({"ep": 3}, "ep must divide the 256 routed experts"),
        ({"dp": 8}, "ep must divide the 8 GPUs"),
    ],
)
def test_a_map_that_cannot_be(values, words):
    with pytest.raises(InputError, match=words):
        MAP.run(values)


def test_a_row_is_small():
    """The page asks for 2,048 of them at each move."""
    rows = MAP.run().rows
    assert len(json.dumps(rows)) < 150 * len(rows)
    assert not [value for row in rows for value in row.values() if isinstance(value, float)]


# --- weights against EP


def test_weights_of_a_middle_rank_by_hand():
    """Four MoE layers in FP8: experts, and all else of which router and norms stay in BF16."""
    attention, norms = 187_105_280, 2 * HIDDEN + 1536 + 512
    other = 4 * (attention + EXPERT + 2 * (256 * HIDDEN + norms))
    held = weights_by_ep(V3, "deepseek-v3", pp=16, schedule="dualpipe")
    assert list(held) == even_sizes(V3) == [2**power for power in range(9)]
    for ep, one in held.items():
        assert one == (other, other, 4 * EXPERT * 256 // ep, 4 * EXPERT * 256 // ep)
    shown = WEIGHTS.run().metrics
    assert shown["weights"] == sum(held[64]) and shown["weights_without"] == sum(held[1]) and shown["ep_at_half"] == 64


@pytest.mark.parametrize("schedule", ["1f1b", "dualpipe", "dualpipev", "interleaved"])
def test_weights_of_all_ranks_are_the_models(schedule):
    layout = Layout(pp=4, ep=8, dp=8, schedule=schedule)
    config = load_model("deepseek-v2-lite")
    experts = sum(one.experts + one.experts_again for one in weights_by_rank(config, layout, "bf16"))
    whole = 2 * 26 * 64 * 3 * config.hidden_size * config.moe_intermediate_size
    assert experts == whole // 8 * (2 if schedule == "dualpipe" else 1)


def test_more_expert_parallelism_never_holds_more():
    for model in ("deepseek-v2-lite", "mixtral-8x7b", "qwen3-235b-a22b"):
        sums = [sum(one) for one in weights_by_ep(load_model(model), "bf16", pp=2).values()]
        assert sums == sorted(sums, reverse=True) and len(set(sums)) == len(sums) > 1
    assert list(weights_by_ep(load_model("llama-3.1-8b"), "bf16")) == [1]


def test_the_second_figure_is_whole():
    result = WEIGHTS.run({"schedule": "1f1b"})
    assert result.metrics["second_copy"] == 0 and {row["kind"] for row in result.rows} == set(KINDS)
    assert {row["kind"] for row in WEIGHTS.run({"model": "llama-3.1-8b", "ep": 1}).rows} == {"all weights", "all else"}
    at_64 = {row["kind"]: row["bytes"] for row in result.rows if row["chosen"]}
    assert at_64["all weights"] == at_64["routed experts"] + at_64["all else"] == result.metrics["weights"]
    assert WEIGHTS.run({"ep": 1}).metrics["share_of_memory"] > 1
    fullest, middle = (WEIGHTS.run({"rank": rank}).metrics["weights"] for rank in ("fullest", "middle"))
    assert fullest > middle
