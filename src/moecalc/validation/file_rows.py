"""Rows of other measurements, with the columns that published tables have, as cases that stand beside the ledger's."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..base.errors import InputError
from ..base.units import GIB
from .cases import Case
from .memory_runs import predicted_memory
from .training_runs import SECONDS, TOKENS, predicted_run


class Form(NamedTuple):
    """What a file of one kind has."""

    columns: tuple  #: those that must be there
    cases: Callable  #: row -> its cases


def rows_as_cases(kind: str, rows: Sequence[dict]) -> tuple:
    """The cases of each row, in the order of the rows; a row of serving has two, for the two times that it measured.

    Raises
    ------
    InputError
        If a column is missing.
    """
    form = FORMS[kind]
    for column in form.columns:
        if column not in rows[0]:
            raise InputError(f"a file of {kind} has the columns {', '.join(form.columns)}; {column} is missing")
    texts = ({key: value or "" for key, value in row.items() if isinstance(key, str)} for row in rows)
    return tuple(case for row in texts for case in form.cases(row))


def _training(row: dict) -> list:
    tokens, seconds = _number(row["tokens_per_s_per_accel"]), _number(row["step_time_s"])
    metric = SECONDS if seconds and (not tokens or "step time" in row.get("kind", "")) else TOKENS
    flops = _number(row.get("tflops_per_accel", ""))
    run = {name: row[column] for name, column in TRAINING_COLUMNS.items()}
    run |= {"micro_batch": row.get("micro_batch_seqs", ""), "words": row.get("notes", "")}
    run |= {"published": row.get("source", ""), "date": row.get("date", "")}
    run["flops_per_token"] = 1e12 * flops / tokens if flops and tokens else None
    predicted = predicted_run(run, metric)
    name = row.get("run", "")
    return [_case(name, "training", metric, row, seconds if metric == SECONDS else tokens, predicted)]


TRAINING_COLUMNS = {
    "model": "model",
    "accelerator": "accelerator",
    "num_gpus": "n_accel",
    "seq_len": "seq_len",
    "global_batch": "global_batch_seqs",
    "precision": "precision",
    "parallelism": "parallelism",
}


def _memory(row: dict) -> list:
    predicted = predicted_memory(row)
    unit = row["unit"].split("/")[0].strip()
    value = _number(row["value"])
    if unit == "GB" and "as printed" not in row["unit"]:
        value = value and value * 1e9 / GIB
    elif unit == "tokens":
        return [_case(row["id"], "memory", f"tokens {row['metric']}", row, value, predicted)]
    elif not unit.startswith(("GiB", "GB")):
        why = f"the row measured {row['unit'] or 'nothing that has a unit'}, not memory"
        predicted, value = predicted._replace(value=None, low=None, high=None, why_not=why), None
    return [_case(row["id"], "memory", f"GiB {row['metric']}", row, value, predicted)]


def _serving(row: dict) -> list:
    from .serving_runs import TPOT, TTFT, predicted_times

    found, predicted = [], predicted_times(row)
    for metric, column in ((TPOT, "tpot_ms"), (TTFT, "ttft_ms")):
        measured = _number(row[column])
        if measured is not None or column == "tpot_ms":
            found.append(_case(row["id"], "serving", metric, row, measured, predicted[metric]))
    return found


def _case(name, kind, metric, row, measured, predicted) -> Case:
    values = measured, predicted.value, predicted.low, predicted.high
    said = row.get("source", ""), predicted.why_not
    return Case(name, kind, metric, row["model"], row["accelerator"], *values, None, *said, note=predicted.note)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if value - value == 0 else None  # neither NaN nor infinity


FORMS = {
    "training": Form((*TRAINING_COLUMNS.values(), "tokens_per_s_per_accel", "step_time_s"), _training),
    "memory": Form(
        ("id", "model", "kind", "accelerator", "n_accel", "tp", "pp", "ep", "cp", "dp", "precision", "kv_dtype")
        + ("engine", "metric", "value", "unit", "config"),
        _memory,
    ),
    "serving": Form(("id", "model", "accelerator", "ttft_ms", "tpot_ms"), _serving),
}
