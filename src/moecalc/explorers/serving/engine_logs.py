"""What serving engines logged of their own memory, beside what is predicted."""

from ...validation.hold_out import FITTED, HELD_OUT
from ...validation.serving_memory import CACHE, TOKENS, TOKENS_OF_CACHE, WEIGHTS, log_cases, log_errors
from .._define import Choice, Explorer, Metric

#: Quantity -> words for it, and for what its error is a share of.
QUANTITIES = {
    WEIGHTS: ("weights on a GPU", "of what was logged"),
    CACHE: ("memory left for the cache", "of the GPU's memory"),
    TOKENS: ("tokens that fit, from the GPU's memory", "of what was logged"),
    TOKENS_OF_CACHE: ("tokens that fit, from the cache's memory", "of what was logged"),
}


ALL = "all"
USES = {ALL: "all", HELD_OUT: "held out", FITTED: "fitted"}


def compute(quantity, use):
    held_out, mean, worst, worst_log = log_errors(quantity, HELD_OUT)
    fitted = log_errors(quantity, FITTED)
    metrics = {
        "mean": mean,
        "worst": worst,
        "cases": held_out,
        "worst_log": worst_log,
        "mean_fitted": fitted[1],
        "cases_fitted": fitted[0],
        "share_of": QUANTITIES[quantity][1],
    }
    unit = 1 if quantity in (TOKENS, TOKENS_OF_CACHE) else 1e9
    rows = [
        {
            "log": one.subject,
            "use": one.use if one.complete else "settings not all said",
            "measured": one.measured / unit,
            "predicted": one.predicted / unit,
            "error": one.share_of_gpu if quantity == CACHE else one.error,
        }
        for one in log_cases()
        if one.quantity == quantity and use in (ALL, one.use)
    ]
    return metrics, sorted(rows, key=lambda row: row["error"])


EXPLORER = Explorer(
    name="engine-logs",
    title="Memory that engines logged, and the error of its prediction",
    description="A line for each log of vLLM or SGLang, named by model, engine, accelerator and layout, with a mark at the "
    "error of the prediction, left of zero where too little is predicted. Squares are logs that parameters were fitted on, "
    "circles are held out, crosses are logs that do not say all their settings and count in no mean.",
    controls=(
        Choice("quantity", "Logged", CACHE, tuple((key, words) for key, (words, _) in QUANTITIES.items())),
        Choice("use", "Logs", ALL, tuple(USES.items())),
    ),
    headline=("mean", "worst", "cases"),
    metrics={
        "mean": Metric("Mean error, held out", "%", 2),
        "worst": Metric("Worst", "%", 2),
        "cases": Metric("Figures held out"),
        "worst_log": Metric("The worst is"),
        "mean_fitted": Metric("Mean error, fitted", "%", 2),
        "cases_fitted": Metric("Figures fitted"),
        "share_of": Metric("An error is a share"),
    },
    columns={
        "log": Metric("Log"),
        "use": Metric("Used as"),
        "measured": Metric("Logged, GB or tokens", "", 4),
        "predicted": Metric("Predicted, GB or tokens", "", 4),
        "error": Metric("Error", "%", 2),
    },
    compute=compute,
)
