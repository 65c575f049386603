"""Times of published training runs as cases of the ledger: ``data/training_cases.csv``, and the figures it points to."""

import functools

from ..base.errors import InputError
from ..facts import tables
from ..training.recipes import recipe
from ..training.step import fp8_type, network_dispatcher
from ..training.timing.device import timer_of
from ..training.timing.layer import Sizes, computing
from ..training.timing.parameters import step_parameters
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
    block = next(one for one in reversed(config.anatomy.layers) if one.num_routed_experts > 1)
    fp8, running, layout = fp8_type(recipe(settings.recipe)), settings.running, settings.layout
    taken = running.sms if network_dispatcher(running, accelerator) == "deepep" else 0
    timer = timer_of(accelerator, fp8, taken, running.fused, running.eager, step_parameters())
    shape = (settings.micro_batch, settings.seq_len, layout.tp, layout.cp, layout.ep, layout.expert_tp, True, 1)
    sizes = Sizes(*shape, bool(fp8), settings.policy.recompute, running.graphs)
    value = layers * sum(computing(block, sizes, timer, config.hidden_size).total)
    return Predicted(value, value * step.low_s / step.step_s, value * step.high_s / step.step_s)
