"""Model states on each pipeline rank."""

from ...model.config import load_model
from ...training.layout import ZERO_STAGES, Layout
from ...training.recipes import RECIPES
from ...training.state_views import shown
from ...training.states import model_states
from .._choices import NOTES, accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice, notes
from .._define import Choice, Explorer, Metric, Number

SCHEDULES = {
    "1f1b": "1F1B, each stage once",
    "zb1p": "ZB1P, each stage once",
    "dualpipe": "DualPipe, each stage twice",
    "dualpipev": "DualPipeV, two smaller stages a rank",
}

#: 0 is what Megatron does without the option.
ETP = (
    (0, "as usual: TP parts where EP is 1"),
    (1, "1 part"),
    *((parts, f"{parts} parts") for parts in (2, 4, 8, 16, 32, 64)),
)


def compute(model, tp, pp, ep, etp, dp, zero, schedule, recipe, accelerator, accelerator_numbers):
    layout = Layout(tp, pp, ep, dp, zero, schedule, etp or None)
    config = load_model(model)
    states = model_states(config, layout, recipe)
    memory_bytes = chosen_accelerator(accelerator, accelerator_numbers).needed("memory_bytes")
    fullest = states["ranks"][states["fullest_rank"]]
    metrics = {
        "num_gpus": states["num_gpus"],
        "expert_tp": layout.expert_tp,
        "expert_replicas": layout.expert_replicas,
        "per_gpu_bytes": states["per_gpu_bytes"],
        **shown(states["components"]),
        "num_params": fullest["num_params"],
        "fullest_rank": fullest["rank"],
        "lightest_rank_bytes": min(rank["bytes"] for rank in states["ranks"]),
        "share_of_memory": states["per_gpu_bytes"] / memory_bytes,
    }
    rows = [
        {"rank": rank["rank"], "layers": len(rank["layers"]), "state": state.replace("_", " "), "bytes": held}
        for rank in states["ranks"]
        for state, held in shown(rank).items()
    ]
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="model-states",
    title="Model states on each GPU",
    description="A stacked bar for each pipeline rank: weights, gradients and optimizer states on one of its GPUs. "
    "Activations are not counted, so a bar is a part of what the GPU holds.",
    lead=("model", "pp", "ep", "dp", "zero", "schedule"),
    headline=("per_gpu_bytes", "share_of_memory", "num_gpus"),
    controls=(
        model_choice(),
        Number("tp", "Tensor parallel", 1, 1, 64, 1, "GPUs", "powers"),
        Number("pp", "Pipeline parallel", 16, 1, 64, 1, "ranks", "powers"),
        Number("ep", "Expert parallel", 64, 1, 1024, 1, "GPUs", "powers"),
        Choice("etp", "Each expert cut in", 0, ETP),
        Number("dp", "Data parallel", 128, 1, 4096, 1, "replicas", "powers"),
        Choice("zero", "ZeRO stage", 1, tuple((stage, f"ZeRO-{stage}" if stage else "none") for stage in ZERO_STAGES)),
        Choice("schedule", "Pipeline schedule", "1f1b", tuple(SCHEDULES.items())),
        Choice("recipe", "Dtype recipe", "deepseek-v3", tuple((one.name, one.title) for one in RECIPES.values())),
        accelerator_choice(),
        accelerator_numbers(),
    ),
    metrics={
        "num_gpus": Metric("GPUs in all", "GPUs"),
        "expert_tp": Metric("Parts of each expert"),
        "expert_replicas": Metric("GPUs with the same experts", "GPUs"),
        "per_gpu_bytes": Metric("Model states, fullest rank", "bytes"),
        "weights": Metric("of which weights", "bytes"),
        "gradients": Metric("gradients", "bytes"),
        "optimizer_states": Metric("optimizer states", "bytes"),
        "num_params": Metric("Parameters on its GPUs", "parameters"),
        "fullest_rank": Metric("It is pipeline rank"),
        "lightest_rank_bytes": Metric("Model states, lightest rank", "bytes"),
        "share_of_memory": Metric("Fullest, of the GPU's memory", "%", 1),
        "notes": NOTES,
    },
    columns={
        "rank": Metric("Pipeline rank"),
        "layers": Metric("Layers"),
        "state": Metric("State"),
        "bytes": Metric("On each GPU", "bytes"),
    },
    compute=compute,
)
