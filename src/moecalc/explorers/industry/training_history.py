"""Published training runs over time: GPU-hours for their tokens, and the share of the peak, by architecture and chip."""

from math import log10
from statistics import median

from ...industry.training_history import DENSE, GENERATIONS, MOE, RUN, training_history
from .._define import Choice, Explorer, Metric
from ._views import year

PER_PARAM, HOURS, MFU = "per_param", "hours", "mfu"
#: What is drawn -> (its label, the title of the picture).
SHOWN = {
    PER_PARAM: (
        "GPU-hours for a T tokens and B activated",
        "GPU-hours for a trillion tokens and a billion activated parameters",
    ),
    HOURS: ("GPU-hours for a T tokens", "GPU-hours for a trillion tokens"),
    MFU: ("MFU, by 6ND", "MFU by 6ND"),
}
ALL = "all"
OWN, BF16 = "own", "bf16"
#: Runs that are named in the picture, and where the name stands.
NAMES = {
    "palm-540b": ("PaLM 540B", "right"),
    "bloom-176b": ("BLOOM", "right"),
    "llama1-65B": ("LLaMA 65B", "right"),
    "llama31-405B": ("Llama 3.1 405B", "below"),
    "ds67b": ("DeepSeek 67B", "left"),
    "dsv2-pretrain": ("DeepSeek-V2", "left"),
    "dsv3-pretrain": ("DeepSeek-V3", "right"),
    "mbridge-deepseek-v3-gb200-mxfp8-26.04.01": ("V3 on GB200", "left"),
    "mbridge-llama3.1-405b-gb300-nvfp4-26.04.01": ("Llama, FP4 on GB300", "left"),
    "mbridge-gpt-oss-120b-h100-bf16-26.04.01": ("gpt-oss on H100", "left"),
}
#: Runs until the end of this year are early; those since the start of the other are late.
EARLY, LATE = "2023", "2025"
DIGITS = 4


def compute(show, what, kind, generation, mfu_peak):
    runs = [
        run
        for run in training_history(ALL)
        if (what == ALL or run.what == RUN) and kind in (ALL, run.kind) and generation in (ALL, run.generation)
    ]

    def shown(value):
        return float(f"{value:.{DIGITS}g}")

    rows = []
    for run in runs:
        mfu = run.mfu(mfu_peak == OWN)
        hours = run.gpu_hours_per_t_tokens
        each = hours / run.activated_params * 1e9
        value = {PER_PARAM: each, HOURS: hours, MFU: mfu}[show]
        name, place = NAMES.get(run.slug, (None, None))
        rows.append(
            {
                "name": run.name,
                "said": name,
                "place": place,
                "date": run.date,
                "what": run.what,
                "kind": run.kind,
                "chip": run.accelerator.slug,
                "generation": run.generation,
                "precision": run.precision or None,
                "activated": run.activated_params,
                "hours": shown(hours),
                "per_param": shown(each),
                "mfu": shown(mfu),
                "published_mfu": run.published_mfu,
                "status": run.status,
                "x": year(run.date),
                "y": shown(value if show == MFU else log10(value)),
            }
        )

    def middle(key, chosen):
        values = [row[key] for row in rows if chosen(row["date"])]
        return median(values) if values else None

    early, late = middle("per_param", lambda day: day[:4] <= EARLY), middle("per_param", lambda day: day[:4] >= LATE)
    metrics = {
        "early": early,
        "late": late,
        "fall": early / late if early and late else None,
        "num_runs": len(runs),
        "mfu_dense": median(row["mfu"] for row in rows if row["kind"] == DENSE) if any_of(rows, DENSE) else None,
        "mfu_moe": median(row["mfu"] for row in rows if row["kind"] == MOE) if any_of(rows, MOE) else None,
    }
    # the titles follow the first row, which must be there
    rows = rows or [dict.fromkeys((*EXPLORER.columns, "said", "place", "generation", "x", "y"))]
    rows[0] |= {"drawn": SHOWN[show][1], "brief": SHOWN[show][0], "axis": show}
    return metrics, rows


def any_of(rows: list, kind: str) -> bool:
    """Whether a run of a kind is there."""
    return any(row["kind"] == kind for row in rows)


EXPLORER = Explorer(
    name="training-history",
    title="What a trillion tokens took, run by run",
    description="A mark for each published run or benchmark at its date: the GPU-hours for a trillion tokens, or these for "
    "each billion of activated parameters, on a logarithmic axis, or the share of the dense peak by 6ND. Colour tells dense "
    "models from mixtures of experts, shape the generation of the accelerator; benchmarks are hollow. Some are named.",
    lead=("show", "what", "kind", "generation", "mfu_peak"),
    headline=("fall", "mfu_dense", "mfu_moe"),
    controls=(
        Choice("show", "Show", PER_PARAM, tuple((key, label) for key, (label, _) in SHOWN.items())),
        Choice("what", "Rows", ALL, ((ALL, "runs and benchmarks"), (RUN, "whole runs alone"))),
        Choice("kind", "Models", ALL, ((ALL, "all"), (DENSE, "dense"), (MOE, "mixtures of experts"))),
        Choice("generation", "Accelerators", ALL, ((ALL, "all"), *((name, name) for name in GENERATIONS))),
        Choice("mfu_peak", "MFU is of the peak of", BF16, ((BF16, "BF16"), (OWN, "the width that was used"))),
    ),
    metrics={
        "fall": Metric("So many times fewer GPU-hours", "x", 2),
        "early": Metric(f"Hours a T tokens and B activated, to {EARLY}", "GPU-hours", 3),
        "late": Metric(f"since {LATE}", "GPU-hours", 3),
        "num_runs": Metric("Rows"),
        "mfu_dense": Metric("MFU of the dense ones, median", "%", 0),
        "mfu_moe": Metric("MFU of the mixtures, median", "%", 0),
    },
    columns={
        "name": Metric("Model"),
        "date": Metric("Date"),
        "what": Metric("Row is a"),
        "kind": Metric("Kind"),
        "chip": Metric("Accelerator"),
        "precision": Metric("Precision"),
        "activated": Metric("Activated", "parameters", 3),
        "hours": Metric("For a T tokens", "GPU-hours", 3),
        "per_param": Metric("and a B activated", "GPU-hours", 3),
        "mfu": Metric("MFU by 6ND", "%", 1),
        "published_mfu": Metric("MFU as published", "%", 1),
        "status": Metric("Hours are"),
    },
    says=("name", "date", "chip", "precision", "activated", "hours", "per_param", "mfu", "published_mfu"),
    compute=compute,
)
