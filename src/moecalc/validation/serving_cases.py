"""Times and throughput of serving as cases of the ledger: ``data/serving_cases.csv``."""

import re

from ..base.errors import InputError
from ..facts import tables
from ..hardware.accelerator import load_accelerator
from ..serving.continuous import continuous
from ..serving.engines import engine
from ..serving.layout import ServingLayout
from ..serving.served_types import ServedTypes, served_types
from ..serving.step_time import Running, StepTime, decode_time, prefill_time
from ..serving.throughput import CACHE_BYTES, sequences_of_group
from .cases import Case
from .run_models import run_config
from .serving_runs import TPOT, TTFT, kept_tokens, predicted_times
from .training_runs import Predicted

TABLE = "serving_cases"
INPUT, OUTPUT = "input_tokens_per_s_per_gpu", "output_tokens_per_s_per_gpu"
#: quantity of the table -> metric of the ledger
METRICS = {"tpot": TPOT, "ttft": TTFT, INPUT: "input tokens/s a GPU", OUTPUT: "output tokens/s a GPU"}
#: Group of the cases that tell the throughput of a deployment; others are times of single requests.
DEPLOYMENT = "deployment"
_SIZE = re.compile(r"([a-z]+)(\d+)")
#: Sizes in the table -> columns of published tables.
_COLUMNS = {"tp": "tp", "dp": "attn_dp", "etp": "moe_tp", "ep": "moe_ep"}


def serving_cases() -> tuple:
    """Every case, in the order of the table.

    >>> {case.group for case in serving_cases()} == {DEPLOYMENT, "vllm", "sglang", "trtllm"}
    True
    """
    known, found = {}, []
    for row in tables.rows(TABLE):
        if row["quantity"] in (INPUT, OUTPUT):
            predicted, group = _deployment(row), DEPLOYMENT
        else:
            if row["subject"] not in known:
                known[row["subject"]] = predicted_times(published_row(row))
            predicted, group = known[row["subject"]][METRICS[row["quantity"]]], row["engine"]
        head = row["subject"], "serving", METRICS[row["quantity"]], row["model"], row["accelerator"]
        values = float(row["value"]), predicted.value, predicted.low, predicted.high
        found.append(
            Case(*head, *values, row["use"], row["source"], predicted.why_not, group, predicted.note or row["note"])
        )
    return tuple(found)


def published_row(row: dict) -> dict:
    """A row of the table with the columns that published tables have."""
    given = {"mode": "agg", "concurrency": row["batch"], "isl": row["isl"], "osl": row["osl"]}
    given |= {name: row[name] for name in ("model", "accelerator", "engine", "precision")}
    if row["conditions"] == "agg":
        return given | {_COLUMNS[name]: size for name, size in _SIZE.findall(row["layout"])}
    given["mode"] = "disagg"
    for part in row["layout"].split(";"):
        phase, _, sizes = part.strip().partition(" ")
        given |= {f"{phase[0]}_{name}": size for name, size in _SIZE.findall(sizes)}
    return given


def _deployment(row: dict) -> Predicted:
    try:
        found = deployment_step(row)
    except InputError as error:
        return Predicted(None, why_not=str(error))
    if isinstance(found, StepTime):
        ratio = found.tokens_per_s_per_gpu * found.step_s
        return Predicted(found.tokens_per_s_per_gpu, ratio / found.high_s, ratio / found.low_s)
    rate = found.output_tokens_per_s_per_gpu
    return Predicted(rate, rate * found.tpot_s / found.tpot_high_s, rate * found.tpot_s / found.tpot_low_s)


def deployment_step(row: dict, own=None):
    """The step of a deployment's row, or its load where prompts come between; with the engine `own` where it is given."""
    config, accelerator = run_config(row["model"]), load_accelerator(row["accelerator"])
    sizes = {name: int(size) for name, size in _SIZE.findall(row["layout"])}
    layout = ServingLayout(sizes.get("tp", 1), sizes.get("dp", 1), sizes.get("ep", 1), 1, sizes.get("redundant", 0))
    conditions = row["conditions"]
    cache = "fp8" if "fp8 cache" in conditions else "bfloat16"
    types: ServedTypes = served_types(config, accelerator, row["precision"], cache)
    if "fp8 attention" in conditions:
        types = types._replace(mixers="fp8_block")
    two = "two micro-batches" in conditions
    running = Running(own or engine(row["engine"]), types, two)
    isl, osl = int(row["isl"]), int(row["osl"])
    if row["quantity"] == INPUT:
        return prefill_time(config, accelerator, layout, int(row["batch"]), isl, running=running)
    if row["batch"]:
        return decode_time(config, accelerator, layout, int(row["batch"]), isl + osl // 2, running)
    kept = kept_tokens(row["engine"], isl, osl)
    room = sequences_of_group(config, accelerator, layout, kept, CACHE_BYTES[cache], "nvfp4")
    return continuous(config, accelerator, layout, room * layout.dp, isl, osl, running, room)
