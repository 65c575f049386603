"""Tables of the page on experts balanced by copies."""

import functools
import math

from moecalc.explorers.serving.experts_by_copies import EXAMPLE, EXPERTS, read_loads
from moecalc.facts import tables as facts
from moecalc.hardware.accelerator import load_accelerator
from moecalc.model.config import load_model
from moecalc.serving.eplb import balanced_experts, copied, packed, throughput_of_balanced
from moecalc.serving.expert_loads import PUBLISHED_SKEW, imbalance_in_order, imbalance_of_steps, made_up_loads
from moecalc.serving.rebalancing import bytes_of_expert, drift, lost_at_interval, moved

from ..prose import fact_table, table

LAYERS, SEED, GROUPS = 58, 1, 8
#: Replicas, groups, nodes and GPUs of the unit for prefill.
PREFILL = (288, GROUPS, 4, 32)
#: Those of the example.
HAND = (16, 4, 2, 8)
INTERVALS_S = (10, 60, 600, 3600, 6 * 3600)
DRIFTS_S = {"ten minutes": 600, "an hour": 3600, "a day": 86400}
MEASURED, SGLANG = "TensorRT-LLM DeepSeek-R1 expert loads", "SGLang 96x H100 DeepSeek-V3"


def mean(values) -> float:
    values = list(values)
    return math.fsum(values) / len(values)


def fact(subject: str, quantity: str) -> float:
    """A number of data/serving.csv as it stands there."""
    return facts.lookup("serving", subject, quantity).value


@functools.cache
def loads() -> list:
    """58 layers of 256 experts, as skewed as those that TensorRT-LLM measured."""
    return made_up_loads(LAYERS, EXPERTS, PUBLISHED_SKEW, SEED)


@functools.cache
def plan_of(replicas: int, groups: int, nodes: int, gpus: int):
    """The plan of all these layers."""
    return balanced_experts(loads(), replicas, groups, nodes, gpus)


