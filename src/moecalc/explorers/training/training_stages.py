"""Shares of DeepSeek-V3's training by stage, and the utilisation that the hours of two stages imply."""

from ...base.units import show as words_for
from ...economics.cost import cost_usd
from ...hardware.accelerator import load_accelerator
from ...model.config import load_model
from ...training.phases import phases_flops, phases_mfu, v3_extension, v3_pretraining
from ...training.v3_run import EXTENSION, POST, PRETRAINING, RUNS, published_hours
from .._define import Choice, Explorer, Metric, Number

V3, H800 = "deepseek-v3", "h800-sxm"
SHOWN = {"shares": "share of hours, tokens and FLOPs", "mfu": "MFU, by both conventions"}
#: Series of the two pictures.
SERIES = ("GPU-hours", "FLOPs", "tokens", "causal", "non-causal")
MASKS = {"causal": "causal, half of the scores", "non-causal": "non-causal, all of them"}


def show_amount(amount: float | None, unit: str, share: float | None) -> str:
    """An amount in words: empty for a series of shares alone."""
    return "not published" if share is None else "" if amount is None else words_for(amount, unit)


def compute(show, mask, num_steps, batch_32k, batch_128k, extension_hours, usd_per_gpu_hour):
    config, causal = load_model(V3), mask == "causal"
    peak = load_accelerator(H800).peak_dense_bf16_flops_per_s
    hours = published_hours() | {EXTENSION: extension_hours}
    phases = {PRETRAINING: [v3_pretraining()], EXTENSION: v3_extension(num_steps, (batch_32k, batch_128k))}
    tokens = {stage: sum(phase.num_tokens for phase in one) for stage, one in phases.items()}
    flops = {stage: phases_flops(config, one, causal) for stage, one in phases.items()}
    mfu = {
        (stage, which): phases_mfu(config, one, hours[stage], peak, which == "causal")
        for stage, one in phases.items()
        for which in MASKS
    }
    shares = {
        "GPU-hours": {stage: one / sum(hours.values()) for stage, one in hours.items()},
        # post-training's are not published
        "FLOPs": {stage: one / sum(flops.values()) for stage, one in flops.items()} | {POST: None},
        "tokens": {stage: one / sum(tokens.values()) for stage, one in tokens.items()} | {POST: None},
    }
    by_mask = {which: {stage: mfu[stage, which] for stage in phases} for which in MASKS}
    metrics = {
        "extension_tokens": tokens[EXTENSION],
        "extension_tokens_share": shares["tokens"][EXTENSION],
        "extension_flops": flops[EXTENSION],
        "extension_flops_share": shares["FLOPs"][EXTENSION],
        "extension_hours_share": shares["GPU-hours"][EXTENSION],
        "extension_usd": cost_usd(extension_hours, usd_per_gpu_hour),
        "total_usd": cost_usd(sum(hours.values()), usd_per_gpu_hour),
        "hours_per_t_tokens_ratio": (hours[EXTENSION] / tokens[EXTENSION]) / (hours[PRETRAINING] / tokens[PRETRAINING]),
        "extension_mfu": mfu[EXTENSION, mask],
        "pretraining_mfu": mfu[PRETRAINING, mask],
        "extension_masking_ratio": mfu[EXTENSION, "non-causal"] / mfu[EXTENSION, "causal"],
        "pretraining_masking_ratio": mfu[PRETRAINING, "non-causal"] / mfu[PRETRAINING, "causal"],
    }
    amounts = {"GPU-hours": hours, "FLOPs": flops, "tokens": tokens}
    rows = [
        {
            "stage": stage,
            "series": series,
            "share": share,
            "amount": show_amount(amounts.get(series, {}).get(stage), series, share),
            "order": SERIES.index(series),
        }
        for series, by_stage in (by_mask if show == "mfu" else shares).items()
        for stage, share in by_stage.items()
    ]
    return metrics, sorted(rows, key=lambda row: (list(RUNS).index(row["stage"]), row["order"]))


EXPLORER = Explorer(
    name="training-stages",
    title="The stages of training",
    description="Bars for each stage of DeepSeek-V3's training: its share of the GPU-hours, of the FLOPs and of the tokens; "
    "or, for the two stages whose tokens are published, the MFU with the causal mask counted and without. "
    "Pre-training has nearly all of everything, and the two conventions part far more in the context extension.",
    lead=("show", "mask", "num_steps", "batch_32k", "batch_128k", "extension_hours"),
    headline=("extension_hours_share", "extension_tokens_share", "extension_mfu"),
    controls=(
        Choice("show", "Shown", "shares", tuple(SHOWN.items())),
        Choice("mask", "Attention counted", "causal", tuple(MASKS.items())),
        Number("num_steps", "Steps of each extension", 1000, 100, 3000, 100, "steps"),
        Number("batch_32k", "Sequences a step at 32K", 1920, 120, 3840, 120, "sequences"),
        Number("batch_128k", "Sequences a step at 128K", 480, 30, 960, 30, "sequences"),
        Number("extension_hours", "Hours of the extension", 119_000, 10_000, 300_000, 1_000, "GPU-hours"),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.5, 10.0, 0.5, "USD per GPU-hour"),
    ),
    metrics={
        "extension_tokens": Metric("Extension, tokens", "tokens"),
        "extension_tokens_share": Metric("of those of both stages", "%", 2),
        "extension_flops": Metric("Extension, FLOPs", "FLOPs"),
        "extension_flops_share": Metric("of those of both stages", "%", 2),
        "extension_hours_share": Metric("Extension, of all hours", "%", 2),
        "hours_per_t_tokens_ratio": Metric("Hours a token, over pre-training's", "x", 3),
        "extension_usd": Metric("Cost of the extension", "USD"),
        "total_usd": Metric("Cost of all stages", "USD"),
        "extension_mfu": Metric("MFU of the extension", "%", 2),
        "pretraining_mfu": Metric("MFU of pre-training", "%", 2),
        "extension_masking_ratio": Metric("Non-causal over causal, extension", "x", 3),
        "pretraining_masking_ratio": Metric("the same, pre-training", "x", 3),
    },
    columns={
        "stage": Metric("Stage"),
        "series": Metric("Of"),
        "share": Metric("Share", "%", 2),
        "amount": Metric("Amount"),
    },
    compute=compute,
    picks={"mask": "series"},
)
