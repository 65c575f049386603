"""Experts balanced by copies: load of each GPU before and after, and what more copies gain."""

import re

from ...base.errors import InputError, quoted
from ...facts import tables
from ...model.config import load_model
from ...serving.eplb import ExpertPlan, balanced_experts, max_over_mean, throughput_of_balanced
from ...serving.expert_loads import PUBLISHED_SKEW, made_up_loads
from ...serving.rebalancing import bytes_of_expert
from .._define import Choice, Explorer, Metric, Number, Text

#: The first layer of the example in EPLB's own description, with its sizes below.
EXAMPLE = "90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86"
TYPED = "typed"
#: Loads that are made up -> their skew, and words for it.
LAWS = {
    "even": (0.0, "all of them equal"),
    "mild": (0.5, "a little skewed"),
    "published": (PUBLISHED_SKEW, "as skewed as measured of R1"),
    "strong": (1.6, "strongly skewed"),
}
MODEL, EXPERTS, MOST_EXPERTS = "deepseek-v3", 256, 1024
#: Panels of the picture.
BEFORE, AFTER, GAIN, PUBLISHED = "in order, one copy each", "placed with copies", "gain", "published"
ONE, SEVERAL = "expert with one copy", "expert with several copies"
#: Spare slots, over the experts, up to which the gain is drawn if these are enough points, and its points at most.
MOST_SPARE, FEWEST_POINTS, MOST_POINTS = 1.0, 4, 7
DIGITS = 3


def read_loads(text: str) -> list:
    """Loads from numbers between commas, spaces or lines."""
    words = [word for word in re.split(r"[\s,;]+", text.strip().strip("[]")) if word]
    if not 2 <= len(words) <= MOST_EXPERTS:
        raise InputError(f"loads must be 2 to {MOST_EXPERTS:,} numbers, one for each expert; found {len(words):,}")
    try:
        return [float(word) for word in words]
    except ValueError:
        accepted = "numbers with commas between them, such as 90, 132, 40"
        raise InputError(f"loads must be {accepted}; found {quoted(text)}") from None


def published_gains() -> list:
    """(name, spare slots over experts, gain) of measured throughput, and of measured loads if all time were the experts'."""
    facts = tables.by_subject("serving")
    sglang, loads = facts["SGLang 96x H100 DeepSeek-V3"], facts["TensorRT-LLM DeepSeek-R1 expert loads"]
    spare = sglang["eplb_redundant_experts"].value / EXPERTS
    found = [
        (f"SGLang {phase}, {int(sglang[f'eplb_gpus_{phase}'].value)} GPUs", spare, sglang[f"eplb_gain_{phase}"].value)
        for phase in ("prefill", "decode")
    ]
    ratio = (1 + loads["imbalance_without_copies"].value) / (1 + loads["imbalance_with_copies"].value)
    return [*found, ("R1's loads, 32 to 36 GPUs", loads["redundant_experts"].value / EXPERTS, ratio)]


def gain(before: float, after: float, expert_share: float) -> float:
    """Throughput with a plan over that without, both by max over mean."""
    return throughput_of_balanced([after], expert_share) / throughput_of_balanced([before], expert_share)


