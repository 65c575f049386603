"""How rows of measured kernels are read and predicted: one entry of KINDS for each file."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from moecalc.hardware.accelerator import read_accelerator
from moecalc.hardware.kernels import attention, decode, experts, gemm
from moecalc.hardware.kernels.held_out import shape_of
from moecalc.hardware.kernels.parameters import generation_of, hardware_of


class Kind(NamedTuple):
    """How rows of a file are predicted."""

    dtype: Callable  #: row -> types, as a subject names them; "" for a row that no set is fitted on
    peak: Callable  #: (row, accelerator) -> name of the peak
    seconds: Callable  #: (hardware, parameters, row)
    start: NamedTuple  #: parameters from which a fit starts, times in s
    most: dict  #: parameter -> the most that it may be
    choices: dict  #: parameter that is chosen rather than fitted -> its values


class Row(NamedTuple):
    """One measured kernel."""

    hardware: NamedTuple
    values: dict
    seconds: float
    shape: str
    accelerator: str


SHARES = {"compute": 1.0, "memory": 1.0, "sharpness": 8.0}


def whole(row, *names) -> list:
    return [int(row[name]) for name in names]


def heads(row) -> attention.Heads:
    num_heads, shared, size, window = whole(row, "num_heads", "num_key_value_heads", "head_dim", "window_size")
    return attention.Heads(num_heads, shared, size, size, window)


def latent_heads(row) -> attention.Heads:
    return attention.Heads(int(row["num_heads"]), int(row["num_heads"]), attention.MLA_KEY, attention.MLA_VALUE)


def width(row) -> int:
    return attention.TYPES[row["kv_cache_dtype"]][0]


def expert_row(row) -> experts.Experts:
    columns = ("num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size")
    return experts.Experts(*whole(row, *columns), row["distribution"], not row["kernel_source"].endswith("nongated"))


def expert_type(row) -> str:
    how = experts.TYPES.get(row["moe_dtype"])
    return row["moe_dtype"] if how and not how.like else ""


KINDS = {
    "gemm": Kind(
        lambda row: row["gemm_dtype"],
        lambda row, accelerator: gemm.TYPES[row["gemm_dtype"]].peak,
        lambda hardware, fitted, row: gemm.gemm_seconds(
            hardware, fitted, gemm.TYPES[row["gemm_dtype"]], *whole(row, *"mnk")
        ),
        gemm.GemmParameters(2.5e-6, 0.8, 0.8, 3.0, 0.5e-6, 1e-10, 2e-6, 3.0, 1e-10),
        SHARES,
        {},
    ),
    "moe": Kind(
        expert_type,
        lambda row, accelerator: experts.TYPES[row["moe_dtype"]].peak,
        lambda hardware, fitted, row: experts.experts_seconds(
            hardware, fitted, experts.TYPES[row["moe_dtype"]], expert_row(row)
        ),
        experts.ExpertParameters(25e-6, 0.6, 0.6, 0.5, 1e-6, 2e-9, 0.5, 2.0, 0.02e-6, 1e-9),
        {**SHARES, "small": 2.0, "activations": 10.0},
        {},
    ),
    "attention_prefill": Kind(
        lambda row: f"{row['attn_dtype']}-{row['kv_cache_dtype']}",
        lambda row, accelerator: attention.TYPES[row["attn_dtype"]][1],
        lambda hardware, fitted, row: attention.prefill_seconds(
            hardware, fitted, *whole(row, "batch_size", "isl"), heads(row), width(row)
        ),
        attention.PrefillParameters(13e-6, 0.6, 1e-11, 1e-6, 0.5, 0.5, 0.9, 2.0),
        {**SHARES, "wave": 1.0, "window": 1.0},
        {},
    ),
    "attention_decode": Kind(
        lambda row: f"{row['attn_dtype']}-{row['kv_cache_dtype']}",
        lambda row, accelerator: "bf16",
        lambda hardware, fitted, row: decode.decode_seconds(
            hardware, fitted, *whole(row, "batch_size", "step"), heads(row), width(row)
        ),
        decode.DecodeParameters(8e-6, 5e-9, 10e-9, 1e-6, 1e-6, 0.9, 0.8, 1e-6, 0.9, 2.0, 1.5, 1.0),
        {**SHARES, "memory": 2.0, "memory_single": 2.0, "window": 1.0, "fill": 4.0},
        {"others": (0.0, 1.0, 2.0)},
    ),
    "mla_prefill": Kind(
        lambda row: f"{row['mla_dtype']}-{row['kv_cache_dtype']}",
        lambda row, accelerator: "bf16",
        lambda hardware, fitted, row: attention.prefill_seconds(
            hardware, fitted, *whole(row, "batch_size", "isl"), latent_heads(row), 0
        ),
        attention.PrefillParameters(13e-6, 0.6, 1e-11, 1e-6, 0.5, 0.5, 1.0, 2.0),
        {**SHARES, "wave": 1.0},
        {"window": (1.0,)},
    ),
    "mla_decode": Kind(
        lambda row: f"{row['mla_dtype']}-{row['kv_cache_dtype']}",
        lambda row, accelerator: decode.mla_peak(row["kv_cache_dtype"], accelerator),
        lambda hardware, fitted, row: decode.mla_decode_seconds(
            hardware, fitted, *whole(row, "batch_size", "step", "num_heads"), width(row)
        ),
        decode.MlaDecodeParameters(10e-6, 0.6, 1e-9, 1e-6, 0.7, 1e-6, 2.0, 1.0, 1.0),
        {**SHARES, "fill": 4.0},
        {"splits": (1.0, 0.0)},
    ),
}
#: Parameters that are times; all others are shares, ratios or counts.
TIMES = {
    *("launch", "tile", "step", "split", "quantise", "softmax", "expert", "token", "key", "key_single", "item"),
    *("item_single", "combine"),
}


def read(folder: Path, kind: str) -> dict:
    """(types, generation) -> its :class:`Row`, from the file of a kind."""
    found, known = {}, {}
    with open(folder / f"{kind}.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not (dtype := KINDS[kind].dtype(row)):
                continue
            name = row["accelerator"]
            if name not in known:
                known[name] = read_accelerator(name)
            generation = generation_of(known[name])
            hardware, _ = hardware_of(known[name], KINDS[kind].peak(row, known[name]), generation)
            one = Row(hardware, row, float(row["latency_us"]) / 1e6, shape_of(kind, row), known[name].slug)
            found.setdefault((dtype, generation), []).append(one)
    return found
