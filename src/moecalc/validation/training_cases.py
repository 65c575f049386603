"""Times of published training runs as cases of the ledger: ``data/training_cases.csv``, and the figures it points to."""

import functools

from ..base.errors import InputError
from ..facts import tables
from ..training.recipes import recipe
from ..training.step_work import fp8_type
from ..training.trace_pair import chunk_pair
from .cases import Case
from .training_runs import SECONDS, TOKENS, Predicted, predicted_step, step_as

TABLE, ELSEWHERE = "training_cases", "training_runs"
#: Quantities that are parts of a step -> (metric, attribute of :class:`~moecalc.training.step.Components`).
PARTS = {
    "forward_time": ("seconds of forward alone", "forward"),
    "bubble_time": ("seconds of bubble", "bubble"),
    "backward_time": ("seconds of backward alone", "backward"),
    "weight_gradient_time": ("seconds of weight gradients alone", "weight"),
    "overlapped_forward_backward_time": ("seconds of forward beside backward", "overlapped"),
    "optimizer_time": ("seconds of the optimizer", "between_steps"),
}
#: What a forward and a backward chunk compute, side by side.
PAIR = "compute"
METRICS = {"step_time": SECONDS, "tokens_per_s_per_gpu": TOKENS}
#: Columns of the table that data/training_runs.csv has where they are blank -> its quantity.
_THERE = {"num_gpus": "num_gpus", "seq_len": "seq_len", "precision": "precision", "parallelism": "parallelism"}


def training_cases() -> tuple:
    """Each row of the table as a :class:`~moecalc.validation.cases.Case`."""
    rows = tables.rows(TABLE)
    subjects = [row["subject"] for row in rows]
    found = []
    for row, fact in zip(rows, tables.facts(TABLE), strict=True):
        subject, quantity = row["subject"], row["quantity"]
        measured = fact if row["value"] != ELSEWHERE else tables.lookup(ELSEWHERE, subject, quantity)
        metric, unit = metric_of(quantity)
        predicted = _predicted(case_run(row), quantity)
        name = subject if subjects.count(subject) == 1 else f"{subject}:{quantity}"
        known = (name, "training", metric, row["model"], row["accelerator"], measured.to(unit))
        values = predicted.value, predicted.low, predicted.high
        said = (measured.source, predicted.why_not, row["kind"], predicted.note)
        found.append(Case(*known, *values, row["use"], *said))
    return tuple(found)


def prepared():
    """Predicts row after row, yielding the share done, so that :func:`training_cases` then answers at once."""
    rows = [row for row in tables.rows(TABLE) if not _done]
    for number, row in enumerate(rows, start=1):
        _predicted(case_run(row), row["quantity"])
        if number % 8 == 0:
            yield number / len(rows)
    _done.add(True)


_done = set()


def case_run(row) -> dict:
    """A row of the table as :func:`moecalc.validation.training_runs.predicted_step` takes it."""
    there = tables.by_subject(ELSEWHERE).get(row["subject"], {})
    run = {name: row[name] or (there[key].value if key in there else "") for name, key in _THERE.items()}
    if not row["global_batch"] and "global_batch_size" in there:
        run["global_batch"] = str(there["global_batch_size"].value).split(" ")[0]
    else:
        run["global_batch"] = row["global_batch"]
    more = {name: row[name] for name in ("model", "accelerator", "micro_batch")}
    return {**run, **more, "words": row["conditions"], "published": row["source"], "date": row["date"]}


def metric_of(quantity: str) -> tuple:
    """(metric, unit) of a quantity of the table."""
    if quantity in PARTS:
        return PARTS[quantity][0], "s"
    if quantity == PAIR:
        return "seconds that compute in a forward and a backward chunk", "s"
    return METRICS[quantity], "s" if quantity == "step_time" else "tokens/s per GPU"


def _predicted(run: dict, quantity: str) -> Predicted:
    try:
        if quantity == PAIR:
            return _pair(tuple(sorted(run.items())))
        step, assumed = _step(tuple(sorted(run.items())))
    except InputError as error:
        return Predicted(None, why_not=str(error))
    if quantity in METRICS:
        return step_as(step, METRICS[quantity], assumed)
    value = getattr(step.components, PARTS[quantity][1])
    return Predicted(value, value * step.low_s / step.step_s, value * step.high_s / step.step_s)


@functools.cache  # runs come again in later containers, and with their parts
def _step(key: tuple) -> tuple:
    step, *_, assumed = predicted_step(dict(key))
    return step, assumed


@functools.cache
def _pair(key: tuple) -> Predicted:
    """Kernels that compute in a forward and a backward chunk of the trace's layers, which have experts."""
    step, settings, config, accelerator, _ = predicted_step(dict(key))
    layers = tables.lookup(ELSEWHERE, "dsv3-training-trace", "moe_layers").value
    layout, fp8 = settings.layout, bool(fp8_type(recipe(settings.recipe)))
    how = (layers, settings.seq_len, layout.ep, fp8, settings.running, settings.policy.recompute)
    value = chunk_pair(config, accelerator, *how).kernels
    return Predicted(value, value * step.low_s / step.step_s, value * step.high_s / step.step_s)
