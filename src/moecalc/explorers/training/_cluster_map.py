"""The map of a cluster: a row for each mark, where it stands, and what its GPU is to the chosen one."""

from ...base.units import spans
from ...training.layout import Layout
from ...training.placement import expert_names, place

#: What a GPU is to the chosen one: the first of these that holds.
CHOSEN, SAME, TP, CP, EP, DP, PP, MIRROR, OTHER = (
    "chosen GPU",
    "same experts",
    "tensor parallel",
    "context parallel",
    "expert parallel",
    "data parallel",
    "pipeline",
    "mirrored stage",
    "no group in common",
)
RELATIONS = (CHOSEN, SAME, TP, CP, EP, DP, PP, MIRROR, OTHER)
#: More GPUs than marks share a mark with their neighbours.
MOST_MARKS = 2048
#: Most marks in a line, and most ranks that are named beside the map
LINE, MOST_NAMED = 64, 16
#: Height of a line, and of the gap between two ranks, in whole numbers: those are read faster
HEIGHT, GAP = 10, 4


def relations(layout: Layout, chosen) -> dict:
    """GPU -> what it is to the chosen one, for those that are something to it."""
    groups, per_rank = chosen.groups, layout.gpus_per_stage
    rank = chosen.gpu // per_rank * per_rank
    found = {}
    if chosen.mirror is not None:
        mirrored = chosen.mirror // per_rank * per_rank
        found |= dict.fromkeys(range(mirrored, mirrored + per_rank), MIRROR)
    found |= dict.fromkeys(groups.pp, PP) | dict.fromkeys(groups.dp, DP)
    if chosen.experts:
        together = layout.ep * layout.expert_tp  # neighbours that hold all experts of a layer
        first = rank + (chosen.gpu - rank) // together * together
        found |= dict.fromkeys(range(first, first + together), EP)
    found |= dict.fromkeys(groups.cp, CP) | dict.fromkeys(groups.tp, TP)
    if chosen.experts:
        found |= dict.fromkeys(groups.expert_dp, SAME)
        if chosen.mirror is not None:
            found |= dict.fromkeys((member - chosen.gpu + chosen.mirror for member in groups.expert_dp), SAME)
    return found | {chosen.gpu: CHOSEN}


def gpus_per_mark(layout: Layout) -> int:
    """How many neighbours share a mark: one where they are few, and always whole marks to a rank."""
    per_rank = layout.gpus_per_stage
    return next(n for n in range(1, per_rank + 1) if per_rank % n == 0 and layout.num_gpus <= n * MOST_MARKS)


def rows_of(config, layout: Layout, chosen, gpus_per_node: int) -> list:
    """A row for each mark: its GPU, or the first of the neighbours that share it."""
    per_rank, size = layout.gpus_per_stage, gpus_per_mark(layout)
    near = {}
    for gpu, relation in relations(layout, chosen).items():
        near[gpu // size] = min(near.get(gpu // size, OTHER), relation, key=RELATIONS.index)
    marks, together = per_rank // size, max(1, layout.ep * layout.expert_tp // size)
    line = line_length(marks, together)
    lines = -(-marks // line)
    firsts = place(config, layout, gpus_per_node, step=per_rank)
    with_experts = next((gpu.pp for gpu in firsts if gpu.experts), None)
    every = -(-layout.pp // MOST_NAMED)
    rows, names_of = [], {}
    for first in firsts:
        stage, each = f"rank {first.pp}: {holds(first)}", len(first.experts)
        if each not in names_of:
            names_of[each] = [_experts_of(range(low, low + size), layout, each) for low in range(0, per_rank, size)]
        names, named = names_of[each], _named(line, together) if first.pp == with_experts else ()
        for mark, experts in enumerate(names):
            gpu = first.gpu + mark * size
            row = {
                "gpu": gpu,
                "node": gpu // gpus_per_node,
                "stage": stage,
                "experts": experts,
                "group": near.get(gpu // size, OTHER),
                "x": mark % line,
                "y": first.pp * (lines * HEIGHT + GAP) + mark // line * HEIGHT,
            }
            if mark == 0 and first.pp % every == 0:
                row["label"], row["layers"], row["height"] = f"{first.pp}", spans(first.layers, "-"), lines * HEIGHT
            if mark in named:
                row["tick"] = experts
            rows.append(row)
    return rows


def line_length(marks: int, together: int) -> int:
    """How many marks of a rank stand in a line: whole expert parallel groups where that is possible.

    >>> line_length(128, 64), line_length(8, 4), line_length(127, 1)
    (64, 8, 64)
    """
    if marks <= LINE:
        return marks
    fitting = [n for n in range(LINE // 2, LINE + 1) if marks % n == 0]
    return max((n for n in fitting if n % together == 0), default=max(fitting, default=LINE))


def _named(line: int, together: int) -> tuple:
    """The marks of a line whose experts are named above it; none where the lines differ, or the names would overlap."""
    if line % together or 4 * together < max(line, LINE // 4):
        return ()
    quarters = [n * together // 4 - 1 for n in (1, 2, 3)] if together >= LINE // 2 else []
    return (0, *quarters, together - 1)


def _experts_of(gpus: range, layout: Layout, each: int) -> str:
    places = {gpu // layout.expert_tp % layout.ep for gpu in gpus}
    return expert_names(range(min(places) * each, (max(places) + 1) * each))


def holds(gpu) -> str:
    """What a GPU holds beside its experts, in words: layers, and where it has them embedding, head and MTP modules."""
    layers = f"layers {spans(gpu.layers, '-')}" if gpu.layers else ""
    return ", ".join(filter(None, (layers, beside(gpu)))) or "nothing"


def beside(gpu) -> str:
    """What a GPU holds beside layers, in words; empty where it is nothing."""
    ends = {"embedding": gpu.embedding, "head": gpu.head, "MTP": gpu.mtp}
    return ", ".join(name for name, there in ends.items() if there)
