"""Dispatch and combine, against a simulation of DeepSeek-V3's gate in numpy and against exact values."""

import json
import math
from functools import cache
from pathlib import Path

import pytest

from moecalc import InputError, load_accelerator, load_model
from moecalc.hardware.all_to_all import plan
from moecalc.hardware.all_to_all.exact import weighted_parts
from moecalc.hardware.all_to_all.gate import Gate, Placement, check_placement, dispatched_width, gate_of
from moecalc.hardware.all_to_all.links import Links, links_of
from moecalc.hardware.all_to_all.race import chosen_experts
from moecalc.hardware.all_to_all.scores import Scores, popularity
from moecalc.hardware.all_to_all.sms import best_step, bytes_per_s_of_sm, measured_kernels, overlapped_step
from moecalc.hardware.all_to_all.spread import fullest, loads, spread
from moecalc.hardware.all_to_all.traffic import (
    Wire,
    bus_bandwidth,
    copies_per_token,
    direct_bytes,
    free_experts,
    transfer,
    wire_bytes,
)
from moecalc.mechanisms.distinct import distinct_parts
from moecalc.mechanisms.routing import groups_touched, route

TRUTH = json.loads((Path(__file__).parent / "truth" / "all_to_all.json").read_text(encoding="utf-8"))
SCENARIOS = {one["name"]: one for one in TRUTH["scenarios"]}
V3 = load_model("deepseek-v3")
GATES = {"limit": gate_of(V3), "none": gate_of(V3).without_limit()}
EPS = (16, 32, 64, 128, 256)
SAMPLES = {"uniform": 6000, "normal_1": 3000, "zipf_1.0_spread_balanced": 1000}
BATCH = 262_144
H800 = Links(160e9, 50e9)
WIRE = wire_bytes(7168)


def law(name) -> Scores:
    told = SCENARIOS[name]["scores"]
    arranged = {"arrangement": told.get("arrangement", "spread"), "seed": told.get("seed", 0)}
    return Scores(told["kind"], exponent=told.get("s", 1), **arranged)


@cache
def simulated(name, limit):
    biases = SCENARIOS[name].get("bias")
    return chosen_experts(GATES[limit], law(name), SAMPLES.get(name, 2500), 5, biases)


