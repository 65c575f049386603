"""Memory of one GPU on each pipeline rank, and whether it fits."""

from ...base.units import show
from ...model.config import load_model
from ...training.activation_policy import ActivationPolicy
from ...training.activations import recomputable_parts
from ...training.layout import ZERO_STAGES
from ...training.memory import Batch, memory
from ...training.memory_savings import v3_recompute
from ...training.recipes import RECIPES
from .._choices import NOTES, accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice, notes
from .._define import Choice, Explorer, Guess, Metric, Number
from ._laid_out import laid_out
from .model_states import ETP, SCHEDULES

#: Each beyond "none" takes what a model has of it.
RECOMPUTE = {
    "none": "nothing",
    "v3": "V3's list: norms, MLA up, SwiGLU",
    "v3,permuted-tokens": "V3's list and experts' inputs",
    "full": "whole layers",
}
CACHES = {"bf16": "in BF16", "fp8": "in FP8 and E5M6"}
ROUTING_WEIGHT = {"after": "after the down projection", "before": "before the down projection"}


def recompute_list(name: str, config) -> tuple:
    """Names of what is recomputed for a key of :data:`RECOMPUTE`."""
    if name in ("none", "full"):
        return () if name == "none" else (name,)
    more = [one for one in name.split(",")[1:] if one in recomputable_parts(config)]
    return (*v3_recompute(config), *more)


def said(band: tuple, room: float) -> str:
    """Whether a band of bytes fits into a room, and by how many bytes, in few words."""
    least, most = band
    if most <= room:
        return f"yes, {show(room - most, 'bytes', 3)} free"
    over = show(most - room, "bytes", 3)
    if least <= room:
        return f"not safely, up to {over} over"
    return f"no, {show(least - room, 'bytes', 3)} to {over} over"


