"""Who holds what: every GPU of a cluster as a mark, one of them chosen, its groups told apart."""

from ...base.errors import InputError
from ...base.units import spans
from ...model.config import load_model
from ...training.placement import expert_names, gpu_at, num_copies
from .._choices import NOTES, model_choice, notes
from .._define import Choice, Explorer, Metric, Number
from ._cluster_map import beside, gpus_per_mark, rows_of
from ._laid_out import laid_out

SCHEDULES = {
    "1f1b": "1F1B, each stage once",
    "interleaved": "interleaved 1F1B, virtual stages",
    "zb1p": "ZB1P, each stage once",
    "dualpipe": "DualPipe, each stage twice",
    "dualpipev": "DualPipeV, two smaller stages a rank",
}
#: Largest cluster of the figure [GPUs]
MOST_GPUS = 16_384
#: 0 is what Megatron does without the option.
ETP = ((0, "as usual: TP parts where EP is 1"), (1, "1 part"), *((parts, f"{parts} parts") for parts in (2, 4, 8)))


def compute(model, tp, cp, pp, ep, etp, dp, vpp, schedule, gpus_per_node, gpu):
    config = load_model(model)
    layout = laid_out(config, schedule, vpp, pp, etp, tp=tp, cp=cp, ep=ep, dp=dp)
    num_gpus = layout.num_gpus
    if num_gpus > MOST_GPUS:
        raise InputError(f"tp x cp x pp x dp must be at most {MOST_GPUS:,} GPUs in this map; found {num_gpus:,}")
    chosen = gpu_at(config, layout, min(gpu, num_gpus - 1), gpus_per_node)
    if gpu >= num_gpus:
        raise InputError(f"gpu must be from 0 to {num_gpus - 1:,} in this layout; found {gpu:,}")
    groups = {
        f"{name}_group": in_words(getattr(chosen.groups, name), gpus_per_node) for name in ("ep", "dp", "pp", "tp", "cp")
    }
    metrics = {
        "experts": expert_names(chosen.experts),
        "layers": spans(chosen.layers, "-") or "none",
        "num_gpus": num_gpus,
        "beside": beside(chosen) or "none",
        "place": f"node {chosen.node}, pipeline rank {chosen.pp}",
        **groups,
        "same_experts": num_copies(layout) * layout.expert_tp if chosen.experts else None,
        "gpus_per_rank": layout.gpus_per_stage,
        "gpus_of_a_layer": layout.gpus_per_stage * (2 if schedule == "dualpipe" else 1),
        "expert_tp": layout.expert_tp,
        "gpus_per_mark": gpus_per_mark(layout),
    }
    return metrics | {"notes": notes(config)}, rows_of(config, layout, chosen, gpus_per_node)


def in_words(members, gpus_per_node: int) -> str:
    """How many GPUs a group has, and how many nodes it spans."""
    nodes = len({member // gpus_per_node for member in members})
    return f"{len(members):,} GPUs on {nodes:,} node{'s' * (nodes > 1)}" if len(members) > 1 else "alone"


EXPLORER = Explorer(
    name="placement",
    title="Who holds what",
    description="Each square is a GPU, or some neighbours where they are many; each block of lines is a pipeline rank. The "
    "chosen GPU and those that it works with are in strong colour: those with the same experts, those that hold the "
    "experts of its layers together, those that hold its layers, and those that hold the other stages. A change of shade "
    "is the border of a node.",
    lead=("pp", "ep", "dp", "tp", "schedule", "gpu"),
    headline=("experts", "layers", "num_gpus"),
    controls=(
        model_choice(),
        Number("tp", "Tensor parallel", 1, 1, 64, 1, "GPUs", "powers"),
        Number("cp", "Context parallel", 1, 1, 64, 1, "GPUs", "powers"),
        Number("pp", "Pipeline parallel", 16, 1, 60, 1, "ranks", "powers"),
        Number("ep", "Expert parallel", 64, 1, 512, 1, "GPUs", "powers"),
        Choice("etp", "Each expert cut in", 0, ETP),
        Number("dp", "Data parallel", 128, 1, 1024, 1, "replicas", "powers"),
        Number("vpp", "Virtual stages, if interleaved", 2, 1, 8, 1, "a rank"),
        Choice("schedule", "Pipeline schedule", "dualpipe", tuple(SCHEDULES.items())),
        Number("gpus_per_node", "GPUs of a node", 8, 1, 128, 1, "GPUs", "powers"),
        Number("gpu", "Chosen GPU", 138, 0, MOST_GPUS - 1, 1, "", "powers"),
    ),
    metrics={
        "experts": Metric("Its experts of each layer"),
        "layers": Metric("Its layers"),
        "num_gpus": Metric("GPUs in all", "GPUs"),
        "beside": Metric("Beside its layers"),
        "place": Metric("It stands in"),
        "ep_group": Metric("Expert parallel group"),
        "dp_group": Metric("Data parallel group"),
        "pp_group": Metric("Pipeline"),
        "tp_group": Metric("Tensor parallel group"),
        "cp_group": Metric("Context parallel group"),
        "same_experts": Metric("GPUs with its experts of a layer", "GPUs"),
        "gpus_per_rank": Metric("GPUs of a pipeline rank", "GPUs"),
        "gpus_of_a_layer": Metric("GPUs that share or repeat a layer", "GPUs"),
        "expert_tp": Metric("Parts of each expert"),
        "gpus_per_mark": Metric("GPUs of a mark, named after the first", "GPUs"),
        "notes": NOTES,
    },
    columns={
        "gpu": Metric("GPU"),
        "node": Metric("Node"),
        "stage": Metric("Pipeline"),
        "experts": Metric("Experts of a layer"),
        "group": Metric("To the chosen one"),
    },
    compute=compute,
    picks={"gpu": "gpu"},
)
