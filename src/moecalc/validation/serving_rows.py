"""What a row of an engine's log says, and the memory that is predicted for it: GiB, or tokens where the row counts these."""

import re
from contextlib import suppress
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..base.units import GIB
from ..hardware.accelerator import Accelerator, read_accelerator
from ..model.config import ModelConfig
from ..serving.capacity import Instance, instance
from ..serving.layout import ServingLayout, num_experts
from ..serving.weights import weights_of_stages
from ..serving.workspace import (
    DRIVER_RESERVE,
    MAX_SEQS_SMALL,
    SHARED_OVERHEAD,
    SINGLE_OVERHEAD,
    UTILISATION,
    Workspace,
    default_max_seqs,
    workspace,
)
from .run_models import run_config
from .run_settings import row_size, run_accelerator
from .serving_memory import CACHE, WEIGHTS, log_cases
from .training_runs import Predicted

#: vLLM's version from which large devices try more sequences of a step.
MORE_SEQS_FROM = (0, 9)
_TOKENS = re.compile(r"([\d,]{4,}) tokens", re.IGNORECASE)
_SHARE = re.compile(r"0?\.\d+|\b1\.0\b")
_STATIC = re.compile(r"mem-fraction-static[ =]+(0?\.\d+)", re.IGNORECASE)
_SEQS = re.compile(r"max[-_]num[-_]seqs[ =]+(\d+)", re.IGNORECASE)
_VERSION = re.compile(r"vllm[^\d]*v?(\d+)\.(\d+)", re.IGNORECASE)
_REDUNDANT = re.compile(r"(\d+) redundant", re.IGNORECASE)
_SHARED_CACHE = re.compile(r"(?:decode context parallel|dcp)[ =]?(\d+)", re.IGNORECASE)
_VISIBLE = re.compile(r"(\d+(?:\.\d+)?) GiB")
_PRINTED = re.compile(r"\((\d+) ?GB")
_EXPERT_PARALLEL = re.compile(r"expert[ -]parallel", re.IGNORECASE)


class Stored(NamedTuple):
    """A model with its weights as an engine loads them."""

    config: ModelConfig
    weights: str | None  #: as :func:`moecalc.model.checkpoint.storage_bytes` takes it


def predicted_log(row) -> Predicted:
    """The prediction for a row with the columns of a table of measured memory, of a served model.

    Raises
    ------
    InputError
        Where the row does not say enough.
    """
    metric, words = row["metric"].casefold(), row["config"]
    config = run_config(row["model"])
    layout = row_layout(config, row)
    width = 1 if "8" in row["kv_dtype"] else 2
    tokens = _TOKENS.search(f"{row['metric']} {words}")
    if metric.startswith(("kv pool", "kv needed")) and tokens:
        found = instance(config, layout._replace(ep=1, redundant_experts=0), 0, Workspace(0, 0, 0), width, "bf16")
        if any(cache.window for cache, _ in config.anatomy.caches):
            raise InputError(f"{config.name} has layers that cache a window only: a pool is not one number of tokens")
        value = max(stage.sequence_bytes(int(tokens[1].replace(",", ""))) for stage in found.stages) / GIB
        return Predicted(value, value * 0.999, value * 1.01)  # printed with two decimals, and in whole pages
    if metric.startswith("weights"):
        held = _held(stored_as(config, row["precision"]), layout)
        ratios = [1 / (1 + case.error) for case in log_cases() if case.quantity == WEIGHTS and case.complete]
        return Predicted(held / GIB, held * min(ratios) / GIB, held * max(ratios) / GIB)
    if metric.startswith(("memory available", "kv pool", "kv cache capacity")):
        return _room(row, stored_as(config, row["precision"]), layout, width)
    raise InputError(f"{quoted(row['metric'])} is a part of the engine's reserves, which are predicted as one")


def row_layout(config: ModelConfig, row) -> ServingLayout:
    """The layout of a row. SGLang counts the groups of DP attention inside TP: the number of GPUs tells it."""
    words = row["config"]
    tp, dp, ep, pp = (row_size(name, row[name]) for name in ("tp", "dp", "ep", "pp"))
    gpus = row_size("n_accel", row["n_accel"])
    if dp > 1 and tp * dp * pp > gpus and gpus % (dp * pp) == 0:
        tp = gpus // (dp * pp)
    if ep == 1 and num_experts(config) > 1 and _EXPERT_PARALLEL.search(words):
        ep = tp * dp
    redundant = int(found[1]) if (found := _REDUNDANT.search(words)) else 0
    return ServingLayout(tp, dp, ep, pp, redundant)


