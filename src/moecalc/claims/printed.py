"""What the talk prints: the rows of ``data/claims.csv``, and inputs that stand beside them."""

import re
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..facts import tables

_NUMBER = re.compile(r"1/\d+|\d+(?:\.\d+)?(?:e\d+)?")
_BETWEEN_ITEMS = re.compile(r" / |, |; ")


class Input(NamedTuple):
    """A number that the talk prints and computes with, but that is no claim of its own."""

    value: float
    unit: str
    as_printed: str
    slide: str


#: Each typed once; what a claim prints is read from its row instead.
INPUTS = {
    "v3_gpus": Input(2000, "GPUs", "2K H800", "DeepSeek V3 beside Llama 3.1"),
    "usd_per_gpu_hour": Input(2, "USD/GPU-hour", "$2 per GPU hour", "DeepSeek V3 beside Llama 3.1, caption of Table 1"),
    "seq_len": Input(4096, "tokens", "4K", "MFU, FLOPs of each operator"),
    "peak": Input(989.5, "TFLOP/s", "989.5 Tflops", "MFU, FLOPs of each operator"),
    "table_peak": Input(989, "TFLOP/s", "989", "MFU, table by 6ND and 8ND"),
    "table_v3_hours": Input(2_800_000, "GPU-hours", "2800000", "MFU, table by 6ND and 8ND"),
    "table_llama_hours": Input(30_800_000, "GPU-hours", "30800000", "MFU, table by 6ND and 8ND"),
    "table_llama_tokens": Input(15.6, "T tokens", "15.6", "MFU, table by 6ND and 8ND"),
}


def claims() -> dict:
    """id -> row of ``data/claims.csv``, in order."""
    return {row["id"]: row for row in tables.rows("claims")}


def numbers(claim_id: str) -> list:
    """The numbers that a claim prints, as texts, since their digits count.

    >>> numbers("C30"), numbers("C07"), numbers("C73")
    (['671', '37'], ['1/10'], ['9.96912e12'])
    """
    return _NUMBER.findall(claims()[claim_id]["printed"])


def items(claim_id: str) -> list:
    """What a claim prints, word by word: numbers or names between commas, semicolons and slashes.

    >>> items("C43")
    ['sigmoid', 'noaux_tc', '4', 'True', '2.5']
    """
    return _BETWEEN_ITEMS.split(claims()[claim_id]["printed"])


def number(claim_id: str, index: int = 0) -> float:
    """One printed number as a value, in the unit of its claim."""
    found = numbers(claim_id)
    if index >= len(found):
        printed = claims()[claim_id]["printed"]
        raise InputError(f"{claim_id} prints {quoted(printed)}; a number in place {index + 1} is needed")
    return tables.number(found[index], claim_id)


def given(name: str) -> float:
    """One of :data:`INPUTS`."""
    return INPUTS[name].value
