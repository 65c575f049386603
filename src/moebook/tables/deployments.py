"""Measured deployments of V3's class beside what is predicted for them, from the ledger."""

from moecalc.validation.cases import cases
from moecalc.validation.serving_cases import DEPLOYMENT

from ..prose import source_link, table

#: What a deployment was measured at, in the ledger's words, and with which metric.
WORDS = {"input": "input tokens/s a GPU", "output": "output tokens/s a GPU"}


def deployments(what: str):
    """Deployments whose `input` or `output` was measured, those of one model and its likes."""
    rows = [
        {
            "case": case.id.replace("-", " "),
            "accelerator": case.accelerator,
            "measured": case.measured,
            "predicted": case.predicted,
            "low": case.low,
            "high": case.high,
            "error": case.error,
            "use": case.use,
            "source": source_link(case.source),
        }
        for case in measured(what).values()
    ]
    columns = {
        "case": "Deployment",
        "accelerator": "Accelerator",
        "measured": ("Measured, a GPU", "tokens/s", 4),
        "predicted": ("Predicted", "tokens/s", 4),
        "low": ("from", "tokens/s", 3),
        "high": ("to", "tokens/s", 3),
        "error": ("Error", "%", 0),
        "use": "Used as",
        "source": "Source",
    }
    return table(rows, columns, f"Measured deployments of V3's class, {what} tokens", raw=("source",))


def measured(what: str) -> dict:
    """id -> case of each deployment whose `input` or `output` was measured and is predicted."""
    found = (case for case in cases("serving") if case.group == DEPLOYMENT and case.metric == WORDS[what])
    return {case.id: case for case in found if case.error is not None}
