"""Weights on a GPU against expert parallelism: routed experts, all else, and both together."""

from ...model.config import load_model
from ...training.layout import num_routed_experts
from ...training.recipes import RECIPES
from ...training.weights_by_ep import weights_at_ep, weights_by_ep
from .._choices import NOTES, accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice, notes
from .._define import Choice, Explorer, Metric, Number

#: Kinds of weights.
SUM, EXPERTS, ELSE = KINDS = ("all weights", "routed experts", "all else")
RANKS = (("middle", "in the middle of the pipeline"), ("fullest", "the fullest one"))
COPIES = (("1f1b", "once: 1F1B, ZB1P"), ("dualpipe", "twice: DualPipe"))


def parts(held) -> dict:
    """Kind -> bytes, both copies together."""
    experts, other = held.experts + held.experts_again, held.other + held.other_again
    return {SUM: experts + other, EXPERTS: experts, ELSE: other}


def compute(model, ep, pp, tp, schedule, rank, recipe, accelerator, accelerator_numbers):
    config = load_model(model)
    how = {"pp": pp, "tp": tp, "schedule": schedule, "rank": rank}
    here = weights_at_ep(config, recipe, ep, **how)
    held = weights_by_ep(config, recipe, **how)
    memory_bytes = chosen_accelerator(accelerator, accelerator_numbers).needed("memory_bytes")
    experts = max(num_routed_experts(config), default=0)
    metrics = {
        "weights": sum(here),
        "share_of_memory": sum(here) / memory_bytes,
        "second_copy": here.second_copy,
        "experts_bytes": parts(here)[EXPERTS],
        "other_bytes": parts(here)[ELSE],
        "experts_each": experts // ep if experts else None,
        "weights_without": sum(held[1]),
        "second_copy_without": held[1].second_copy,
        "ep_at_half": next((size for size, one in held.items() if one.experts <= one.other), None),
    }
    rows = [
        {
            "ep": f"EP{size}",
            "size": size,
            "kind": kind,
            "bytes": value,
            "experts_each": experts // size if experts else 0,
            "chosen": size == ep,
            "memory": memory_bytes,
        }
        for size, one in held.items()
        for kind, value in parts(one).items()
        if value
    ]
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="weights-by-ep",
    title="Weights on a GPU, against expert parallelism",
    description="Weights on one GPU by the size of the expert parallel group, both axes in powers: those of the routed "
    "experts fall with it, all else stays, and the sum bends where the two cross. The dashed line is the memory of the "
    "GPU, which must hold much more than weights. The points of the chosen size are large.",
    lead=("model", "ep", "pp", "schedule", "rank", "recipe"),
    headline=("weights", "second_copy", "share_of_memory"),
    controls=(
        model_choice(),
        Number("ep", "Expert parallel", 64, 1, 512, 1, "GPUs", "powers"),
        Number("pp", "Pipeline parallel", 16, 1, 32, 1, "ranks", "powers"),
        Number("tp", "Tensor parallel", 1, 1, 64, 1, "GPUs", "powers"),
        Choice("schedule", "Each stage is held", "dualpipe", COPIES),
        Choice("rank", "A GPU", "middle", RANKS),
        Choice("recipe", "Dtype recipe", "deepseek-v3", tuple((one.name, one.title) for one in RECIPES.values())),
        accelerator_choice(),
        accelerator_numbers(),
    ),
    metrics={
        "weights": Metric("Weights on the GPU", "bytes", 3),
        "second_copy": Metric("of which a second copy", "bytes", 3),
        "share_of_memory": Metric("Weights, of the GPU's memory", "%", 1),
        "experts_bytes": Metric("Routed experts", "bytes", 3),
        "other_bytes": Metric("All else", "bytes", 3),
        "experts_each": Metric("Experts of a layer on the GPU"),
        "weights_without": Metric("Weights without expert parallelism", "bytes", 3),
        "second_copy_without": Metric("Second copy without it", "bytes", 3),
        "ep_at_half": Metric("EP from which experts weigh less than all else"),
        "notes": NOTES,
    },
    columns={
        "ep": Metric("Expert parallel"),
        "kind": Metric("Weights of"),
        "bytes": Metric("On the GPU", "bytes", 3),
        "experts_each": Metric("Experts of a layer"),
    },
    compute=compute,
    picks={"ep": "size"},
)
