"""The fewest GPUs that serve so many users, what lies on each of them, and how long a context so many users can have."""

from ...base.units import show
from ...hardware.accelerator import Accelerator
from ...model.config import ModelConfig
from ...serving.capacity import longest_of_model
from ...serving.fewest import Fit, fewest_gpus
from ...serving.fewest import told as told_fit
from .._choices import (
    NOTES,
    accelerator_choice,
    accelerator_numbers,
    cached_width_choice,
    chosen_accelerator,
    model_choice,
    notes,
    read_config,
)
from .._define import Choice, Explorer, Metric, Number, Text

#: What a GPU holds, from below.
PARTS = ("weights", "cache", "workspace", "free", "not used")
OWN = "own"
WEIGHTS = {OWN: "as its checkpoint", "bf16": "BF16", "fp8": "FP8", "int4": "INT4"}
#: What stages may be -> sizes that are given to the search.
STAGES = {"one": ({"pp": 1}, "none"), "any": ({}, "as many as it takes")}
BARS, REACH = "GPUs", "reach"
LIMIT = "the model's longest"
#: Most users that the curve is drawn for, as a power of two.
MOST_USERS = 14
#: Digits of the gigabytes that are drawn.
DIGITS = 2


def parts_of_stage(fit: Fit, stage, memory_bytes: float) -> dict:
    """Part -> bytes on one GPU of a stage; what is free is below 0 where one user does not fit."""
    taken = fit.found.taken
    held = {
        "weights": sum(stage.weights.values()),
        "cache": fit.users_of_group * stage.sequence_bytes(fit.found.paged(fit.context)),
        "workspace": taken.sampling + taken.overhead,
    }
    return held | {"free": memory_bytes - taken.not_used - sum(held.values()), "not used": taken.not_used}


def bars(fit: Fit, memory_bytes: float) -> list:
    """Rows of the GPUs of one instance, those of neighbouring stages that hold as much together; the fullest first."""
    kinds, first, size = [], 0, fit.found.layout.stage_gpus
    for stage in fit.found.stages:
        held = parts_of_stage(fit, stage, memory_bytes)
        if kinds and kinds[-1][0] == held:
            kinds[-1] = held, kinds[-1][1], first + size
        else:
            kinds.append((held, first, first + size))
        first += size
    rows = []
    for held, start, end in sorted(kinds, key=lambda kind: kind[0]["free"]):
        low, gpus = 0.0, f"GPUs {start + 1:,} to {end:,}" if end - start > 1 else f"GPU {end:,}"
        for part, num_bytes in held.items():
            high = low + max(0.0, num_bytes) / 1e9
            rows.append(
                {
                    "panel": BARS,
                    "name": f"{part}, {gpus}",
                    "part": part,
                    "first": start,
                    "last": end,
                    "bytes": round(num_bytes),
                    "low": round(low, DIGITS),
                    "high": round(high, DIGITS),
                    "memory": round(memory_bytes / 1e9, DIGITS),
                    "users": None,
                    "context": None,
                }
            )
            low = high
    return rows


