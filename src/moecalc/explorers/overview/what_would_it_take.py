"""What it takes to train a model on a number of GPUs, and what a token asks of it: the report's first figure."""

from ...base.errors import InputError
from ...economics.cost import SECONDS_PER_HOUR, cost_usd, training_gpu_hours, wall_days
from ...facts import tables
from ...hardware.accelerator import Accelerator, load_accelerator
from ...model.checkpoint import storage_bytes
from ...model.config import ModelConfig, load_model
from ...model.flops import training_flops_per_token
from ...model.kv_cache import kv_cache_report
from ...model.params import num_activated_params, num_total_params
from ...model.to_scale import NARROW, Frame
from ...serving.capacity import longest_of_model
from ...serving.fewest import fewest_gpus
from ...serving.served_types import served_types
from ...serving.step_time import Running, StepTime, decode_time
from ...serving.throughput import CACHE_BYTES
from ...training.mfu import model_flops_utilisation
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
from .._define import Explorer, Metric, Number, Text
from ..model.layer_to_scale import rows_of

#: The model, and the run of it whose published numbers the figure starts from.
MODEL, ACCELERATOR, RUN = "deepseek-v3", "h800-sxm", tables.by_subject("training_runs")["dsv3-pretrain"]
NUM_GPUS, SEQ_LEN = int(RUN["num_gpus"].to("GPUs")), int(RUN["seq_len"].to("tokens"))
NUM_T_TOKENS = RUN["num_tokens"].to("T tokens")
#: Bytes of a cached number -> its type while serving.
CACHES = {size: name for name, size in CACHE_BYTES.items()}
#: Space for the picture on a laptop and on a phone.
FRAMES = (Frame(644, 215, 128), NARROW._replace(width=350, height=140, weights_per_pixel=128))


def published_mfu() -> float:
    """The utilisation at which the run takes the GPU-hours that its report gives [%]."""
    flops = training_flops_per_token(load_model(MODEL), SEQ_LEN)
    peak = load_accelerator(ACCELERATOR).peak_dense_bf16_flops_per_s
    tokens, hours = RUN["num_tokens"].to("tokens"), RUN["gpu_hours"].to("GPU-hours")
    return 100 * model_flops_utilisation(flops, tokens, hours, peak)


def served(config: ModelConfig, gpu: Accelerator, context: int, users: int, bytes_per_element: int) -> tuple:
    """(fewest GPUs that serve the users, a step of decode on them): None where it is not known.

    Without pipeline stages, whose steps are not timed, if the model fits so; what the model was not made for is not served.
    """
    try:
        context = min(context, longest_of_model(config) or context)
        fit = fewest_gpus(config, gpu, context, users, bytes_per_element, {"pp": 1})
        if not fit.copies:
            return fewest_gpus(config, gpu, context, users, bytes_per_element).num_gpus or None, None
    except InputError:
        return None, None
    try:
        types = served_types(config, gpu, cache=CACHES[bytes_per_element])
        step = decode_time(config, gpu, fit.found.layout, fit.users_of_group, context, Running(types=types))
        return fit.num_gpus, step
    except InputError:
        return fit.num_gpus, None


def rounded(estimate: float) -> float:
    """An estimate with the digits that are worth sending to a reader."""
    return float(f"{estimate:.3g}")


def usd_per_million(step: StepTime, usd_per_gpu_hour: float) -> float:
    """Rent of GPUs for a million tokens of answers [USD]."""
    return usd_per_gpu_hour / SECONDS_PER_HOUR / step.tokens_per_s_per_gpu * 1e6


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
    users,
):
    counted, gpu = read_config(model, config), chosen_accelerator(accelerator, accelerator_numbers)
    flops, tokens = training_flops_per_token(counted, seq_len), num_tokens * 1e12
    peak = gpu.needed("peak_dense_bf16_flops_per_s")
    hours = training_gpu_hours(flops, tokens, peak, mfu / 100)
    serving_gpus, step = served(counted, gpu, seq_len, users, bytes_per_element)
    metrics = {
        "total": num_total_params(counted),
        "activated": num_activated_params(counted),
        "training_flops_per_token": flops,
        "kv_bytes_per_token": kv_cache_report(counted, seq_len, bytes_per_element)["bytes_per_token"],
        "gpu_hours": hours,
        "wall_days": wall_days(hours, num_gpus),
        "usd": cost_usd(hours, usd_per_gpu_hour),
        "tokens_per_s": tokens * num_gpus / (hours * SECONDS_PER_HOUR),
        "serving_gpus": serving_gpus,
        "tokens_per_s_per_gpu": step and rounded(step.tokens_per_s_per_gpu),
        "usd_per_million": step and rounded(usd_per_million(step, usd_per_gpu_hour)),
        "interval": step and f"{100 * step.low_s / step.step_s:.0f} to {100 * step.high_s / step.step_s:.0f} %",
        "tokens_per_s_per_user": step and rounded(step.tokens_per_s_per_user),
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
    "Dollars are rent alone. Served on the fewest GPUs that hold the users' contexts; the speed of decoding is an estimate.",
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
        Number("users", "Users served at once", 256, 1, 16_384, 1, "users", "powers"),
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
        "serving_gpus": Metric("serve the users", "GPUs"),
        "tokens_per_s_per_gpu": Metric("tokens/s, a serving GPU", "", 3),
        "usd_per_million": Metric("a million answer tokens", "USD", 2),
        "interval": Metric("of which eight in ten such prices lie at"),
        "tokens_per_s_per_user": Metric("Each user gets", "tokens/s", 3),
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
        "serving_gpus",
        "tokens_per_s_per_gpu",
        "usd_per_million",
    ),
)
