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


OPS = {
    "gemm": Op({"gemm_dtype": word, "m": count, "n": count, "k": count}, _gemm),
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
