"""Which measured serving times are held out: a rule that was written down before anything was fitted on one.

A shape is an engine, an accelerator, a model, a precision and a layout, whatever the lengths and the concurrency: all of it
stays on one side, and repeats and later exports with it. Models of one shape count as one. Half of all shapes are held out,
by a checksum that knows nothing of times. Deployments of DeepSeek-V3's class are few: they are ordered by the checksum of
system and phase and dealt out in turn, the first to the side that is held out.

The ledger keeps a part of these rows: those of no flag, a mode and engine that is told, whose own checksum says so.
"""

from collections.abc import Iterable, Mapping

from .hold_out import FITTED, HELD_OUT
from .serving_logs import SHAPES

#: Columns that make a shape beside the model.
COLUMNS = ("engine", "accelerator", "precision", "mode", "tp", "attn_dp", "moe_tp", "moe_ep")
DISAGGREGATED = ("p_tp", "p_dp", "p_ep", "d_tp", "d_dp", "d_ep")
#: Of so many rows the ledger keeps one.
ONE_IN = 12
#: Models whose layers are those of another, beside the logs' :data:`moecalc.validation.serving_logs.SHAPES`.
ALIKE = {**SHAPES, "deepseek-v3.1": "deepseek-v3"}


def serving_shape(row: Mapping, model: str) -> str:
    """The shape of a measured row as one text; `model` is the slug of what it serves.

    >>> row = {"engine": "vllm", "accelerator": "B200", "precision": "fp4", "mode": "agg", "tp": "8", "moe_tp": "8"}
    >>> serving_shape(row, "kimi-k2.5")
    'vllm B200 fp4 agg 8 1 8 1 kimi-k2'
    """
    columns = COLUMNS + (DISAGGREGATED if row["mode"] != "agg" else ())
    words = [str(row.get(column) or "1") for column in columns]
    return " ".join([*words, ALIKE.get(model, model)])


def use_of_shape(shape: str) -> str:
    """Whether a parameter may be fitted on a shape: not where the first byte of its SHA-256 is odd.

    >>> use_of_shape("vllm B200 fp4 agg 8 1 8 1 kimi-k2")
    'held out'
    """
    return HELD_OUT if _digest(shape)[0] % 2 else FITTED


def is_kept(row_id: str) -> bool:
    """Whether the ledger keeps a row, by the first two bytes of the SHA-256 of its id.

    >>> is_kept("aicsil-0095"), is_kept("aicsil-0094")
    (False, False)
    """
    first, second = _digest(row_id)[:2]
    return (256 * first + second) % ONE_IN == 0


def split_deployments(systems: Iterable[str]) -> dict:
    """System and phase -> :data:`FITTED` or :data:`HELD_OUT`.

    >>> sorted(split_deployments(["a decode", "a prefill", "b decode"]).values())
    ['fitted', 'held out', 'held out']
    """
    ordered = sorted(set(systems), key=_digest)
    return {name: FITTED if place % 2 else HELD_OUT for place, name in enumerate(ordered)}


def _digest(text: str) -> bytes:
    from hashlib import sha256  # no calculator needs it

    return sha256(text.encode()).digest()
