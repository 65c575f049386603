"""How often a run should save itself: the time that saving, failures and restarts take, over the interval."""

from math import log

from ...facts import tables
from ...model.config import load_model
from ...training.checkpoints import best_interval_s, checkpoint_bytes, published_failures, time_lost, write_time_s
from ...training.memory_examples import V3_LAYOUT
from .._define import Choice, Explorer, Metric, Number
from .memory_for_time import RECIPE, reached_share

V3_BYTES = checkpoint_bytes(load_model("deepseek-v3"), V3_LAYOUT, RECIPE)
V3_TB = round(V3_BYTES / 1e12, 2)
SIZES = (0.1, 1.0, V3_TB, 16.0, 100.0)
RATES = (0.1, 1, 3, 10, 40)
GPUS_PER_NODE = 8
#: Of PCIe 5.0, as h100-pcie has it.
PCIE = tables.lookup("accelerators", "h100-pcie", "scale_up_bandwidth").to("bytes/s") * reached_share()
ASIDE, WAITS = "aside", "waits"
SAVING = {ASIDE: "beside training", WAITS: "training waits"}
INTERVALS_MIN = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 360)
#: Steps of a curve; how many times the best interval, and the chosen one, it goes down and up; where an edge is near.
POINTS, REACH, MARGIN, NEAR_EDGE = 24, 60, 2, 0.3


def compute(num_gpus, gpu_hours, size_tb, gib_per_s, saving, restart_min, interval_min):
    nodes = -(-num_gpus // GPUS_PER_NODE)
    between_s = gpu_hours * 3600 / num_gpus
    write_s = write_time_s(size_tb * 1e12, nodes, gib_per_s * 2**30)
    copy_s = size_tb * 1e12 / num_gpus / PCIE
    aside = saving == ASIDE
    wait_s = copy_s if aside else copy_s + write_s
    # what is written beside training is safe only once it is written: a failure before that costs the interval before
    restart_s = restart_min * 60 + (write_s if aside else 0)
    best_s = max(best_interval_s(wait_s, between_s), write_s if aside else 0)
    chosen_s = interval_min * 60
    at, least = (time_lost(one, wait_s, between_s, restart_s) for one in (chosen_s, best_s))
    low, high = min(best_s / REACH, chosen_s / MARGIN), max(best_s * REACH, chosen_s * MARGIN)
    rows = []
    for step in range(POINTS + 1):
        interval = low * (high / low) ** (step / POINTS)
        lost = time_lost(interval, wait_s, between_s, restart_s)
        rows.append({"minutes": interval / 60, **_shares(lost), "mark": None, "side": None})
    for name, seconds, lost, other in (("chosen", chosen_s, at, best_s), ("best", best_s, least, chosen_s)):
        # words stand on the side away from the other mark, unless the edge is near
        along = log(seconds / low) / log(high / low)
        to_right = seconds > other or name == "chosen" and seconds == other
        side = "right" if along < NEAR_EDGE or to_right and along < 1 - NEAR_EDGE else "left"
        rows.append({"minutes": seconds / 60, **_shares(lost), "mark": name, "side": side})
    metrics = {
        "share": at.share,
        "best": best_s / 60,
        "write": write_s,
        "least": least.share,
        "again": at.again,
        "saving": at.saving,
        "restarting": at.restarting,
        "between": between_s / 3600,
        "copy": copy_s,
        "in_time": "yes" if not aside or write_s <= chosen_s else "no, a checkpoint is not written before the next",
    }
    return metrics, rows


def _shares(lost) -> dict:
    return {"saving": lost.saving, "again": lost.again, "restarting": lost.restarting, "share": lost.share}


EXPLORER = Explorer(
    name="checkpoint-interval",
    title="How often to save a run",
    description="Stacked areas over the interval between checkpoints, on a logarithmic scale: the share of all time that "
    "saving takes, that is computed a second time after failures, and that restarts take. Two points stand on top, for the "
    "interval that is chosen and for the one that loses least.",
    lead=("num_gpus", "size_tb", "gib_per_s", "saving", "restart_min", "interval_min"),
    headline=("share", "best", "write"),
    controls=(
        Number("num_gpus", "GPUs", 2048, 8, 131072, 8, "GPUs", "powers"),
        Number(
            "gpu_hours",
            "Between failures",
            round(published_failures().between_s(1) / 3600),
            1000,
            1000000,
            1,
            "GPU-hours",
            "log",
        ),
        Choice(
            "size_tb", "A checkpoint", V3_TB, tuple((one, f"{one:g} TB" + (", V3" if one == V3_TB else "")) for one in SIZES)
        ),
        Choice("gib_per_s", "A node writes", 10, tuple((one, f"{one} GiB/s") for one in RATES)),
        Choice("saving", "It is written", ASIDE, tuple(SAVING.items())),
        Number("restart_min", "A restart takes", 10, 0, 60, 5, "min"),
        Choice("interval_min", "Saved every", 5, tuple((one, f"{one:g} min") for one in INTERVALS_MIN)),
    ),
    metrics={
        "share": Metric("Time lost", "%", 2),
        "best": Metric("Best interval", "min", 3),
        "write": Metric("A checkpoint is written in", "s", 3),
        "least": Metric("Lost at the best interval", "%", 2),
        "again": Metric("Computed a second time", "%", 2),
        "saving": Metric("Waiting for checkpoints", "%", 2),
        "restarting": Metric("Restarting", "%", 2),
        "between": Metric("Between failures", "hours", 3),
        "copy": Metric("Copy to the CPU", "s", 4),
        "in_time": Metric("Written before the next"),
    },
    columns={
        "minutes": Metric("Interval", "min", 3),
        "saving": Metric("Waiting for checkpoints", "%", 3),
        "again": Metric("Computed a second time", "%", 3),
        "restarting": Metric("Restarting", "%", 3),
        "share": Metric("Lost in all", "%", 3),
        "mark": Metric("Which"),
    },
    says=("minutes", "share", "saving", "again", "restarting"),
    compute=compute,
)
