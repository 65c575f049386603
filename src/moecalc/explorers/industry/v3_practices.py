"""DeepSeek-V3's run under the practice of 2022, 2024 and 2026: hours, and what the time of a step goes to."""

from ...economics.cost import wall_days
from ...hardware.accelerator import load_accelerator
from ...industry.v3_practices import CHIPS_2026, practices, run_cost
from .._choices import some_accelerators
from .._define import Choice, Explorer, Metric, Number

#: Parts of a step -> what a reader calls them, in the order in which they are stacked.
PARTS = {
    "computing": "large kernels",
    "small": "small kernels",
    "waiting": "waiting",
    "bubble": "bubble",
    "between": "optimizer",
}
MEASURED, INTERVAL = "published", "expected between"
HOURS, DAYS = "hours", "days"
SHOWN = {
    HOURS: ("GPU-hours of the run", "GPU-hours of the run", "M"),
    DAYS: ("days on 2,048 GPUs", "days of the run on 2,048 GPUs", ""),
}
NUM_GPUS = 2048
DIGITS = 4


def compute(show, tokens, chip, ep_2022, recompute_2022):
    found = [run_cost(practice, tokens * 1e12) for practice in practices(chip, ep_2022, recompute_2022)]
    of = {one.practice.name: one for one in found}
    old, own, new = (of[name] for name in ("2022", "2024, as it ran", "2026"))

    def amount(hours):
        value = hours if show == HOURS else wall_days(hours, NUM_GPUS)
        return float(f"{value:.{DIGITS}g}")

    rows = []
    for one in found:
        common = {"practice": one.practice.name, "said": one.practice.said}
        common["chip"] = load_accelerator(one.practice.accelerator).name
        start = 0.0
        for part, words in PARTS.items():
            share = getattr(one, part)
            end = start + share * one.gpu_hours
            rows.append(common | {"part": words, "share": share, "start": amount(start), "end": amount(end)})
            start = end
        ends = {"start": amount(one.low_gpu_hours), "end": amount(one.high_gpu_hours)}
        rows.append(common | {"part": INTERVAL, **ends, "mfu": one.step.mfu, "total": amount(one.gpu_hours)})
        if one.measured_gpu_hours:
            rows.append(common | {"part": MEASURED, "end": amount(one.measured_gpu_hours)})
    keys = (*EXPLORER.columns, "total")
    for row in rows:
        row |= {key: row.get(key) for key in keys}
        row |= {key: float(f"{row[key]:.{DIGITS}g}") for key in ("share", "mfu") if row[key] is not None}
    rows[0] |= {"drawn": SHOWN[show][1], "unit": SHOWN[show][2]}
    metrics = {
        "old_hours": old.gpu_hours,
        "own_hours": own.gpu_hours,
        "new_hours": new.gpu_hours,
        "old_low": old.low_gpu_hours,
        "old_high": old.high_gpu_hours,
        "own_low": own.low_gpu_hours,
        "own_high": own.high_gpu_hours,
        "new_low": new.low_gpu_hours,
        "new_high": new.high_gpu_hours,
        "own_measured": own.measured_gpu_hours,
        "new_measured": new.measured_gpu_hours,
        "fall": old.gpu_hours / new.gpu_hours,
        "dense_hours": of["2022, dense"].gpu_hours,
    }
    return metrics, rows


EXPLORER = Explorer(
    name="v3-practices",
    title="V3's run by the practice of other years",
    description="A bar for each practice, from 2022 at the top to 2026 at the bottom: the GPU-hours or days of V3's run, "
    "computed, and cut into what a step's time goes to. A line across the end of each bar is the interval in which nine in "
    "ten such runs are expected; a mark is what was published for the same model and accelerator. Large kernels are "
    "products, attention and experts; small ones are element-wise, with waits for their launch; waiting is for other GPUs; "
    "the optimizer stands with the exchange of gradients.",
    lead=("show", "tokens", "chip", "ep_2022", "recompute_2022"),
    headline=("old_hours", "own_hours", "new_hours"),
    controls=(
        Choice("show", "Show", HOURS, tuple((key, label) for key, (label, *_) in SHOWN.items())),
        Number("tokens", "Tokens", 14.8, 1.0, 41.0, 5.0, "T tokens"),
        some_accelerators(CHIPS_2026, "chip", "Accelerator of 2026", CHIPS_2026[0]),
        Choice("ep_2022", "2022 spreads experts over", 8, ((8, "8 GPUs, a node"), (64, "64 GPUs"))),
        Choice("recompute_2022", "2022 recomputes", "full", (("full", "whole layers"), ("none", "nothing"))),
    ),
    metrics={
        "old_hours": Metric("By 2022's practice", "GPU-hours", 3),
        "own_hours": Metric("By 2024's, V3's own", "GPU-hours", 3),
        "new_hours": Metric("By 2026's", "GPU-hours", 3),
        "old_low": Metric("2022, at least", "GPU-hours", 3),
        "old_high": Metric("and at most", "GPU-hours", 3),
        "own_low": Metric("2024, at least", "GPU-hours", 3),
        "own_high": Metric("and at most", "GPU-hours", 3),
        "new_low": Metric("2026, at least", "GPU-hours", 3),
        "new_high": Metric("and at most", "GPU-hours", 3),
        "own_measured": Metric("2024, as published", "GPU-hours", 4),
        "new_measured": Metric("2026, by a published benchmark", "GPU-hours", 3),
        "fall": Metric("2022 over 2026", "x", 2),
        "dense_hours": Metric("A dense model of as many activated parameters, 2022", "GPU-hours", 3),
    },
    columns={
        "practice": Metric("Practice"),
        "said": Metric("which is"),
        "chip": Metric("Accelerator"),
        "part": Metric("Part"),
        "share": Metric("of the step", "%", 1),
        "start": Metric("From", "", 4),
        "end": Metric("to", "", 4),
        "mfu": Metric("MFU, exact and causal", "%", 1),
    },
    says=("practice", "said", "chip", "part", "share", "start", "end", "mfu"),
    compute=compute,
)
