"""What the talk says of how 2,048 GPUs are laid out: the sizes, who shares a stage, who holds which experts."""

from ..facts import tables
from ..model.config import load_model
from ..training.layout import Layout
from ..training.placement import gpu_at, holders
from .evidence import Evidence, Part
from .printed import items, number, numbers
from .registry import V3, check, config_fact, recomputed, report_fact

#: The schedule of V3.
SCHEDULE = "dualpipe"


def printed_layout(schedule: str = "1f1b") -> Layout:
    """The layout that the talk prints."""
    tp, pp, ep, dp, zero = (number("C57", index) for index in range(5))
    return Layout(tp=tp, pp=pp, ep=ep, dp=dp, zero=zero, schedule=schedule)


def printed_gpus_per_node() -> int:
    """GPUs over nodes, as the talk prints both."""
    gpus, nodes = (tables.number(text.split()[0], "C53") for text in items("C53"))
    return gpus // nodes


@check("C57")
def sizes(claim):
    tp, _, _, _, zero = items("C57")
    _, pp, ep, dp, _ = numbers("C57")
    none, ranks, group, shard = (
        report_fact("training system", f"{name}_parallel") for name in ("tensor", "pipeline", "expert", "data")
    )
    replicas = number("C53") // (number("C57") * number("C57", 1))
    return Evidence(
        (
            Part(tp, None, "TP1" if none.value == "none" else none.value, none, "tensor parallel"),
            Part(pp, None, ranks.value, ranks, "pipeline parallel"),
            Part(ep, None, int(group.value.split()[0]), group, "expert parallel"),
            Part(dp, replicas, name="data parallel"),
            Part(zero, None, shard.value, shard, "ZeRO stage"),
        ),
        convention="data parallel replicas of what is not a routed expert: GPUs / (TP x PP)",
        note=f"The report gives no data parallel size. Of the routed experts there are {printed_layout().expert_replicas} "
        f"replicas in each direction of the pipeline, since EP takes its GPUs from the {replicas}.",
        cite=group,
    )


@check("C58")
def gpus_of_a_stage(claim):
    once, twice = (len(holders(load_model(V3), printed_layout(how), layer=0)) for how in ("1f1b", SCHEDULE))
    return recomputed(
        claim,
        once,
        own=f"{twice} GPUs",
        convention="printed and recomputed: GPUs of a pipeline rank; ours: GPUs that hold a stage under DualPipe",
        note=f"DualPipe keeps each stage on two ranks, so that {twice} GPUs hold each layer and {once} take part in one "
        "direction.",
        cite=report_fact("pipeline DualPipe", "parameters"),
    )


@check("C59")
def experts_and_nodes(claim):
    group = report_fact("training system", "expert_parallel")
    gpu = gpu_at(load_model(V3), printed_layout(), 0, printed_gpus_per_node())
    nodes = {member // printed_gpus_per_node() for member in gpu.groups.ep}
    experts, span = numbers("C59")
    return Evidence(
        (
            Part(experts, len(gpu.experts), name="experts of a layer on a GPU"),
            Part(span, len(nodes), int(group.value.split()[2]), group, "nodes of an expert parallel group"),
        ),
        convention="neighbouring GPUs hold neighbouring experts, and nodes are neighbouring GPUs",
        note=f"{config_fact(V3, 'n_routed_experts').value} routed experts over {len(gpu.groups.ep)} GPUs.",
    )
