"""Experts balanced by copies, against DeepSeek's own EPLB (commit d52c72d) run on the same loads."""

import hashlib
import json
import math
import random
import zlib
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moecalc import InputError
from moecalc.serving.eplb import balanced_experts, copied, max_over_mean, packed, throughput_of_balanced

TRUTH = json.loads((Path(__file__).parent / "truth" / "eplb.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in TRUTH["cases"]}
README = CASES["readme"]["loads"]
SIZES = ("replicas", "groups", "nodes", "gpus")
NAN = float("nan")


def digest(rows) -> str:
    return hashlib.sha256("\n".join(",".join(map(str, row)) for row in rows).encode()).hexdigest()


def crc(row) -> int:
    return zlib.crc32(",".join(map(str, row)).encode())


def drawn(told, experts, groups, r) -> list:
    """Loads of one layer from a law and a generator."""
    kind = told["kind"]
    if kind == "uniform":
        loads = [int(told["low"] + (told["high"] - told["low"]) * r()) for _ in range(experts)]
    elif kind == "zipf":
        keys = [r() for _ in range(experts)]
        loads = [0] * experts
        for rank, expert in enumerate(sorted(range(experts), key=keys.__getitem__)):
            loads[expert] = int(told["scale"] / (rank + 1) ** told["s"] * (1 + told["jitter"] * (2 * r() - 1)))
    elif kind == "lognormal":
        loads = []
        for _ in range(experts):
            total = 0.0
            for _ in range(12):
                total += r()
            loads.append(int(told["median"] * math.exp(told["sigma"] * (total - 6.0))))
    else:
        factors = [0.5 + r() for _ in range(groups)]
        loads = []
        for expert in range(experts):
            load = told["base"] * factors[expert // (experts // groups)] * (0.3 + 1.4 * r())
            if r() < told["p_hot"]:
                load *= 3.0 + 6.0 * r()
            loads.append(int(load))
    seen = set()
    for expert, load in enumerate(loads):
        load = max(1, load)
        while load in seen:
            load += 1
        seen.add(load)
        loads[expert] = load
    return loads


@cache
def loads_of(name) -> list:
    case = CASES[name]
    if case["loads_from"] == "explicit":
        loads = case["loads"]
    else:
        r = random.Random(case["loads_from"]["seed"]).random
        loads = [drawn(case["loads_from"], case["experts"], case["groups"], r) for _ in range(case["layers"])]
    assert digest(loads) == case["loads_sha256"]
    return loads


def sizes_of(case) -> list:
    return [case[key] for key in SIZES]


def options(case) -> str:
    return " ".join(f"--{key} {case[key]}" for key in SIZES)


def against(case, slots, copies, imbalance):
    """The plan of a case is DeepSeek's, but for layers in which float32 leaves open which of equals comes first."""
    open_layers = set(case["tie_dependent_layers"])
    found = [crc(row) for row in slots]
    differ = {layer for layer, one in enumerate(case["phy2log_crc32_per_layer"]) if found[layer] != one}
    assert differ <= open_layers
    for layer, told in enumerate(case["phy2log"]):
        if layer not in differ:
            assert (slots[layer], copies[layer]) == (told, case["logcnt"][layer])
    if not differ:
        assert digest(slots) == case["phy2log_sha256"] and digest(copies) == case["logcnt_sha256"]
    balance = [1 / one for one in imbalance]
    assert balance == pytest.approx(case["gpu_balancedness"], rel=1e-6 if differ else 2e-9, abs=1e-9)
    assert math.fsum(balance) / len(balance) == pytest.approx(case["gpu_balancedness_mean"], rel=1e-8)


# --- DeepSeek's plans ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_plan_is_that_of_deepseek(name):
    case = CASES[name]
    plan = balanced_experts(loads_of(name), *sizes_of(case))
    assert plan.policy == case["policy"] and bool(plan.notes) == (case["policy"] == "global")
    against(case, plan.physical_to_logical, plan.copies, plan.max_over_mean)
    assert max(map(max, plan.copies)) == case["max_replicas_of_an_expert"] or case["tie_dependent_layers"]


@pytest.mark.parametrize("name", CASES)
def test_the_command_gives_that_plan(name, moecalc, tmp_path):
    case = CASES[name]
    (tmp_path / "loads.json").write_text(json.dumps(loads_of(name)))
    answer = moecalc(f"experts --json {options(case)} --loads", tmp_path / "loads.json").json
    assert answer["policy"] == case["policy"]
    against(case, *(answer[key] for key in ("physical_to_logical", "copies", "max_over_mean")))
    if (told := case.get("without_eplb_gpu_balancedness_mean")) is not None:
        before = [1 / one for one in answer["max_over_mean_without"]]
        assert math.fsum(before) / len(before) == pytest.approx(told, rel=1e-8)


def test_there_are_cases_of_each_kind():
    assert {case["policy"] for case in CASES.values()} == {"hierarchical", "global"}
    assert len(CASES) >= 35 and sum(len(case["tie_dependent_layers"]) for case in CASES.values()) < 5


def test_a_single_layer_is_told_without_a_list_around_it(moecalc):
    case = CASES["readme"]
    one = moecalc(f"experts --json {options(case)} --loads", json.dumps(README[0])).json
    assert one["physical_to_logical"] == case["phy2log"][0] and one["copies"] == case["logcnt"][0]
    assert 1 / one["max_over_mean"] == pytest.approx(case["gpu_balancedness"][0], rel=1e-8)
    inside = moecalc(f"experts --json {options(case)} --loads", json.dumps(README[:1])).json
    assert inside["copies"] == [one["copies"]] and inside["max_over_mean"] == [one["max_over_mean"]]


def test_the_text_says_who_lies_where_and_the_note(moecalc):
    text = moecalc(f"experts {options(CASES['readme'])} --loads", json.dumps(README[0])).out
    assert "hierarchical balancing of 12 experts in 16 slots of 8 GPUs" in text
    assert " 5 6" in text and "1.2081 times the mean load" in text and "82.8 % of perfect balance" in text
    both = moecalc("experts --replicas 12 --groups 4 --nodes 3 --gpus 6 --loads", json.dumps(README)).out
    assert "note: 3 nodes do not divide the 4 groups" in both and "global" in both and "without copies" in both


# --- properties ------------------------------------------------------------------------------------------------------

#: replicas, groups, nodes, GPUs for 8 experts
CLUSTERS = [(8, 1, 1, 4), (12, 4, 2, 4), (16, 4, 2, 8), (16, 8, 4, 8), (24, 8, 3, 12), (8, 2, 2, 8), (14, 1, 1, 2)]
LOADS = st.lists(st.integers(0, 10**6) | st.floats(0, 1e6), min_size=8, max_size=8)


@given(LOADS, st.sampled_from(CLUSTERS))
def test_copies_fill_the_slots_and_every_expert_has_one(loads, sizes):
    plan = balanced_experts([loads], *sizes)
    slots, copies = plan.physical_to_logical[0], plan.copies[0]
    assert len(slots) == sum(copies) == sizes[0] and min(copies) >= 1
    assert [slots.count(expert) for expert in range(8)] == copies
    assert plan.max_over_mean[0] == max_over_mean(loads, slots, sizes[3])
    assert 1 <= plan.max_over_mean[0] <= sizes[3] * (1 + 1e-12)


@given(LOADS, st.sampled_from(CLUSTERS), st.integers(-40, 40))
def test_the_unit_of_loads_changes_nothing(loads, sizes, power):
    scaled = [math.ldexp(load, power) for load in loads]
    if all(load == 0 or load > 1e-250 for load in loads):  # below, a float has fewer digits
        assert (
            balanced_experts([scaled], *sizes).physical_to_logical == balanced_experts([loads], *sizes).physical_to_logical
        )


@given(st.lists(st.integers(1, 100), min_size=4, max_size=10), st.integers(0, 8))
def test_no_expert_could_give_a_copy_to_another(loads, added):
    """After copying the fullest copy is as light as it can be: the least maximum over all ways to copy."""
    _, counts = copied(loads, len(loads) + added)
    most = max(Fraction(load, count) for load, count in zip(loads, counts, strict=True))
    needed = sum(math.ceil(load / (most - Fraction(1, 10**9))) for load in loads)
    assert needed > len(loads) + added


@pytest.mark.parametrize("load", [1, 0.1, 7e20])
@pytest.mark.parametrize(("replicas", "gpus"), [(32, 8), (64, 8), (64, 64), (96, 16)])
def test_a_balanced_load_gains_nothing_from_copies(load, replicas, gpus):
    plan = balanced_experts([[load] * 32], replicas, 1, 1, gpus)
    without = max_over_mean([load] * 32, range(32), min(gpus, 32))
    assert without == pytest.approx(1, rel=1e-12) and plan.max_over_mean[0] == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(("replicas", "gpus", "imbalance"), [(40, 8, 1), (36, 4, 1), (36, 12, 1.125)])
def test_copies_of_a_few_experts_may_make_a_balanced_load_uneven(replicas, gpus, imbalance):
    """36 slots of 12 GPUs: 4 experts are halved, and a GPU without a half holds 3 experts, the mean being 32 / 12."""
    assert balanced_experts([[1] * 32], replicas, 1, 1, gpus).max_over_mean == [imbalance]


def test_equal_loads_are_placed_in_order():
    assert packed([1] * 6, 3) == [[0, 3], [1, 4], [2, 5]]
    assert copied([0.1, 0.1, 0.1], 5) == ([0, 1, 2, 0, 1], [2, 2, 1])
    assert packed([0.1, 0.2, 0.3, 0.0], 2) == [[2, 3], [1, 0]]
    assert packed([3, 9, 1], 3) == [[0], [1], [2]]


def by_the_rule(loads, replicas, groups, nodes, gpus) -> list:
    """The rule in its plainest form, in fractions: slower, and written apart from the package."""

    def pack(weights, packs):
        size, held = len(weights) // packs, [[] for _ in range(packs)]
        if size == 1:
            return [[item] for item in range(packs)]
        for item in sorted(range(len(weights)), key=lambda item: (-weights[item], item)):
            free = [pack for pack in held if len(pack) < size]
            min(free, key=lambda pack: sum(weights[one] for one in pack)).append(item)
        return held

    if groups % nodes:
        groups = nodes = 1
    size, slots = len(loads) // groups, []
    loads = [Fraction(load) for load in loads]
    for held in pack([sum(loads[group * size : (group + 1) * size]) for group in range(groups)], nodes):
        own = [expert for group in held for expert in range(group * size, (group + 1) * size)]
        order = list(own)
        while len(order) < replicas // nodes:
            order.append(max(own, key=lambda expert: (loads[expert] / order.count(expert), -own.index(expert))))
        for gpu in pack([loads[expert] / order.count(expert) for expert in order], gpus // nodes):
            slots += [order[item] for item in gpu]
    return slots


FEW = st.lists(st.integers(0, 9), min_size=8, max_size=8)


@given(FEW | LOADS, st.sampled_from(CLUSTERS))
def test_ties_are_found_exactly_and_go_to_the_first(loads, sizes):
    """Three thirds of 1 weigh as much as 1: small whole loads have many such ties."""
    assert balanced_experts([loads], *sizes).physical_to_logical == [by_the_rule(loads, *sizes)]


def test_no_load_at_all_is_balanced():
    plan = balanced_experts([[0, 0, 0, 0]], 8, 1, 1, 4)
    assert plan.max_over_mean == [1] and sum(plan.copies[0]) == 8


def test_loads_from_the_smallest_to_the_largest():
    plan = balanced_experts([[5e-324, 1e30, 1e-300, 10**30]], 8, 2, 2, 4)
    assert sum(plan.copies[0]) == 8 and min(plan.copies[0]) == 1


def test_a_plan_of_one_hour_in_the_next():
    slots = balanced_experts([[8, 1, 1, 1]], 8, 1, 1, 4).physical_to_logical[0]
    assert max_over_mean([8, 1, 1, 1], slots, 4) < max_over_mean([1, 1, 1, 8], slots, 4)


def test_throughput_is_mean_over_max():
    assert throughput_of_balanced([1]) == 1 and throughput_of_balanced([4]) == 0.25
    assert throughput_of_balanced([2, 4]) == pytest.approx(1 / 3)  # layers follow each other: times add up
    assert throughput_of_balanced([3], 0.5) == 0.5 and throughput_of_balanced([3], 0) == 1


# --- bad input -------------------------------------------------------------------------------------------------------

BAD = [
    # loads, replicas, groups, nodes, gpus -> words of the sentence
    ([[1, 2, 3, 4]], 3, 1, 1, 1, "replicas must be at least the 4 experts, a slot for each; found 3"),
    ([[1, 2, 3, 4]], 8, 1, 1, 3, "gpus must divide the 8 replicas; found 3, 2 and 4 divide them"),
    ([[1, 2, 3, 4]], 8, 3, 1, 4, "groups must divide the 4 experts; found 3"),
    ([[1, 2, 3, 4]], 8, 4, 4, 2, "nodes must divide the 2 GPUs; found 4"),
    ([[1, -2, 3, 4]], 8, 1, 1, 4, "the load of expert 1 in layer 0 must be from 0 to 1e+30; found -2"),
    ([[1, 2], [1, NAN]], 2, 1, 1, 2, "the load of expert 1 in layer 1 must be a finite number from 0 to 1e+30; found nan"),
    ([[1, float("inf")]], 2, 1, 1, 2, "expert 1 in layer 0 must be a finite number"),
    ([[1, 1e31]], 2, 1, 1, 2, "must be from 0 to 1e+30; found 1e+31"),
    ([[1, True]], 2, 1, 1, 2, "must be a finite number from 0 to 1e+30; found True"),
    ([[1, "2"]], 2, 1, 1, 2, "must be a finite number from 0 to 1e+30; found '2'"),
    ([[1, 2], [1]], 2, 1, 1, 2, "every layer must have a load for each expert; layer 1 has 1, layer 0 has 2"),
    ([[1, 2], 3], 2, 1, 1, 2, "layer 1 of the loads must be a list with at least one entry; found 3"),
    ([[]], 2, 1, 1, 2, "layer 0 of the loads must be a list with at least one entry; found []"),
    ([[1, 2]], 10**7, 1, 1, 1, "replicas must be at most 1,000,000 over all layers; found 1 layers of 10,000,000"),
    ([[1, 2]], 2, 0, 1, 2, "groups must be a whole number from 1"),
    ([[1, 2]], 2, 1, 0, 2, "nodes must be a whole number from 1"),
    ([[1, 2]], 2, 1, 1, -2, "gpus must be a whole number from 1"),
]


@pytest.mark.parametrize(("loads", "replicas", "groups", "nodes", "gpus", "words"), BAD)
def test_bad_input(loads, replicas, groups, nodes, gpus, words, moecalc, tmp_path):
    with pytest.raises(InputError) as caught:
        balanced_experts(loads, replicas, groups, nodes, gpus)
    assert words in str(caught.value)
    (tmp_path / "loads.json").write_text(json.dumps(loads))
    told = moecalc(
        f"experts --replicas {replicas} --groups {groups} --nodes {nodes} --gpus {gpus} --loads", tmp_path / "loads.json"
    )
    assert (told.code, told.out) == (2, "") and told.err.count("\n") == 1
    assert words in told.err and "Traceback" not in told.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", "the loads of '--loads' are not JSON at line 1 column 6; a JSON list of loads"),
        ("[]", "must be a list with at least one entry; found []"),
        ("[1, [2]]", "the load of expert 1 in layer 0 must be a finite number from 0 to 1e+30; found [2]"),
        ("no-such-file.json", "cannot read the loads of 'no-such-file.json': No such file"),
    ],
)
def test_bad_lists(text, words, moecalc):
    told = moecalc("experts --replicas 2 --gpus 2 --loads", text)
    assert told.code == 2 and words in told.err and told.err.count("\n") == 1


def test_a_file_that_holds_no_list(moecalc, tmp_path):
    (tmp_path / "loads.json").write_text('{"loads": [1, 2]}')
    told = moecalc("experts --replicas 2 --gpus 2 --loads", tmp_path / "loads.json")
    assert told.code == 2 and "are no list" in told.err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: balanced_experts([1, 2], 2, 1, 1, 2), "layer 0 of the loads must be a list"),
        (lambda: packed([1, 2, 3], 2), "packs must divide the 3 items; found 2"),
        (lambda: copied([1, 2, 3], 2), "replicas must be at least the 3 experts"),
        (lambda: max_over_mean([1, 2], [0, 0], 2), "each expert must have a slot; expert 1 has none"),
        (lambda: max_over_mean([1, 2], [0, 2], 2), "the expert of a slot must be a whole number from 0 to 1; found 2"),
        (lambda: max_over_mean([1, 2], [0, 1], 4), "gpus must divide the 2 replicas; found 4"),
        (lambda: throughput_of_balanced([0.5]), "max_over_mean must be from 1"),
        (lambda: throughput_of_balanced([]), "a ratio for each layer; found none"),
        (lambda: throughput_of_balanced([2], 1.5), "expert_share must be from 0 to 1; found 1.5"),
    ],
)
def test_bad_input_of_single_steps(call, words):
    with pytest.raises(InputError, match=words.replace("[", r"\[")):
        call()