def compute(
    model, schedule, recompute, cache, routing_weight, seq_len, micro_batch, tp, cp, pp, ep, etp, dp, vpp, zero, skew,
    recipe, accelerator, accelerator_numbers,
):  # fmt: skip
    config = load_model(model)
    layout = laid_out(config, schedule, vpp, pp, etp, tp=tp, cp=cp, ep=ep, dp=dp, zero=zero)
    gpu = chosen_accelerator(accelerator, accelerator_numbers)
    policy = ActivationPolicy(recompute_list(recompute, config), cache, routing_weight == "before")
    room = gpu.needed("memory_bytes")
    found = memory(config, layout, recipe, Batch(micro_batch, seq_len), policy, skew=skew, memory_bytes=room)
    fullest = found.fullest
    metrics = {
        "most": fullest.band[1],
        "verdict": said(fullest.band, room),
        "share": fullest.band[1] / room,
        "why_not": found.why_not or None,
        "rank": fullest.rank,
        "counted": fullest.counted,
        "states": fullest.states.gpu_total,
        "activations": fullest.activations,
        "buffers": fullest.buffers.peak,
        "beyond": fullest.band[1] - fullest.counted,
        "chunks": fullest.peak_micro_batches,
        "ema_cpu": fullest.states.ema_cpu or None,
        "gpu_bytes": room,
        "num_gpus": layout.num_gpus,
        "micro_batches": found.num_micro_batches,
    }
    rows = [
        {
            "rank": one.rank,
            "weights": one.states.weights + one.states.fp8_scales,
            "gradients": one.states.gradients,
            "optimizer": one.states.optimizer_states,
            "activations": one.activations,
            "buffers": one.buffers.peak,
            "band": one.band[1] - one.counted,
            "most": one.band[1],
            "gpu": round(room),
        }
        for one in found.ranks
    ]
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="gpu-memory",
    title="What a GPU of each pipeline rank must hold",
    description="A stacked bar for each pipeline rank: weights, gradients, optimizer states, activations and buffers of one "
    "of its GPUs, and a pale top for what frameworks and allocators may need beyond. A line is drawn at the GPU's memory.",
    lead=("model", "schedule", "recompute", "cache", "routing_weight", "seq_len"),
    headline=("most", "verdict", "share"),
    controls=(
        model_choice(),
        Choice("schedule", "Pipeline schedule", "dualpipe", (*SCHEDULES.items(), ("interleaved", "1F1B, interleaved"))),
        Choice("recompute", "Recomputed", "v3", tuple(RECOMPUTE.items())),
        Choice("cache", "Activations kept", "fp8", tuple(CACHES.items())),
        Choice("routing_weight", "Routing weight multiplies", "after", tuple(ROUTING_WEIGHT.items())),
        Number("seq_len", "Sequence", 4096, 1024, 131072, 1024, "tokens", "powers"),
        Number("micro_batch", "Micro-batch", 1, 1, 16, 1, "sequences", "powers"),
        Number("tp", "Tensor parallel", 1, 1, 64, 1, "GPUs", "powers"),
        Number("cp", "Context parallel", 1, 1, 64, 1, "GPUs", "powers"),
        Number("pp", "Pipeline parallel", 16, 1, 32, 1, "ranks", "powers"),
        Number("ep", "Expert parallel", 64, 1, 1024, 1, "GPUs", "powers"),
        Choice("etp", "Each expert cut in", 0, ETP),
        Number("dp", "Data parallel", 128, 1, 4096, 1, "replicas", "powers"),
        Number("vpp", "Virtual stages, interleaved", 1, 1, 8, 1, "a rank", "powers"),
        Choice("zero", "ZeRO stage", 1, tuple((stage, f"ZeRO-{stage}" if stage else "none") for stage in ZERO_STAGES)),
        Number("skew", "Tokens of the fullest experts", 1.0, 1.0, 3.0, 0.2, "x mean"),
        Choice("recipe", "Dtype recipe", "deepseek-v3", tuple((one.name, one.title) for one in RECIPES.values())),
        accelerator_choice(),
        accelerator_numbers(),
    ),
    metrics={
        "most": Metric("Fullest rank, at most", "bytes", 3),
        "verdict": Metric("Does it fit"),
        "share": Metric("Of its memory", "%", 0),
        "why_not": Metric("Why not"),
        "rank": Metric("Fullest pipeline rank"),
        "counted": Metric("Counted on it", "bytes", 3),
        "states": Metric("of which model states", "bytes", 3),
        "activations": Metric("activations", "bytes", 3),
        "buffers": Metric("buffers", "bytes", 3),
        "beyond": Metric("Beyond the rules, at most", "bytes", 3),
        "chunks": Metric("Live chunks of a micro-batch", "chunks"),
        "ema_cpu": Metric("Moving average, in the CPU's memory", "bytes", 3),
        "gpu_bytes": Metric("Memory of the GPU", "bytes"),
        "num_gpus": Metric("GPUs in all", "GPUs"),
        "micro_batches": Metric("Micro-batches assumed", "micro-batches"),
        "notes": NOTES,
    },
    columns={
        "rank": Metric("Pipeline rank"),
        "weights": Metric("Weights", "bytes", 3),
        "gradients": Metric("Gradients", "bytes", 3),
        "optimizer": Metric("Optimizer states", "bytes", 3),
        "activations": Metric("Activations", "bytes", 3),
        "buffers": Metric("Buffers", "bytes", 3),
        "band": Metric("Beyond the rules, at most", "bytes", 3),
        "most": Metric("All, at most", "bytes", 3),
        "gpu": Metric("Memory of the GPU", "bytes", 3),
    },
    says=("rank", "weights", "gradients", "optimizer", "activations", "buffers", "most"),
    compute=compute,
    guess=Guess(
        "most",
        "How much memory does a GPU of the fullest pipeline rank need, at most?",
        *(5, 500, "GB", 1e9, "log"),
        formula="{states} of model states + {activations} of activations + {buffers} of buffers + {beyond} beyond the rules"
        " = {most}",
    ),
)
