"""What a run costs and how long it takes, with Llama 3.1 405B beside it."""

from ...economics.cost import cost_usd, num_gpus_for_deadline, wall_days
from ...facts import tables
from ...hardware.accelerator import load_accelerator
from .._choices import accelerator_choice, accelerator_numbers, chosen_accelerator
from .._define import Explorer, Guess, Metric, Number

#: The accelerator whose hours DeepSeek published.
REFERENCE = "h800-sxm"
GPU_COUNTS = (256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
DEADLINE_DAYS = 30


def run_gpu_hours(run: str) -> float:
    """GPU-hours of a training run of data/training_runs.csv."""
    return tables.lookup("training_runs", run, "gpu_hours").to("GPU-hours")


def compute(gpu_hours, usd_per_gpu_hour, num_gpus, accelerator, accelerator_numbers):
    reference, chosen = load_accelerator(REFERENCE), chosen_accelerator(accelerator, accelerator_numbers)
    # the same work at the same share of the peak
    hours = gpu_hours * reference.peak_dense_bf16_flops_per_s / chosen.needed("peak_dense_bf16_flops_per_s")
    llama_hours = run_gpu_hours("llama31-405B")
    rental = tables.by_subject("rental_prices").get(chosen.slug)
    low, high = rental["rental"].range_to("USD/GPU-hour") if rental else (None, None)
    metrics = {
        "gpu_hours": hours,
        "usd": cost_usd(hours, usd_per_gpu_hour),
        "usd_low": None if low is None else cost_usd(hours, low),
        "usd_high": None if high is None else cost_usd(hours, high),
        "wall_days": wall_days(hours, num_gpus),
        "num_gpus_for_deadline": num_gpus_for_deadline(hours, DEADLINE_DAYS),
        "llama_usd": cost_usd(llama_hours, usd_per_gpu_hour),
        "llama_wall_days": wall_days(llama_hours, num_gpus),
        "gpu_hours_ratio": llama_hours / hours,
    }
    rows = [
        {"run": run, "num_gpus": count, "days": wall_days(run_hours, count), "chosen": count == num_gpus}
        for run, run_hours in (("this run", hours), ("Llama 3.1 405B", llama_hours))
        for count in sorted({*GPU_COUNTS, num_gpus})
    ]
    return metrics, rows


EXPLORER = Explorer(
    name="cost",
    title="Days and dollars of a run",
    description="Wall-clock days against the number of GPUs, on logarithmic axes, for this run and for "
    "Llama 3.1 405B. Both are straight lines that fall as GPUs are added; a dot marks the chosen number.",
    headline=("usd", "wall_days", "gpu_hours"),
    controls=(
        Number("gpu_hours", "Hours on the H800", 2_788_000, 10_000, 50_000_000, 1_000, "H800 GPU-hours", "log"),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.1, 20.0, 0.05, "USD per GPU-hour"),
        Number("num_gpus", "GPUs", 2048, 8, 100_000, 8, "GPUs", "log"),
        accelerator_choice(REFERENCE),
        accelerator_numbers(),
    ),
    metrics={
        "gpu_hours": Metric("Hours on this accelerator, at the same MFU", "GPU-hours"),
        "usd": Metric("Cost at the chosen price", "USD"),
        "usd_low": Metric("Cost at the lowest rent quoted for it", "USD"),
        "usd_high": Metric("Cost at the highest", "USD"),
        "wall_days": Metric("Days on that many GPUs", "days", 3),
        "num_gpus_for_deadline": Metric(f"GPUs to be done in {DEADLINE_DAYS} days", "GPUs"),
        "llama_usd": Metric("Llama 3.1 405B at the chosen price", "USD"),
        "llama_wall_days": Metric("Llama 3.1 405B, days on that many GPUs", "days", 3),
        "gpu_hours_ratio": Metric("Its GPU-hours over this run's", "x", 3),
    },
    columns={
        "run": Metric("Run"),
        "num_gpus": Metric("GPUs"),
        "days": Metric("Days", "", 3),
    },
    compute=compute,
    picks={"num_gpus": "num_gpus"},
    guess=Guess(
        "usd",
        "What does the run cost in rent?",
        *(0.5, 500, "M USD", 1e6, "log"),
        formula="{gpu_hours} × {usd_per_gpu_hour} = {usd}",
    ),
)
