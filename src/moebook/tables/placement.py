"""Tables of the page on who holds what."""

from moecalc.claims.registry import config_fact
from moecalc.explorers.training._cluster_map import holds
from moecalc.facts import tables as facts
from moecalc.training.placement import expert_names

from ..prose import fact_table, table

#: Group -> what it is called, and what its GPUs have in common.
GROUPS = {
    "ep": ("Expert parallel", "the experts of a layer, held once between them"),
    "expert_dp": ("Expert data parallel", "the same experts"),
    "dp": ("Data parallel", "attention, shared experts, norms of the same layers"),
    "pp": ("Pipeline", "the stages, held once between them"),
    "tp": ("Tensor parallel", "each matrix, cut"),
    "cp": ("Context parallel", "each sequence, cut"),
}


def groups(gpu, gpus_per_node: int):
    """The groups of a GPU: their size, the nodes they span, what they share."""
    rows = [
        {
            "group": title,
            "size": len(members),
            "nodes": len({member // gpus_per_node for member in members}),
            "common": common if len(members) > 1 else "itself alone",
        }
        for name, (title, common) in GROUPS.items()
        for members in [getattr(gpu.groups, name)]
    ]
    columns = {"group": "Group", "size": "GPUs", "nodes": "Nodes", "common": "What they have in common"}
    return table(rows, columns, f"The groups of GPU {gpu.gpu}")


def gpus(chosen: list, caption: str):
    """What some GPUs hold."""
    rows = [
        {
            "gpu": str(gpu.gpu),
            "node": str(gpu.node),
            "rank": str(gpu.pp),
            "holds": holds(gpu),
            "experts": expert_names(gpu.experts),
        }
        for gpu in chosen
    ]
    columns = {"gpu": "GPU", "node": "Node", "rank": "Rank", "holds": "Holds", "experts": "Experts of a layer"}
    return table(rows, columns, caption)


def weights(held: dict):
    """Weights on a GPU by EP."""
    rows = [
        {"ep": ep, "experts": one.experts + one.experts_again, "other": one.other + one.other_again, "sum": sum(one)}
        for ep, one in held.items()
    ]
    columns = {
        "ep": "EP",
        "experts": ("Routed experts", "bytes", 3),
        "other": ("All else", "bytes", 3),
        "sum": ("Weights", "bytes", 3),
    }
    return table(rows, columns, "Weights on a GPU in the middle of the pipeline, both copies", folded=True)


def facts_used():
    """Facts that the page uses."""
    report = facts.by_subject("v3_report")
    named = {
        "training system": (
            "num_gpus", "gpus_per_node", "pipeline_parallel", "expert_parallel", "data_parallel", "tensor_parallel",
        ),
        "pipeline DualPipe": ("parameters",),
    }  # fmt: skip
    keys = ("num_hidden_layers", "first_k_dense_replace", "n_routed_experts")
    used = [report[subject][name] for subject, names in named.items() for name in names]
    return fact_table(used + [config_fact("deepseek-v3", key) for key in keys])
