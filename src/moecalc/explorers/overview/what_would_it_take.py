"""What it takes to train a model on a number of GPUs, and what a token asks of it: the report's first figure."""

from ...economics.cost import SECONDS_PER_HOUR, cost_usd, training_gpu_hours, wall_days
from ...facts import tables
from ...hardware.accelerator import load_accelerator
from ...model.checkpoint import storage_bytes
from ...model.config import ModelConfig, load_model, parse_config
from ...model.flops import training_flops_per_token
from ...model.kv_cache import kv_cache_report
from ...model.params import num_activated_params, num_total_params
from ...model.to_scale import NARROW, Frame
from ...training.mfu import model_flops_utilisation
from .._choices import (
    NOTES,
    accelerator_choice,
    accelerator_numbers,
    cached_width_choice,
    chosen_accelerator,
    model_choice,
    notes,
)
from .._define import Explorer, Metric, Number, Text
from ..model.layer_to_scale import rows_of

#: The model, and the run of it whose published numbers the figure starts from.
MODEL, ACCELERATOR, RUN = "deepseek-v3", "h800-sxm", tables.by_subject("training_runs")["dsv3-pretrain"]
NUM_GPUS, SEQ_LEN = int(RUN["num_gpus"].to("GPUs")), int(RUN["seq_len"].to("tokens"))
NUM_T_TOKENS = RUN["num_tokens"].to("T tokens")
#: Space for the picture on a laptop and on a phone.
FRAMES = (Frame(644, 215, 128), NARROW._replace(width=350, height=140, weights_per_pixel=128))


def published_mfu() -> float:
    """The utilisation at which the run takes the GPU-hours that its report gives [%]."""
    flops = training_flops_per_token(load_model(MODEL), SEQ_LEN)
    peak = load_accelerator(ACCELERATOR).peak_dense_bf16_flops_per_s
    tokens, hours = RUN["num_tokens"].to("tokens"), RUN["gpu_hours"].to("GPU-hours")
    return 100 * model_flops_utilisation(flops, tokens, hours, peak)


def read_config(model: str, config: str) -> ModelConfig:
    """The pasted config, or where there is none that of the chosen model."""
    return parse_config(config) if config.strip() else load_model(model)


def compute(
    model,
    config,
    accelerator,
    accelerator_numbers,
    num_gpus,
    num_tokens,
    mfu,
    usd_per_gpu_hour,
    seq_len,
    bytes_per_element,
):
    counted = read_config(model, config)
    flops, tokens = training_flops_per_token(counted, seq_len), num_tokens * 1e12
    peak = chosen_accelerator(accelerator, accelerator_numbers).needed("peak_dense_bf16_flops_per_s")
    hours = training_gpu_hours(flops, tokens, peak, mfu / 100)
    metrics = {
        "total": num_total_params(counted),
        "activated": num_activated_params(counted),
        "training_flops_per_token": flops,
        "kv_bytes_per_token": kv_cache_report(counted, seq_len, bytes_per_element)["bytes_per_token"],
        "gpu_hours": hours,
        "wall_days": wall_days(hours, num_gpus),
        "usd": cost_usd(hours, usd_per_gpu_hour),
        "tokens_per_s": tokens * num_gpus / (hours * SECONDS_PER_HOUR),
        "run_flops": flops * tokens,
        "activated_share": num_activated_params(counted) / num_total_params(counted),
        "storage_bytes": storage_bytes(counted)["total"],
        "notes": notes(counted),
    }
    return metrics, rows_of(counted, scale="finest", frames=FRAMES)


EXPLORER = Explorer(
    name="what-would-it-take",
    title="What would it take?",
    description="The model's last layer, to scale: each matrix is a rectangle of its own sides, so an area is a number of "
    "parameters. What one token uses is in strong colour, the rest is pale. Which experts a token uses is made up. FLOPs "
    "are those of matrix products, three times the forward pass, with causal attention; the peak is that of dense BF16. "
    "Dollars are rent alone.",
    controls=(
        model_choice(MODEL, flops=True),
        Text("config", "or a config.json", "", "paste it, or choose a file", files=".json,.txt"),
        accelerator_choice(ACCELERATOR),
        accelerator_numbers(),
        Number("num_gpus", "GPUs", NUM_GPUS, 1, 200_000, 1, "GPUs", "log"),
        Number("num_tokens", "Tokens to train on", NUM_T_TOKENS, 0.01, 100.0, 0.01, "T tokens", "log"),
        Number("mfu", "Utilisation (MFU)", round(published_mfu(), 2), 1.0, 100.0, 0.5, "% of peak"),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.1, 20.0, 0.05, "USD per GPU-hour"),
        Number("seq_len", "Sequence length", SEQ_LEN, 128, 1_048_576, 128, "tokens", "log"),
        cached_width_choice(),
    ),
    metrics={
        "total": Metric("parameters", "count"),
        "activated": Metric("used by a token", "count"),
        "training_flops_per_token": Metric("to train on a token", "FLOPs"),
        "kv_bytes_per_token": Metric("cache a token", "bytes"),
        "gpu_hours": Metric("GPU-hours", "count"),
        "wall_days": Metric("on these GPUs", "days", 3),
        "usd": Metric("at this price", "USD"),
        "tokens_per_s": Metric("tokens a second", "count"),
        "run_flops": Metric("The whole run", "FLOPs"),
        "activated_share": Metric("Used by a token, of all parameters", "%", 2),
        "storage_bytes": Metric("Weights as stored", "bytes"),
        "notes": NOTES,
    },
    columns={
        "name": Metric("Matrix"),
        "component": Metric("Part of"),
        "shape": Metric("Shape"),
        "params": Metric("Parameters"),
        "state": Metric("This token"),
        "experts": Metric("Which experts, from 0"),
    },
    compute=compute,
    says=("name", "component", "shape", "params", "state"),
    lead=("model", "config", "accelerator", "num_gpus", "num_tokens", "mfu"),
    headline=(
        "total",
        "activated",
        "training_flops_per_token",
        "kv_bytes_per_token",
        "gpu_hours",
        "wall_days",
        "usd",
        "tokens_per_s",
    ),
)