def row_device(text: str) -> tuple:
    """(accelerator or None, its memory [bytes]) of a row: the memory that programs see, where the row says it in GiB.

    >>> row_device("H20 (141 GB, derived)")[0].slug
    'h20-141gb'
    """
    if found := _VISIBLE.search(text):
        return None, float(found[1]) * GIB + DRIVER_RESERVE
    if found := _PRINTED.search(text):
        with suppress(InputError):
            accelerator = read_accelerator(f"{text.partition('(')[0].strip()} {found[1]}GB")
            return accelerator, accelerator.needed("memory_bytes")
    accelerator, _ = run_accelerator(text)
    return accelerator, accelerator.needed("memory_bytes")


def stored_as(config: ModelConfig, precision: str) -> Stored:
    """How a row's words for the precision store the weights: attention stays BF16 where they say so or name experts only."""
    words, published = precision.casefold(), (config.raw.get("quantization_config") or {}).get("quant_method")
    only = "experts" in words or ("attention" in words and "bf16" in words)
    if "gguf" in words or not words:
        raise InputError(f"how {quoted(precision)} stores the weights of {config.name} is not known")
    if "int4" in words:
        return Stored(config, "int4")
    if "nvfp4" in words:
        return _keeping_attention(config, NVFP4) if only else Stored(config, "nvfp4")
    if "fp4" in words and "fp8" in words and config.raw.get("expert_dtype") == "fp4":
        return Stored(config, None)
    if "mxfp4" in words:
        return Stored(config, None if published == "mxfp4" else "mxfp4")
    if "fp8" in words:
        if only:
            return _keeping_attention(config, {"quant_method": "fp8"})
        return Stored(config, None if published == "fp8" else "fp8")
    if "bf16" in words:
        return Stored(config, "bf16")
    raise InputError(f"how {quoted(precision)} stores the weights of {config.name} is not known")


NVFP4 = {
    "quant_method": "modelopt",
    "config_groups": {"group_0": {"weights": {"type": "float", "num_bits": 4, "group_size": 16}}},
}


def _keeping_attention(config: ModelConfig, given: dict) -> Stored:
    kept = {**given, "modules_to_not_convert": ["self_attn", "lm_head"]}
    return Stored(ModelConfig({**config.raw, "quantization_config": kept}, config.name), None)


def _room(row, stored: Stored, layout: ServingLayout, width: int) -> Predicted:
    """The memory for the cache, or the tokens that fit into it."""
    config = stored.config
    accelerator, memory = row_device(row["accelerator"])
    held = _held(stored, layout)
    if "sglang" in row["engine"].casefold():
        share = _SHARE.search(row.get("gpu_memory_utilization") or "") or _STATIC.search(row["config"])
        if not share:
            raise InputError("the row does not say mem-fraction-static, the share of the memory that the engine may use")
        part = float(share[share.lastindex or 0])
        overhead = SHARED_OVERHEAD if layout.num_gpus > 1 else SINGLE_OVERHEAD
        room = part * (memory - DRIVER_RESERVE - overhead) - held
    else:
        taken = workspace(config, memory, layout.num_gpus, _utilisation(row), _max_seqs(row, accelerator, memory))
        room = memory - taken.total - held
    off = max(abs(case.share_of_gpu) for case in log_cases() if case.quantity == CACHE) * memory
    if not row["unit"].startswith("tokens"):
        return Predicted(room / GIB, (room - off) / GIB, (room + off) / GIB)
    if any(cache.window or cache.once for cache, _ in config.anatomy.caches):
        raise InputError(f"{config.name} has layers that do not keep every token: engines print no capacity of them")
    found: Instance = instance(config, layout, 0, Workspace(0, 0, 0), width, stored.weights)
    copies = int(match[1]) if (match := _SHARED_CACHE.search(row["config"])) else 1

    def fits(size: float) -> int:
        stages = tuple(stage._replace(room=size) for stage in found.stages)
        return found._replace(stages=stages).tokens(found.page) // layout.dp * copies

    return Predicted(fits(room), fits(room - off), fits(room + off))


def _held(stored: Stored, layout: ServingLayout) -> float:
    """Weights on a GPU: of the first stage, whose log an engine prints first."""
    return sum(weights_of_stages(stored.config, layout, stored.weights)[0].values())


def _utilisation(row) -> float:
    words = row.get("gpu_memory_utilization") or ""
    if found := _SHARE.search(words):
        return float(found[0])
    if "default" in words.casefold():
        return UTILISATION
    raise InputError("the row does not say gpu_memory_utilization, the share of the memory that the engine may use")


def _max_seqs(row, accelerator: Accelerator | None, memory: float) -> int:
    if found := _SEQS.search(row["config"]):
        return int(found[1])
    version = _VERSION.search(row["engine"])
    if version and (int(version[1]), int(version[2])) < MORE_SEQS_FROM:
        return MAX_SEQS_SMALL
    return default_max_seqs(memory, accelerator)