def slots_for(experts: int, spare: int, gpus: int) -> int:
    """Slots for all experts and at least so many spare ones, equally many on each GPU."""
    return -(-(experts + spare) // gpus) * gpus


def load_by_gpu(loads: list, gpus: int) -> list:
    """Experts of each GPU in order, as even in number as can be."""
    held = [[] for _ in range(gpus)]
    for expert in range(len(loads)):
        held[expert * gpus // len(loads)].append(expert)
    return held


def bars(panel: str, held: list, loads: list, plan: ExpertPlan, copied: bool, gpus_per_node: int) -> list:
    """A row for each slot: where it stands in the bar of its GPU, in loads of the mean GPU."""
    mean, rows = sum(loads) / len(held), []
    for gpu, experts in enumerate(held):
        low = 0.0
        for expert in sorted(experts, key=lambda one: -loads[one] / (plan.copies[0][one] if copied else 1)):
            copies = plan.copies[0][expert]
            high = low + loads[expert] / (copies if copied else 1) / mean if mean else low
            rows.append(
                {
                    "panel": panel,
                    "name": f"expert {expert}",
                    "gpu": gpu,
                    "node": gpu // gpus_per_node,
                    "copies": copies if copied else 1,
                    "kind": SEVERAL if copies > 1 else ONE,
                    "low": round(low, DIGITS),
                    "high": round(high, DIGITS),
                    "spare": None,
                    "gain": None,
                }
            )
            low = high
    return rows


def curve(loads: list, groups: int, nodes: int, gpus: int, before: float, expert_share: float) -> list:
    """(spare slots over experts, gain) of plans with more and more slots."""
    sizes, experts = [], len(loads)
    slots = slots_for(experts, 0, gpus)
    while len(sizes) < FEWEST_POINTS or (len(sizes) < MOST_POINTS and slots <= (1 + MOST_SPARE) * experts):
        sizes.append(slots)
        slots += gpus * max(1, round(experts * MOST_SPARE / gpus / (MOST_POINTS - 1)))
    plans = [balanced_experts([loads], size, groups, nodes, gpus).max_over_mean[0] for size in sizes]
    return [(size / experts - 1, gain(before, after, expert_share)) for size, after in zip(sizes, plans, strict=True)]


def compute(loads_of, loads, spare, gpus, nodes, groups, expert_share, seed):
    given = read_loads(loads) if loads_of == TYPED else made_up_loads(1, EXPERTS, LAWS[loads_of][0], seed)[0]
    experts, slots, share = len(given), slots_for(len(given), spare, gpus), expert_share / 100
    plan = balanced_experts([given], slots, groups, nodes, gpus)
    size = slots // gpus
    after = [plan.physical_to_logical[0][gpu * size : (gpu + 1) * size] for gpu in range(gpus)]
    before, mean = load_by_gpu(given, gpus), sum(given) / gpus
    fullest = max(1.0, max(sum(given[expert] for expert in held) for held in before) / mean) if mean else 1.0
    balanced = max_over_mean(given, plan.physical_to_logical[0], gpus)
    v3 = load_model(MODEL)
    layers = sum(bool(block.num_routed_experts) for block in v3.anatomy.layers)
    metrics = {
        "max_over_mean": balanced,
        "max_over_mean_without": fullest,
        "gain": gain(fullest, balanced, share),
        "slots": slots,
        "slots_of_gpu": size,
        "copied": sum(copies > 1 for copies in plan.copies[0]),
        "most_copies": max(plan.copies[0]),
        "policy": plan.policy,
        "memory": (slots - experts) / gpus * layers * bytes_of_expert(v3),
    }
    by_node = gpus // nodes if gpus % nodes == 0 else gpus
    rows = bars(BEFORE, before, given, plan, False, by_node) + bars(AFTER, after, given, plan, True, by_node)
    points = curve(given, groups, nodes, gpus, fullest, share)
    rows += [_point(GAIN, "these loads", x, y, False) for x, y in points]
    rows.append(_point(GAIN, "what is chosen", slots / experts - 1, metrics["gain"], True))
    return metrics, rows + [_point(PUBLISHED, *one, False) for one in published_gains()]


def _point(panel: str, name: str, x: float, y: float, chosen: bool) -> dict:
    blank = dict.fromkeys(("gpu", "copies", "low", "high"))
    return {"panel": panel, "name": name, **blank, "spare": round(x, DIGITS + 1), "gain": round(y, DIGITS), "chosen": chosen}


EXPLORER = Explorer(
    name="experts-by-copies",
    title="The load of each GPU, before and after experts are copied",
    description="Two rows of bars, one for each GPU, stacked of its experts and measured by the mean load of a GPU: on the "
    "left experts lie in order, on the right they are placed with copies, and the bars are level. Experts that get several "
    "copies are orange, the others blue; nodes stand apart. A third panel draws what is gained over the number of spare "
    "slots, with published gains as diamonds. Only these are measured; loads that are not typed are made up.",
    lead=("loads_of", "loads", "spare", "gpus", "nodes", "groups"),
    headline=("max_over_mean", "max_over_mean_without", "gain"),
    controls=(
        Choice(
            "loads_of",
            "Loads",
            TYPED,
            ((TYPED, "the list that is typed"), *((key, f"{EXPERTS} experts, {words}") for key, (_, words) in LAWS.items())),
        ),
        Text("loads", "Loads of the experts", EXAMPLE, "a number for each expert, with commas between them"),
        Number("spare", "Spare slots, at least", 4, 0, 256, 1, "slots", "powers"),
        Number("gpus", "GPUs", 8, 2, 256, 1, "GPUs", "powers"),
        Number("nodes", "Nodes", 2, 1, 32, 1, "nodes", "powers"),
        Number("groups", "Groups of the gate", 4, 1, 16, 1, "groups", "powers"),
        Number("expert_share", "Of a balanced step, waits for experts", 100, 0, 100, 5, "%"),
        Number("seed", "Seed of what is made up", 1, 1, 5, 1),
    ),
    metrics={
        "max_over_mean": Metric("Fullest GPU, with copies", "x", 3),
        "max_over_mean_without": Metric("in order, one copy each", "x", 3),
        "gain": Metric("Throughput gained", "x", 3),
        "slots": Metric("Slots of all GPUs"),
        "slots_of_gpu": Metric("of a GPU"),
        "copied": Metric("Experts with several copies"),
        "most_copies": Metric("Most copies of one"),
        "policy": Metric("Balanced"),
        "memory": Metric("Spare slots of every layer of V3 would take, on a GPU", "bytes", 3),
    },
    columns={
        "panel": Metric("Panel"),
        "name": Metric("What"),
        "gpu": Metric("GPU"),
        "copies": Metric("Copies"),
        "low": Metric("Its load, from", "x", 3),
        "high": Metric("to", "x", 3),
        "spare": Metric("Spare slots, over experts", "%", 1),
        "gain": Metric("Gain", "x", 3),
    },
    compute=compute,
    says=("name", "gpu", "copies", "low", "high", "spare", "gain"),
)