def by_hand():
    """The example of the figure, step by step, from the functions that make the plan."""
    replicas, groups, nodes, gpus = HAND
    loads = read_loads(EXAMPLE)
    size = len(loads) // groups
    sums = [sum(loads[group * size : (group + 1) * size]) for group in range(groups)]
    on_nodes = packed(sums, nodes)
    rows = [("add up the loads of each group", said(sums))]
    rows.append(
        ("pack the groups on nodes", "; ".join(f"{said(held)}: {sum(sums[one] for one in held):g}" for held in on_nodes))
    )
    copies = []
    for held in on_nodes:
        experts = [expert for group in held for expert in range(group * size, (group + 1) * size)]
        order, _ = copied([loads[expert] for expert in experts], replicas // nodes)
        copies.append(said(experts[slot] for slot in order[len(experts) :]))
    rows.append(("copy, on each node, whichever has most a copy", "; ".join(copies)))
    plan = balanced_experts([loads], *HAND)
    slots, each = plan.physical_to_logical[0], replicas // gpus
    held = [slots[gpu * each : (gpu + 1) * each] for gpu in range(gpus)]
    rows.append(("pack the copies of each node on its GPUs", "; ".join(map(said, held))))
    parts = [sum(loads[expert] / plan.copies[0][expert] for expert in gpu) for gpu in held]
    rows.append(("loads of the GPUs", said(parts)))
    listed = [{"step": step, "what": what} for step, what in rows]
    return table(listed, {"step": "Step", "what": "Gives"}, "The example by hand; experts, groups and GPUs from 0")


def said(numbers) -> str:
    """Numbers with commas between them."""
    return ", ".join(f"{number:g}" for number in numbers)


def predicted() -> dict:
    """Imbalance above the mean, without copies and with 288 slots on 36 GPUs, by the law and as measured."""
    tokens = int(fact(MEASURED, "routed_tokens_per_gpu"))
    gpus, base = int(fact(MEASURED, "gpus")), 32
    plan = plan_of(EXPERTS + int(fact(MEASURED, "redundant_experts")), 1, 1, gpus)
    return {
        "without": mean(imbalance_in_order(loads(), base)) - 1,
        "plan": mean(plan.max_over_mean) - 1,
        "step": mean(imbalance_of_steps(loads(), plan.physical_to_logical, gpus, tokens * base)) - 1,
        "measured_without": fact(MEASURED, "imbalance_without_copies"),
        "measured": fact(MEASURED, "imbalance_with_copies"),
    }


def by_gpus():
    """Gain of copies by the number of GPUs."""
    rows = []
    for gpus, nodes, spare in ((32, 4, 0), (32, 4, 32), (32, 4, 64), (64, 8, 0), (64, 8, 64), (128, 16, 0), (128, 16, 128)):
        before = mean(imbalance_in_order(loads(), gpus))
        limited, free = (plan_of(EXPERTS + spare, *how, gpus) for how in ((GROUPS, nodes), (1, 1)))
        after, best = mean(limited.max_over_mean), mean(free.max_over_mean)
        rows.append(
            {
                "gpus": gpus,
                "spare": spare,
                "before": before,
                "after": after,
                "free": best,
                "gain": throughput_of_balanced([best]) / throughput_of_balanced([before]),
                "memory": spare / gpus * LAYERS * bytes_of_expert(load_model("deepseek-v3")),
                "policy": limited.policy,
            }
        )
    columns = {
        "gpus": "GPUs",
        "spare": "Spare slots",
        "before": ("In order", "x", 3),
        "after": ("EPLB, groups on nodes", "x", 3),
        "free": ("EPLB, anywhere", "x", 3),
        "gain": ("Gain, anywhere", "x", 3),
        "memory": ("Spare experts on a GPU", "bytes", 3),
        "policy": "Policy with groups",
    }
    caption = f"Load of the fullest GPU over the mean, {LAYERS} layers of {EXPERTS} experts made up as skewed as measured"
    return table(rows, columns, caption)


def waiting_share(gain: float, before: float, after: float) -> float:
    """Share of a balanced step that waits for experts, at which copies gain so much.

    From (1 + f (m - 1)) / (1 + f (m' - 1)) = gain, m before and m' after.
    """
    return (gain - 1) / ((before - 1) - gain * (after - 1))


def published() -> list:
    """Published gains, beside what the law gives if all of a step waits for experts."""
    found = []
    for phase in ("prefill", "decode"):
        gpus, gain = int(fact(SGLANG, f"eplb_gpus_{phase}")), fact(SGLANG, f"eplb_gain_{phase}")
        slots = EXPERTS + int(fact(SGLANG, "eplb_redundant_experts"))
        # 72 GPUs do not divide 256 experts: without copies they get the next power of two that does
        before = mean(imbalance_in_order(loads(), 1 << (gpus.bit_length() - 1)))
        after = mean(plan_of(slots, 1, 1, gpus).max_over_mean)
        found.append(
            {
                "phase": phase,
                "gpus": gpus,
                "gain": gain,
                "before": before,
                "after": after,
                "most": before / after,
                "share": waiting_share(gain, before, after),
            }
        )
    return found


def cloudmatrix_gain() -> float:
    """Prefill of CloudMatrix with perfect balance, as projected, over what was measured."""
    subject = "CloudMatrix-Infer DeepSeek-R1 on Ascend 910C"
    return fact(subject, "prefill_perfect_eplb") / fact(subject, "prefill")


def published_table():
    """:func:`published` as a table."""
    columns = {
        "phase": "SGLang",
        "gpus": "GPUs",
        "gain": ("Gain, published", "x", 3),
        "before": ("Fullest GPU in order", "x", 3),
        "after": ("with copies", "x", 3),
        "most": ("Gain if all waits", "x", 3),
        "share": ("Share that waits, to have the published gain", "%", 0),
    }
    return table(published(), columns, "Gains of throughput that were published, and what explains them")


@functools.cache
def drifting():
    """What becomes of the plan of the unit for prefill as loads drift."""
    return drift(LAYERS, EXPERTS, PUBLISHED_SKEW, PREFILL, SEED)


def moving(gpu: str = "h800-sxm"):
    """What a wholly new plan costs on the unit for prefill, over the network card."""
    found, link = drifting(), load_accelerator(gpu).needed("scale_out_bandwidth_bytes_per_s")
    plans = found.first.physical_to_logical, found.last.physical_to_logical
    return moved(*plans, PREFILL[-1], bytes_of_expert(load_model("deepseek-v3")), link)


def best_interval(drift_s: float, expert_share: float = 1) -> float:
    """The interval with the least loss, of a fine ladder of them [s]."""
    ladder = [10 ** (exponent / 20) for exponent in range(0, 101)]
    return min(ladder, key=lambda one: lost_at_interval(drifting(), one, moving().time_s, drift_s, expert_share).total)


def intervals():
    """Throughput lost by the interval, for loads that forget their past sooner or later."""
    rows = []
    for interval in INTERVALS_S:
        row = {"interval": interval, "moving": lost_at_interval(drifting(), interval, moving().time_s, 1).moving}
        for words, seconds in DRIFTS_S.items():
            row[words] = lost_at_interval(drifting(), interval, moving().time_s, seconds).ageing
        rows.append(row)
    columns = {"interval": ("A new plan every", "s"), "moving": ("Lost while experts move", "%", 2)} | {
        words: (f"Lost to ageing, loads forget in {words}", "%", 1) for words in DRIFTS_S
    }
    return table(rows, columns, "Throughput lost, of that with an always fresh plan, if all of a step waits for experts")


def facts_used():
    """Measured loads, published gains, and the unit of the report."""
    rows = [one for one in facts.facts("serving") if one.subject == MEASURED or one.quantity.startswith("eplb")]
    rows += [one for one in facts.facts("serving") if "eplb" in one.quantity and one not in rows]
    rows += [one for one in facts.facts("serving") if one.subject == "V3 report prefill unit" and "redund" in one.quantity]
    return fact_table(rows)
