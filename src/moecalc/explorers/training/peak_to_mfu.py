"""From a GPU's peak to MFU: what takes how much on the way."""

from ...training.waterfall import FACTORS
from .._define import Explorer, Metric
from ._step import controls, setting

PEAK, MFU = "BF16 peak", "MFU"


def compute(**values):
    chosen = setting(**values)
    step = chosen.step()
    factors = chosen.factors(step)
    losses = {one.name: 1 - one.factor for one in factors if one.factor < 1}
    most = max(losses, key=losses.get)
    by_name = {one.name: one for one in factors}
    metrics = {
        "mfu": factors[-1].after,
        "most": f"{FACTORS[most]}, {100 * losses[most]:.0f} %",
        "kernels": by_name["kernels"].factor,
        "reachable": by_name["extra"].after,
        "step_s": step.step_s,
        "low": factors[-1].after * step.step_s / step.high_s,
        "high": factors[-1].after * step.step_s / step.low_s,
        "recipe": chosen.recipe,
    }
    rows = [_row(PEAK, "all", 0.0, 1.0, 1.0, None)]
    rows += [
        _row(FACTORS[one.name], "gain" if one.factor > 1 else "loss", one.before, one.after, one.after, one.factor)
        for one in factors
        if abs(one.factor - 1) > 1e-9
    ]
    return metrics, [*rows, _row(MFU, "all", 0.0, factors[-1].after, factors[-1].after, None)]


def _row(name, kind, start, end, after, factor) -> dict:
    numbers = {"start": start, "end": end, "after": after, "factor": factor}
    short = {key: None if value is None else float(f"{value:.5g}") for key, value in numbers.items()}
    return {"what": name, "kind": kind} | short


EXPLORER = Explorer(
    name="peak-to-mfu",
    title="From the peak to MFU",
    description="A waterfall of horizontal bars from the BF16 peak, which counts as 100 %: products in FP8 raise it, then "
    "everything else takes its share, down to MFU. Each bar reaches from the share without one thing to the share with it.",
    lead=("model", "accelerator", "recipe", "schedule", "micro_batches", "sms"),
    headline=("mfu", "most", "reachable"),
    controls=controls(
        "model", "accelerator", "recipe", "schedule", "micro_batches", "sms", "recompute", "seq_len",
        "accelerator_numbers",
    ),
    metrics={
        "mfu": Metric("MFU", "%", 1),
        "most": Metric("Most is lost to"),
        "reachable": Metric("All at peak", "%", 0),
        "kernels": Metric("Kernels reach, of their peaks", "%", 0),
        "low": Metric("MFU is expected to be at least", "%", 1),
        "high": Metric("at most", "%", 1),
        "step_s": Metric("A step", "s", 4),
        "recipe": Metric("Recipe"),
    },
    columns={
        "what": Metric("What counts"),
        "factor": Metric("Factor", "", 3),
        "after": Metric("Share of the BF16 peak then", "%", 1),
        "kind": Metric("Kind"),
    },
    says=("what", "factor", "after"),
    compute=compute,
)  # fmt: skip
