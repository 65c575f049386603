"""Memory of runs that others measured, beside what is predicted for them."""

from ...base.errors import InputError
from ...validation.hold_out import FITTED, HELD_OUT
from ...validation.memory import memory_cases, memory_errors
from .._define import Choice, Explorer, Metric

QUANTITIES = {
    "all": "all that was measured",
    "peak_allocated": "allocated at the peak",
    "peak_reserved": "reserved, with fragmentation",
    "allocated_after_step": "allocated after a step",
}
PROGRAMS = {
    "all": "all",
    "simumax": "Megatron-LM, by SimuMax",
    "megatron-lm": "Megatron-LM's own tests",
    "torchtitan": "TorchTitan",
}


def compute(quantity, program):
    cases = [
        one
        for one in memory_cases()
        if (quantity == "all" or one.quantity.startswith(quantity)) and program in ("all", one.source)
    ]
    if not cases:
        raise InputError(f"quantity {quantity} was not measured in runs of {PROGRAMS[program]}")
    held_out = [one for one in cases if one.use == HELD_OUT]
    fitted = [one for one in cases if one.use == FITTED]
    errors, of_fitted = (memory_errors(some) if some else None for some in (held_out, fitted))
    metrics = {
        "mean": errors and errors.mean,
        "worst": errors and errors.worst,
        "cases": len(held_out),
        "bias": errors and errors.bias,
        "worst_run": errors and errors.worst_subject,
        "mean_fitted": of_fitted and of_fitted.mean,
        "worst_fitted": of_fitted and of_fitted.worst,
        "cases_fitted": len(fitted),
    }
    rows = [
        {
            "run": one.subject,
            "what": one.quantity.replace("_", " "),
            "use": one.use,
            "measured": one.measured,
            "predicted": one.predicted,
            "error": one.error,
        }
        for one in cases
    ]
    return metrics, rows


EXPLORER = Explorer(
    name="memory-measured",
    title="Predicted beside measured memory",
    description="Points on two logarithmic axes, measured memory across and predicted memory up, with the diagonal on which "
    "both are equal. Runs that constants were fitted on are drawn as squares, those held out as circles.",
    controls=(
        Choice("quantity", "Measured", "all", tuple(QUANTITIES.items())),
        Choice("program", "Runs of", "all", tuple(PROGRAMS.items())),
    ),
    headline=("mean", "worst", "cases"),
    metrics={
        "mean": Metric("Mean error, held out", "%", 1),
        "worst": Metric("Worst", "%", 1),
        "cases": Metric("Figures held out"),
        "bias": Metric("Mean with its sign", "%", 1),
        "worst_run": Metric("The worst is"),
        "mean_fitted": Metric("Mean error, fitted", "%", 1),
        "worst_fitted": Metric("Worst, fitted", "%", 1),
        "cases_fitted": Metric("Figures fitted"),
    },
    columns={
        "run": Metric("Run"),
        "what": Metric("Measured"),
        "use": Metric("Used as"),
        "measured": Metric("Measured", "bytes", 3),
        "predicted": Metric("Predicted", "bytes", 3),
        "error": Metric("Error", "%", 1),
    },
    compute=compute,
)
