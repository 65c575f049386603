"""A measured row of serving as settings of the calculators, and what is predicted for it.

Columns are those of published tables: tp, attn_dp, moe_tp, moe_ep; for phases apart p_* and d_*. Exports of some engines
multiply a layout out: attention data parallel over n GPUs appears as n x n GPUs. Such a row is read as n GPUs.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from ..serving.continuous import Load, continuous
from ..serving.engines import ENGINES, Engine, engine
from ..serving.layout import ServingLayout, num_experts
from ..serving.served_types import WEIGHTS, ServedTypes, served_types
from ..serving.step_time import Running, decode_time, prefill_time
from ..serving.throughput import CACHE_BYTES, sequences_of_group
from .run_models import run_config
from .run_settings import run_accelerator
from .training_runs import Predicted

TPOT, TTFT = "TPOT in ms", "TTFT in ms"
#: Names of engines as rows write them -> ours.
NAMES = {"tensorrt-llm": "trtllm", "trt-llm": "trtllm", "tensorrt_llm": "trtllm"}
#: Word of a precision -> how weights are stored, for what fits.
STORED = {"bf16": "bf16", "fp8": "fp8", "fp4": "nvfp4", "int4": "int4", "mxfp4": "mxfp4"}
#: GPUs of a node; no row of the table has tensor parallel groups beyond one.
NODE = 8


class ServingRun(NamedTuple):
    """A measured row, read."""

    config: ModelConfig
    accelerator: Accelerator
    engine: str
    types: ServedTypes
    stored: str
    layout: ServingLayout  #: of decoding, where phases are apart
    concurrency: int
    isl: int
    osl: int
    prefill: ServingLayout | None = None  #: where phases are apart
    prefill_batch: int = 1
    note: str = ""


def serving_run(row: Mapping) -> ServingRun:
    """A row of texts as settings; raises InputError with what it does not say."""
    config = run_config(row["model"])
    accelerator, which = run_accelerator(row["accelerator"])
    name = (row.get("engine") or "").strip().casefold()
    name = NAMES.get(name, name)
    if name not in ENGINES:
        raise InputError(f"no parameters were fitted of the engine {quoted(row.get('engine') or '')}")
    word = (row.get("precision") or "").strip().casefold()
    if word not in WEIGHTS:
        raise InputError(f"the row does not say its precision, one of {', '.join(WEIGHTS)}; found {quoted(word)}")
    types = served_types(config, accelerator, word, cache_of(name, word, accelerator))
    isl, osl = (_number(row, column) for column in ("isl", "osl"))
    if isl is None or osl is None:
        raise InputError("the row does not say the lengths of prompts and answers, isl and osl")
    stored = "mxfp4" if "mxfp4" in types.experts else STORED[word]
    said = "; ".join(one for one in (which, row.get("flag") or "") if one)
    common = config, accelerator, name, types, stored
    if (row.get("mode") or "agg").startswith("dis"):
        return _apart(row, common, isl, osl, said)
    layout, concurrency = _together(row)
    if layout.tp > NODE:
        raise InputError(f"tp {layout.tp} is wider than a node: such rows give the GPUs of several instances as one layout")
    return ServingRun(*common, _checked(config, layout), concurrency, isl, osl, note=said)


def _apart(row, common, isl, osl, said) -> ServingRun:
    sizes = {column: _number(row, column) for column in ("p_tp", "p_dp", "p_ep", "d_tp", "d_dp", "d_ep", "d_batch")}
    if sizes["d_batch"] is None or sizes["d_tp"] is None:
        raise InputError("the row does not say the batch and the layout of the workers that decode")
    prefill, decode = (
        _checked(common[0], ServingLayout(sizes[f"{one}_tp"] or 1, sizes[f"{one}_dp"] or 1, sizes[f"{one}_ep"] or 1))
        for one in ("p", "d")
    )
    batch = sizes["d_batch"] * decode.dp
    return ServingRun(*common, decode, batch, isl, osl, prefill, _number(row, "p_batch") or 1, said)


def _together(row) -> tuple:
    """(layout, concurrency) of a row whose GPUs do both phases."""
    tp, dp, moe_tp, moe_ep = (_number(row, column) or 1 for column in ("tp", "attn_dp", "moe_tp", "moe_ep"))
    concurrency, batch = _number(row, "concurrency"), _number(row, "batch_per_dp_rank")
    if concurrency is None and batch is None:
        raise InputError("the row does not say its concurrency")
    concurrency = concurrency or batch * dp
    if dp == 1 and batch and concurrency > batch and concurrency % batch == 0 and tp % (concurrency // batch) == 0:
        dp = concurrency // batch  # a group has only a part of the requests: attention is data parallel
        tp //= dp
    root = math.isqrt(moe_tp * moe_ep)
    if dp > 1 and (tp == dp == root or (tp == 1 and moe_tp == moe_ep == root and dp == root * root)):
        return ServingLayout(1, root, root), concurrency
    gpus = max(tp * dp, moe_tp * moe_ep)
    if gpus % tp or gpus % moe_ep:
        raise InputError(f"the row's layout does not go together: tp {tp}, attn_dp {dp}, moe_tp {moe_tp}, moe_ep {moe_ep}")
    return ServingLayout(tp, gpus // tp, moe_ep), concurrency


def _checked(config: ModelConfig, layout: ServingLayout) -> ServingLayout:
    """The layout; EP of a model without experts means nothing, and heads must be shared evenly."""
    if num_experts(config) == 1:
        layout = layout._replace(ep=1)
    for score in config.anatomy.scores:
        if score.name == "attention_scores" and score.heads % layout.tp:
            raise InputError(f"tp {layout.tp} does not divide the {score.heads} heads of {config.name}")
    return layout


def cache_of(name: str, word: str, accelerator: Accelerator) -> str:
    """Type of the cache where rows do not say it: chosen on fitted rows, for each engine whole.

    TensorRT-LLM's checkpoints in FP8 and FP4 ask for FP8, SGLang on Blackwell runs so; vLLM's default follows the model.
    """
    narrow = word in ("fp8", "fp4") and (name == "trtllm" or name == "sglang" and accelerator.peak_dense_fp4_flops_per_s)
    return "fp8" if narrow else "bfloat16"


def _room(run: ServingRun) -> int | None:
    """Sequences of a group whose caches fit; None where that cannot be said."""
    width, context = CACHE_BYTES[run.types.cache], kept_tokens(run.engine, run.isl, run.osl)
    try:
        return sequences_of_group(run.config, run.accelerator, run.layout, context, width, run.stored) or None
    except InputError:
        return None


def kept_tokens(name: str, isl: int, osl: int) -> int:
    """Tokens of a request for which an engine keeps room, of `isl` [tokens] and `osl` [tokens].

    TensorRT-LLM begins a request only if its whole answer will fit (its policy GUARANTEED_NO_EVICT, which is the default);
    others begin it and take room as it grows, so that half the answer counts.

    >>> kept_tokens("trtllm", 1024, 8192), kept_tokens("vllm", 1024, 8192)
    (9216, 5120)
    """
    return isl + (osl if name == "trtllm" else osl // 2)


def load_of_run(run: ServingRun, own: Engine | None = None) -> Load:
    """What the requests of a row see, with the parameters of its engine or with `own`."""
    running = Running(own or engine(run.engine), run.types)
    if run.prefill is None:
        lengths = run.concurrency, run.isl, run.osl
        return continuous(run.config, run.accelerator, run.layout, *lengths, running, _room(run))
    used = running.engine
    batch = -(-run.concurrency // run.layout.dp)
    step = decode_time(run.config, run.accelerator, run.layout, batch, run.isl + run.osl // 2, running)
    first = prefill_time(run.config, run.accelerator, run.prefill, run.prefill_batch, run.isl, running=running)
    ttft = used.admission_s + first.step_s + used.waited_steps * step.step_s
    ends = used.prefill_low * ttft, used.prefill_high * ttft
    return Load(
        step.step_s, step.low_s, step.high_s, ttft, *ends, run.concurrency, step.tokens_per_s_per_gpu, step.step_s, 0.0
    )


def predicted_times(row: Mapping) -> dict:
    """Metric -> :class:`~moecalc.validation.training_runs.Predicted`, of the two times of a row in ms."""
    try:
        run = serving_run(row)
        load = load_of_run(run)
    except InputError as error:
        return {metric: Predicted(None, why_not=str(error)) for metric in (TPOT, TTFT)}
    tpot, ttft = ([1e3 * one for one in times] for times in (load[:3], load[3:6]))
    return {TPOT: Predicted(*tpot, note=run.note), TTFT: Predicted(*ttft, note=run.note)}


def _number(row: Mapping, column: str) -> int | None:
    """A whole number above 0, None where the cell has none."""
    try:
        value = float(row.get(column) or 0)
    except ValueError:
        return None
    return int(value) if 0 < value < 1e9 and value == int(value) else None
