"""Rows of measured kernels: which columns a kind has, and which calculator answers a row.

A kind of kernel is one entry of :data:`OPS`. Its function gets an accelerator and the row's values by column, and returns
a :class:`~moecalc.hardware.kernels.estimate.KernelTime`.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..base.errors import InputError, quoted

#: A file with more rows is a slip.
MAX_ROWS = 10**6


class Op(NamedTuple):
    """One kind of kernel."""

    columns: dict  #: column -> reader of its text
    time: Callable  #: (accelerator, values by column) -> KernelTime
    optional: dict = {}  #: column -> the text that holds where the file has not got it
    measured: tuple = ("latency_us",)  #: columns whose sum was measured


def count(text: str) -> int:
    """A whole number, also where a table writes it as 128.0."""
    value = float(text)
    if value != int(value):
        raise ValueError(text)
    return int(value)


def word(text: str) -> str:
    """A word that is there."""
    if not text.strip():
        raise ValueError(text)
    return text.strip()


def _gemm(accelerator, row):
    from ..hardware.kernels.gemm import gemm_time

    return gemm_time(accelerator, row["m"], row["n"], row["k"], row["gemm_dtype"])


def _moe(accelerator, row):
    from ..hardware.kernels.experts import Experts, experts_time

    sizes = (row[name] for name in ("num_tokens", *EXPERT_SIZES))
    gated = not row["kernel_source"].endswith("nongated")
    return experts_time(accelerator, Experts(*sizes, row["distribution"], gated), row["moe_dtype"])


def _heads(row):
    from ..hardware.kernels.attention import Heads

    return Heads(row["num_heads"], row["num_key_value_heads"], row["head_dim"], row["head_dim"], row["window_size"])


def _attention_prefill(accelerator, row):
    from ..hardware.kernels.attention import attention_prefill_time

    types = row["attn_dtype"], row["kv_cache_dtype"]
    return attention_prefill_time(accelerator, row["batch_size"], row["isl"], _heads(row), *types)


def _attention_decode(accelerator, row):
    from ..hardware.kernels.decode import attention_decode_time

    return attention_decode_time(accelerator, row["batch_size"], row["step"], _heads(row), row["kv_cache_dtype"])


def _mla_prefill(accelerator, row):
    from ..hardware.kernels.attention import mla_prefill_time

    return mla_prefill_time(accelerator, row["batch_size"], row["isl"], row["num_heads"], row["kv_cache_dtype"])


def _mla_decode(accelerator, row):
    from ..hardware.kernels.decode import mla_decode_time

    return mla_decode_time(accelerator, row["batch_size"], row["step"], row["num_heads"], row["kv_cache_dtype"])


def _elementwise(accelerator, row):
    from ..hardware.kernels.elementwise import elementwise_time

    return elementwise_time(accelerator, row["num_bytes"])


def _collectives(accelerator, row):
    from ..base.checks import one_of
    from ..hardware.collectives.nccl import DTYPES, collective_time

    width = DTYPES[one_of("nccl_dtype", row["nccl_dtype"], DTYPES)]
    return collective_time(accelerator, row["op_name"], row["message_size"] * width, row["num_gpus"])


def _shape(accelerator, row):
    from ..hardware.collectives.shape import Shape, gpus_per_node

    sizes = (row[column] for column in ("num_token", "hidden_size", "num_topk", "num_experts", "node_num"))
    return Shape(*sizes, gpus_per_node(accelerator))


def _deepep_ll(accelerator, row):
    from ..hardware.collectives.low_latency import low_latency_time

    return low_latency_time(accelerator, _shape(accelerator, row))


def _deepep_normal(accelerator, row):
    from ..hardware.collectives.normal import normal_time

    return normal_time(accelerator, _shape(accelerator, row), row["dispatch_sms"], num_combine_sms=row["combine_sms"])


EXPERT_SIZES = ("hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size")
HEADS = {"num_heads": count, "num_key_value_heads": count, "head_dim": count, "window_size": count}
#: Columns that a row may go without.
PLAIN_HEADS = {"window_size": "0", "attn_dtype": "bfloat16", "kv_cache_dtype": "bfloat16"}
PLAIN_EXPERTS = {"moe_tp_size": "1", "moe_ep_size": "1", "distribution": "balanced", "kernel_source": "gated"}
_DEEPEP = {column: count for column in ("node_num", "hidden_size", "num_token", "num_topk", "num_experts")}
_PARTS = ("dispatch", "combine")

OPS = {
    "gemm": Op({"gemm_dtype": word, "m": count, "n": count, "k": count}, _gemm),
    "moe": Op(
        {
            "moe_dtype": word,
            "num_tokens": count,
            **dict.fromkeys(EXPERT_SIZES, count),
            "distribution": word,
            "kernel_source": word,
        },
        _moe,
        PLAIN_EXPERTS,
    ),
    "attention_prefill": Op(
        {"attn_dtype": word, "kv_cache_dtype": word, "batch_size": count, "isl": count, **HEADS},
        _attention_prefill,
        PLAIN_HEADS,
    ),
    "attention_decode": Op(
        {"kv_cache_dtype": word, "batch_size": count, "step": count, **HEADS}, _attention_decode, PLAIN_HEADS
    ),
    "mla_prefill": Op(
        {"kv_cache_dtype": word, "batch_size": count, "isl": count, "num_heads": count}, _mla_prefill, PLAIN_HEADS
    ),
    "mla_decode": Op(
        {"kv_cache_dtype": word, "batch_size": count, "step": count, "num_heads": count}, _mla_decode, PLAIN_HEADS
    ),
    "elementwise": Op({"num_bytes": count}, _elementwise),
    "collectives": Op({"op_name": word, "nccl_dtype": word, "num_gpus": count, "message_size": count}, _collectives),
    "deepep_ll": Op(_DEEPEP, _deepep_ll, measured=tuple(f"{part}_avg_t_us" for part in _PARTS)),
    "deepep_normal": Op(
        _DEEPEP | {f"{part}_sms": count for part in _PARTS},
        _deepep_normal,
        {f"{part}_sms": "20" for part in _PARTS},
        tuple(f"{part}_{what}_us" for part in _PARTS for what in ("transmit", "notify")),
    ),
}


def read_rows(path: str) -> list:
    """The rows of a CSV file: column -> text."""
    import csv

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        where = f"cannot read the rows {quoted(path, 200)}"
        raise InputError(f"{where}: {reason}; a CSV file with a heading is accepted") from None
    if not 0 < len(rows) <= MAX_ROWS:
        where = f"{quoted(path, 200)} has {len(rows):,} rows below its heading"
        raise InputError(f"{where}; from 1 to {MAX_ROWS:,} are accepted")
    return rows


def row_of(text: str) -> dict:
    """A row as it is typed in: column=value, with commas."""
    parts = [part.partition("=") for part in text.split(",")]
    if wrong := [name for name, equals, _ in parts if not equals]:
        raise InputError(f"a row is typed in as column=value, with commas, as in m=128,n=7168; found {quoted(wrong[0])}")
    return {name.strip(): value.strip() for name, _, value in parts}


def values_of(op: str, row: dict, where: str) -> dict:
    """The values of a row that its kind needs; `where` begins the sentence if one is missing or cannot be read."""
    found = {}
    for column, read in OPS[op].columns.items():
        text = row.get(column)
        if text is None:
            text = OPS[op].optional.get(column)
        if text is None:
            listed = ", ".join(["accelerator", *OPS[op].columns])
            raise InputError(f"{where} has no {column}; the columns of {op} are {listed}")
        try:
            found[column] = read(text)
        except (ValueError, OverflowError):
            what = "a whole number" if read is count else "a word"
            raise InputError(f"{where}: {column} must be {what}; found {quoted(text)}") from None
    return found