def parts_of(ep):
    """Kind -> (experts of a part, parts)."""
    return {"nodes": (2048 // ep, ep // 8), "ranks": (256 // ep, ep)}


# --- exact values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num", TRUTH["exact_uniform_without_limit"])
def test_equal_experts_without_a_limit_are_combinatorics(num):
    told, num = TRUTH["exact_uniform_without_limit"][num], int(num)
    found = distinct_parts(num, 256 // num, 8)
    assert math.fsum(k * one for k, one in enumerate(found)) == pytest.approx(told["mean"], rel=1e-9)
    assert [*found[1:], *[0] * (9 - len(found))] == pytest.approx(told["distribution"], abs=1e-9)
    assert weighted_parts([1.0] * 256, 256 // num, 8).expected == pytest.approx(told["mean"], rel=1e-12)


def test_the_same_as_the_mechanism_says():
    mechanism = groups_touched(256, 8, 8)
    assert list(distinct_parts(8, 32, 8)[1:]) == pytest.approx(mechanism["probabilities"], rel=1e-15)


#: The truth's quadrature in 1 - exp(-W t) misses up to 3e-7 where one part holds much of the weight: its own rule, with so
#: many points, gives its value in the test below, and with more of them ours.
COARSE = [
    *((name, 16, "nodes") for name in ("uniform", "normal_1", "zipf_0.5_spread")),
    *(("zipf_1.0_clustered", ep, "nodes") for ep in (32, 64, 128, 256)),
    *(("zipf_1.0_clustered", ep, "ranks") for ep in (16, 32)),
]


@pytest.mark.parametrize("name", [name for name, one in SCENARIOS.items() if "exact_without_limit" in one])
def test_any_popularity_without_a_limit_is_an_integral(name):
    told, weights = SCENARIOS[name]["exact_without_limit"], popularity(law(name), 256)
    for ep in EPS:
        for kind, (size, _) in parts_of(ep).items():
            found = weighted_parts(weights, size, 8).expected
            if (name, ep, kind) not in COARSE:
                assert found == pytest.approx(told[str(ep)][kind], abs=1e-9), (ep, kind)
    if "expert_probability" in told:
        assert weighted_parts(weights, 1, 8).hit == pytest.approx(told["expert_probability"], abs=1e-9)


def gauss_legendre(num):
    """Points and weights on (0, 1)."""
    points = []
    for i in range(num):
        x = math.cos(math.pi * (i + 0.75) / (num + 0.5))
        for _ in range(100):
            one, before = x, 1.0
            for k in range(2, num + 1):
                one, before = ((2 * k - 1) * x * one - (k - 1) * before) / k, one
            slope = num * (x * one - before) / (x * x - 1)
            x, last = x - one / slope, x
            if abs(x - last) < 1e-15:
                break
        points.append(((1 + x) / 2, 1 / ((1 - x * x) * slope * slope)))
    return points


@cache
def points(num):
    return gauss_legendre(num)


def by_the_rule_of_the_truth(weights, size, part, num_points):
    """Probability that a part is hit, by Gauss-Legendre in u = 1 - exp(-W t), W the weight of the part."""
    own = math.fsum(weights[part * size : (part + 1) * size])
    others = [one / own for index, one in enumerate(weights) if index // size != part]
    found = 0.0
    for u, share in points(num_points):
        counts = [1.0] + [0.0] * 7
        for one in others:
            silent = (1 - u) ** one
            rung = 1 - silent
            for k in range(7, 0, -1):
                counts[k] = counts[k] * silent + counts[k - 1] * rung
            counts[0] *= silent
        found += share * sum(counts)
    return found


@pytest.mark.parametrize(("name", "ep", "kind"), [COARSE[0], *COARSE[3:]])
def test_where_the_truth_is_coarse_its_own_rule_says_so(name, ep, kind):
    size, num = parts_of(ep)[kind]
    weights, told = popularity(law(name), 256), SCENARIOS[name]["exact_without_limit"][str(ep)][kind]
    ours = weighted_parts(weights, size, 8)
    assert abs(ours.expected - told) > 5e-9
    alike = num if name == "uniform" else 1  # parts with the largest weight
    with_few = ours.expected + alike * (by_the_rule_of_the_truth(weights, size, 0, 400) - ours.hit[0])
    assert with_few == pytest.approx(told, abs=1e-9)


def test_more_points_of_that_rule_come_to_ours():
    weights = popularity(law("uniform"), 256)
    ours = weighted_parts(weights, 128, 8).hit[0]
    errors = [abs(by_the_rule_of_the_truth(weights, 128, 0, num) - ours) for num in (200, 400, 800)]
    assert errors[0] > 4 * errors[1] > 16 * errors[2] > 0
    exact = distinct_parts(2, 128, 8)
    assert TRUTH["exact_uniform_without_limit"]["2"]["mean"] == pytest.approx(exact[1] + 2 * exact[2], abs=1e-12)


# --- simulated values ----------------------------------------------------------------------------------------------


def close_to(found, error, told, what=""):
    value, other = told
    assert abs(found - value) <= 4 * math.hypot(error, other) + 1e-9, (what, found, error, told)


@pytest.mark.parametrize("limit", ["limit", "none"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_simulated_nodes_and_gpus(name, limit):
    chosen, told = simulated(name, limit), SCENARIOS[name][limit]["ep"]
    for ep in EPS:
        for kind, (size, num) in parts_of(ep).items():
            found, expected = spread(chosen, size, num), told[str(ep)]
            close_to(found.mean, found.standard_error, expected[kind], (ep, kind))
            distribution = [*found.distribution[1:], *[0] * (9 - len(found.distribution))]
            for one, other in zip(distribution, expected[f"{kind[:-1]}_distribution"], strict=True):
                assert abs(one - other) <= 4.5 * math.sqrt(max(other, 1 / len(chosen)) / len(chosen)), (ep, kind)


@pytest.mark.parametrize("limit", ["limit", "none"])
@pytest.mark.parametrize("name", [name for name in SCENARIOS if "balanced" not in name])
def test_the_fullest_gpu_and_node(name, limit):
    chosen, told, scores = simulated(name, limit), SCENARIOS[name][limit], law(name)
    places = [(Placement(ep), f"max_tokens_per_{part}", told["ep"][str(ep)]) for ep in EPS for part in ("rank", "node")]
    for placement, key, expected in places:
        full = plan.fullest_parts(GATES[limit], placement, scores, chosen, BATCH // placement.ep)
        found = (full.per_gpu, full.per_gpu_error) if "rank" in key else (full.per_node, full.per_node_error)
        if scores.alike:
            close_to(*found, expected[key], (placement.ep, key))
        else:  # the fullest of noisy shares is too full on average, by no more than their error
            assert abs(found[0] - expected[key][0]) <= 5 * found[1] + 4 * expected[key][1], (placement.ep, key)


def test_the_fullest_expert_and_a_balanced_law_by_the_shares_of_the_truth():
    told = SCENARIOS["zipf_1.0_spread_balanced"]["limit"]
    shares = told["expert_probability"]
    of = loads(simulated("zipf_1.0_spread_balanced", "limit"), 1, 256)
    of = of._replace(means=tuple(shares), deviations=tuple(math.sqrt(p * (1 - p)) for p in shares))
    assert fullest(BATCH, of)[0] == pytest.approx(told["max_tokens_per_expert"][0], abs=150)


@pytest.mark.parametrize("limit", ["limit", "none"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_copies_and_bytes_follow_from_nodes_and_gpus(name, limit):
    for ep, told in SCENARIOS[name][limit]["ep"].items():
        found = copies_per_token(told["nodes"][0], told["ranks"][0], 8, Placement(int(ep)))
        keys = ("ib_copies_node", "ib_copies_rank", "ib_copies_expert", "nvlink_copies")
        assert list(found) == pytest.approx([told[key] for key in keys], abs=1e-6)
        out, up = WIRE.times(found.scale_out), WIRE.times(found.scale_up)
        keys = ("ib_bytes_dispatch", "ib_bytes_combine", "nvlink_bytes_dispatch", "nvlink_bytes_combine")
        assert [*out, *up] == pytest.approx([told[key] for key in keys], rel=1e-6)


def test_what_the_issue_and_the_report_say():
    uniform, normal = (SCENARIOS[name]["limit"]["ep"] for name in ("uniform", "normal_1"))
    assert round(uniform["64"]["nodes"][0], 3) == 3.954  # and 5.73, 6.86 where a group spans nodes
    for ep, most in ((64, 4), (128, 8), (256, 8)):
        assert plan.most_nodes(GATES["limit"], Placement(ep)) == most >= uniform[str(ep)]["nodes"][0]
    assert normal["64"]["nodes"][0] > uniform["64"]["nodes"][0]
    assert free_experts(160e9, 50e9)[0] == 3.2 and round(free_experts(160e9, 50e9)[1]) == 13
    assert free_experts(160e9, 40e9) == (4, 16)
    found = plan.all_to_all(GATES["limit"], Placement(64), H800, WIRE, chosen=simulated("uniform", "limit"))
    assert found.copies.scale_out == pytest.approx(3.46, abs=0.01)
    assert found.copies.scale_up == pytest.approx(6.55, abs=0.02)
    assert found.dispatch.scale_up_s / found.dispatch.scale_out_s == pytest.approx(0.592, abs=0.003)


def test_the_gate_of_the_mechanism_chooses_alike():
    """A second route: the same law through `route`, which sorts all scores."""
    from random import Random

    draw, gate = Random(3).random, Gate(32, 4, 8, 3)
    long_way = []
    for _ in range(3000):
        long_way.append(route([draw() for _ in range(32)], 4, 8, 3, best_per_group=2)["experts"])
    one, other = spread(long_way, 4, 8), spread(chosen_experts(gate, Scores(), 6000), 4, 8)
    assert abs(one.mean - other.mean) < 4 * math.hypot(one.standard_error, other.standard_error)


# --- DeepEP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", TRUTH["deepep"]["low_latency"], ids=lambda told: f"EP{told['ep']}")
def test_low_latency_kernels_send_a_copy_for_each_expert(told):
    sent = direct_bytes(128, 8, 7168)
    for direction in Wire._fields:
        rate = getattr(sent, direction) / told[f"{direction}_us"] / 1e3
        assert rate == pytest.approx(told[f"{direction}_gb_per_s"], abs=5e-4)
        assert abs(rate - told[f"{direction}_gb_per_s_published"]) < 2


@pytest.mark.parametrize("told", TRUTH["deepep"]["normal"], ids=lambda told: f"EP{told['ep']}")
def test_published_bandwidths_count_copies_to_the_own_node(told):
    for direction in Wire._fields:
        over_card = bus_bandwidth(told[f"{direction}_gb_per_s_published"], told["ep"] // 8)
        assert over_card == pytest.approx(told[f"{direction}_over_network_card"])


# --- SMs -----------------------------------------------------------------------------------------------------------


def test_measured_kernels_fill_the_link_with_few_sms():
    rates = {one.num_sms: one.bytes_per_s for one in measured_kernels() if one.direction == "dispatch"}
    assert rates[8] == pytest.approx(2 * rates[4], rel=0.07)  # each SM adds its share
    assert max(rates[12], rates[24]) < 1.03 * rates[12] and 0.85 < rates[24] / 50e9 < 1


def test_a_step_waits_for_the_longer_of_computing_and_communication():
    of_one, sent = bytes_per_s_of_sm(), Wire(0.1e9, 0.2e9)
    steps = [overlapped_step(n, 132, 0.01, sent, of_one, 40e9) for n in range(133)]
    assert steps[0].share_of_ideal == steps[132].share_of_ideal == 0
    assert all(0 < step.share_of_ideal <= 1 for step in steps[1:132])
    best = best_step(132, 0.01, sent, of_one, 40e9)
    assert best == max(steps, key=lambda step: step.share_of_ideal) and 1 < best.num_sms < 30
    twice = overlapped_step(20, 132, 0.02, Wire(0.2e9, 0.4e9), of_one, 40e9)
    assert twice.step_s == pytest.approx(2 * steps[20].step_s)
    assert overlapped_step(20, 132, 1.0, sent, of_one, 40e9).share_of_ideal == pytest.approx(112 / 132)


# --- any model, and properties -------------------------------------------------------------------------------------

MODELS = ("mixtral-8x7b", "deepseek-v2", "kimi-k2", "gpt-oss-120b", "qwen3-next-80b-a3b", "llama-4-scout")
MODELS += ("nemotron-3-super",)


@pytest.mark.parametrize("slug", MODELS)
def test_any_model_with_routed_experts(slug):
    config = load_model(slug)
    gate = gate_of(config)
    assert (gate.num_experts, gate.num_chosen) == (config.anatomy.num_routed_experts, config.num_experts_per_tok)
    placement = Placement(8 if gate.num_experts % 16 else 16)
    found = plan.all_to_all(gate, placement, H800, wire_bytes(dispatched_width(config)), scores=Scores("normal"))
    nodes = found.reach.nodes
    assert math.fsum(nodes.distribution) == pytest.approx(1) and 1 <= nodes.mean <= found.reach.most_nodes
    assert nodes.mean <= found.reach.nodes_without_limit + 4 * nodes.standard_error
    assert found.combine.longer_s > 0 and found.reach.gpus.mean <= gate.num_chosen
    assert gate.limited or nodes.standard_error == 0


def test_groups_of_deepseek_v2_and_experts_of_a_latent():
    assert gate_of(load_model("deepseek-v2"))[2:5] == (8, 3, 1)
    assert dispatched_width(load_model("nemotron-3-super")) == 1024 != load_model("nemotron-3-super").hidden_size


def test_idle_experts_lie_nowhere():
    gate = Gate(32, 4, num_idle=16)
    reach = plan.reach(gate, Placement(8), Scores(), chosen_experts(gate, Scores(), 4000))
    assert reach.num_experts == pytest.approx(4 * 32 / 48)
    assert reach.gpus.distribution[0] == pytest.approx(math.comb(16, 4) / math.comb(48, 4))
    assert weighted_parts([1.0] * 48, 4, 4, 16).expected == pytest.approx(reach.gpus_without_limit, rel=1e-12)


@pytest.mark.parametrize("kind", ["uniform", "normal", "zipf"])
@pytest.mark.parametrize("topk_group", [2, 3, 5, 8])
def test_a_limit_never_raises_the_nodes(kind, topk_group):
    gate, scores = Gate(64, 6, 8, topk_group), Scores(kind)
    found = plan.reach(gate, Placement(16, 2), scores, chosen_experts(gate, scores, 800))
    assert found.nodes.mean <= found.nodes_without_limit + 4 * found.nodes.standard_error
    assert len(found.nodes.distribution) > found.most_nodes >= sum(1 for one in found.nodes.distribution if one) - 1


def test_times_grow_with_tokens_and_skew_and_fall_with_bandwidth():
    one = transfer(1000, 100, 300, 50e9, 160e9)
    assert transfer(2000, 100, 300, 50e9, 160e9).longer_s == pytest.approx(2 * one.longer_s)
    assert transfer(1000, 100, 300, 50e9, 160e9, 1.5).longer_s == pytest.approx(1.5 * one.longer_s)
    assert (one.bound_by, transfer(1000, 100, 400, 50e9, 160e9).bound_by) == ("scale-out", "scale-up")
    assert transfer(1000, 0, 0, None, None).bound_by is None


def test_the_same_seed_chooses_the_same():
    gate = GATES["limit"]
    assert chosen_experts(gate, Scores(), 20, 7) == chosen_experts(gate, Scores(), 30, 7)[:20]
    assert chosen_experts(gate, Scores(), 20, 7) != chosen_experts(gate, Scores(), 20, 8)
    for one in chosen_experts(Gate(8, 4, 4, 2), Scores("zipf", exponent=4, arrangement="clustered"), 500):
        assert len(set(one)) == 4 and len({expert // 2 for expert in one}) == 2


def test_effective_bandwidths():
    assert links_of(load_accelerator("h800-sxm"), 100e9)[:2] == (100e9, 40e9)
    assert "assumption" in links_of(load_accelerator("b200-sxm")).note


# --- command line --------------------------------------------------------------------------------------------------

LINE = "all-to-all --model deepseek-v3 --gpus-per-node 8 --gpu h800-sxm --json"


@pytest.mark.parametrize("scores", ["uniform", "normal"])
@pytest.mark.parametrize("ep", EPS)
def test_the_command(ep, scores, moecalc):
    found = moecalc(f"{LINE} --ep {ep} --scores {scores} --samples 1200").json
    told = SCENARIOS["normal_1" if scores == "normal" else "uniform"]
    expected = told["limit"]["ep"][str(ep)]
    close_to(found["expected_nodes"], found["expected_nodes_standard_error"], expected["nodes"])
    close_to(found["expected_gpus"], found["expected_gpus_standard_error"], expected["ranks"])
    close_to(
        found["max_tokens_per_gpu"],
        found["max_tokens_per_gpu_standard_error"] * BATCH / 4096 / ep,
        [one * 4096 * ep / BATCH if ep == 64 else found["max_tokens_per_gpu"] for one in expected["max_tokens_per_rank"]],
    )
    exact = TRUTH["exact_uniform_without_limit"][str(ep // 8)]["mean"] if str(ep // 8) in ("2", "8", "16") else None
    assert exact is None or found["expected_nodes_without_limit"] == pytest.approx(exact, rel=1e-9)
    error = found["expected_nodes_standard_error"] * (1 - 8 / ep) * WIRE.dispatch
    close_to(found["scale_out_bytes_per_token"]["dispatch"], error, (expected["ib_bytes_dispatch"], 10))
    assert found["bound_by"] == ("scale-up" if ep == 16 else "scale-out")


def test_the_command_without_a_limit_is_exact(moecalc):
    found = moecalc(f"{LINE} --ep 64 --no-limit").json
    assert found["expected_nodes"] == found["expected_nodes_without_limit"] == pytest.approx(5.29465200038248, rel=1e-12)
    assert found["expected_nodes_standard_error"] == 0
    told = SCENARIOS["zipf_1.0_clustered"]["exact_without_limit"]["64"]
    line = f"{LINE} --ep 64 --no-limit --scores zipf --arrangement clustered --exponent 1"
    assert moecalc(line).json["expected_nodes"] == pytest.approx(told["nodes"], abs=4e-7)


def test_sms_and_bandwidths_of_the_command(moecalc):
    line = f"{LINE} --ep 64 --samples 300 --scale-out-bytes-per-s 50e9"
    full, few, none = (moecalc(line, "--sms", sms).json for sms in (20, 2, 0))
    assert full["sms"]["computing"] == 112 and full["bound_by"] == "scale-out"
    assert few["bound_by"] == "SMs" and few["dispatch_s"] > full["dispatch_s"] and none["dispatch_s"] is None
    assert full["experts_at_same_cost"] == {"per_node": 3.2, "in_all": 12.8}
    skewed = moecalc(line, "--skew", 2).json
    assert skewed["dispatch_s"] == pytest.approx(2 * moecalc(line).json["dispatch_s"])
    # a published figure counts what stays on the node
    assert moecalc(line).json["algorithm_bytes_per_s"]["dispatch"] * 7 / 8 == pytest.approx(50e9)


BAD = [
    ("--ep 7", "7", "ep must divide the 256 routed experts"),
    ("--ep 512", "512", "ep must divide"),
    ("--ep 0", "0", "whole number from 1"),
    ("--ep 64 --gpus-per-node 24", "64", "multiple of gpus_per_node 24"),
    ("--ep 64 --skew 0.9", "0.9", "skew must be from 1"),
    ("--ep 64 --scores gauss", "'gauss'", "one of uniform, normal, zipf"),
    ("--ep 64 --sms 133", "133", "from 0 to 132"),
    ("--ep 64 --sms -1", "-1", "from 0 to 132"),
    ("--ep 64 --samples 0", "0", "from 1 to 1,000,000"),
    ("--ep 64 --seed -1", "-1", "from 0"),
    ("--ep 64 --exponent 9", "9", "exponent must be from 0 to 4"),
    ("--ep 64 --sigma 0", "0", "sigma must be above 0"),
    ("--ep 64 --tokens 0", "0", "tokens per GPU"),
    ("--ep 64 --scale-out-bytes-per-s 0", "0", "scale-out bandwidth"),
    ("--ep 64 --dispatch-dtype int3", "'int3'", "fp8, bf16"),
]


@pytest.mark.parametrize(("options", "value", "accepted"), BAD)
def test_bad_input_is_one_sentence(options, value, accepted, moecalc):
    found = moecalc(f"all-to-all --model deepseek-v3 --gpus-per-node 8 --gpu h800-sxm {options}")
    assert found.code == 2 and found.out == "" and found.err.count("\n") == 1
    assert value in found.err and accepted in found.err


def test_bad_models_and_sizes():
    with pytest.raises(InputError, match="llama-3.1-8b has no routed experts"):
        gate_of(load_model("llama-3.1-8b"))
    with pytest.raises(InputError, match="fill whole nodes"):
        check_placement(Placement(64, 24), Gate())
    with pytest.raises(InputError, match="bandwidth is not known"):
        plan.all_to_all(Gate(), Placement(64), Links(160e9, None), WIRE)
    with pytest.raises(InputError, match="SMs given to communication must be a whole number from 0 to 132; found 140"):
        overlapped_step(140, 132, 1.0, Wire(1, 1), Wire(1, 1), 1.0)