def reach(fit: Fit, users: int, context: int, most: int) -> list:
    """Rows of the longest context of so many users on the GPUs that were found, and on twice as many."""
    rows, layout = [], fit.found.layout
    for copies, name in ((fit.copies, "these GPUs"), (2 * fit.copies, "twice as many")):
        for number in sorted({*(2**power for power in range(MOST_USERS + 1)), users}):
            longest = fit.found.longest(-(-number // (copies * layout.dp)), most) if copies else 0
            if longest:
                rows.append(_point(name, number, longest))
    return [*rows, _point("chosen", users, context), _point(LIMIT, 1, most)]


def _point(name: str, users: int, context: int) -> dict:
    blank = dict.fromkeys(("part", "first", "last", "bytes", "low", "high", "memory"))
    return {"panel": REACH, **blank, "name": name, "users": users, "context": context}


def fitted(config: ModelConfig, gpu: Accelerator, context, users, bytes_per_element, weights=OWN, stages="one") -> Fit:
    """The search with what the controls say."""
    stored = None if weights == OWN else weights
    return fewest_gpus(config, gpu, context, users, bytes_per_element, dict(STAGES[stages][0]), stored)


def compute(model, config, accelerator, accelerator_numbers, context, users, bytes_per_element, weights, stages):
    counted, gpu = read_config(model, config), chosen_accelerator(accelerator, accelerator_numbers)
    fit = fitted(counted, gpu, context, users, bytes_per_element, weights, stages)
    told, most = told_fit(fit, counted, gpu), longest_of_model(counted) or max(context, fit.tokens_that_fit)
    sizes = {name.upper(): size for name, size in fit.found.layout._asdict().items() if name != "redundant_experts"}
    one_node = gpu.scale_up_domain_gpus
    metrics = {
        "num_gpus": told["num_gpus"],
        "longest_context": told["longest_context"],
        "bound_by": told["bound_by"],
        "cache_per_user": told["cache_bytes_per_user"],
        "users_that_fit": told["sequences_that_fit"],
        "layout": " ".join(f"{name}{size}" for name, size in sizes.items() if size > 1) or "one GPU",
        "instances": fit.copies,
        "per_gpu_bytes": told["per_gpu_bytes"],
        "usable_bytes": told["usable_bytes_per_gpu"],
        "lacks": None if fit.copies else max(0, fit.found.lacks(context)),
        "context_bound_by": told["longest_context_bound_by"] if fit.copies else None,
        "one_machine": _one_machine(fit, one_node),
        "notes": notes(counted),
    }
    return metrics, bars(fit, gpu.needed("memory_bytes")) + reach(fit, users, context, most)


def _one_machine(fit: Fit, gpus: int | None) -> str | None:
    if gpus is None:
        return None
    if not fit.copies:
        return "no"
    if fit.found.layout.num_gpus <= gpus:
        return f"yes, in one of {gpus:,} GPUs"
    return f"no, it takes {show(fit.found.layout.num_gpus / gpus, '', 2)} of {gpus:,} GPUs"


EXPLORER = Explorer(
    name="does-it-fit",
    title="Does it fit, and on how many",
    description="On the left the GPUs of one instance stand side by side, each filled from below: weights, the cache of "
    "its users, the engine's workspace, what is free, and what the engine may not use, up to the memory of the GPU. On the "
    "right the longest context falls as users become more, for the GPUs on the left and all their instances, and for twice "
    "as many. A diamond marks what is asked for. How many GPUs is searched over layouts; bytes follow logs of engines.",
    lead=("model", "config", "accelerator", "context", "users", "bytes_per_element"),
    headline=("num_gpus", "longest_context", "bound_by"),
    controls=(
        model_choice(),
        Text("config", "or a config.json", "", "paste it, or choose a file", files=".json,.txt"),
        accelerator_choice("h200-sxm"),
        accelerator_numbers(),
        Number("context", "Context of each user", 32_768, 1024, 1_048_576, 1, "tokens", "powers"),
        Number("users", "Users at once", 64, 1, 16_384, 1, "users", "powers"),
        cached_width_choice(),
        Choice("weights", "Weights", OWN, tuple(WEIGHTS.items())),
        Choice("stages", "Pipeline stages", "one", tuple((key, words) for key, (_, words) in STAGES.items())),
    ),
    metrics={
        "num_gpus": Metric("Fewest GPUs", "GPUs"),
        "longest_context": Metric("Longest context there", "tokens"),
        "bound_by": Metric("How many is decided by"),
        "cache_per_user": Metric("Cache of a user", "bytes", 3),
        "users_that_fit": Metric("Users that fit there"),
        "layout": Metric("Layout of an instance"),
        "instances": Metric("Instances"),
        "per_gpu_bytes": Metric("Needed on the fullest GPU", "bytes", 3),
        "usable_bytes": Metric("of the bytes that an engine may use", "bytes", 3),
        "lacks": Metric("One user lacks", "bytes", 3),
        "context_bound_by": Metric("The longest context is bound by"),
        "one_machine": Metric("Does an instance fit into one machine"),
        "notes": NOTES,
    },
    columns={
        "panel": Metric("Panel"),
        "name": Metric("What"),
        "bytes": Metric("On a GPU", "bytes", 3),
        "users": Metric("Users"),
        "context": Metric("Longest context", "tokens"),
    },
    compute=compute,
    says=("name", "bytes", "users", "context"),
    picks={"users": "users"},
)
