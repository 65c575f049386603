"""Rows of a result as a file: CSV, or Parquet where pyarrow is installed."""

import os

from ..base.errors import InputError, quoted


def check_tables(args) -> None:
    """Refuses a file that could not be written, before anything is computed for it."""
    for path in (args.csv, args.parquet):
        folder = os.path.dirname(os.path.abspath(path)) if path else "."
        if path is not None and (not path or os.path.isdir(path) or not os.access(folder, os.W_OK)):
            raise InputError(f"cannot write {quoted(path, 200)}: a file in a folder that may be written to is accepted")
    if args.parquet is not None:
        _pyarrow()


def write_tables(args, rows: list) -> None:
    """Write the rows to the files that are asked for; lists in them as words."""
    flat = [
        {key: " ".join(map(str, value)) if isinstance(value, list) else value for key, value in one.items()} for one in rows
    ]
    try:
        if args.csv is not None:
            write_csv(args.csv, flat)
        if args.parquet is not None:
            arrow, parquet = _pyarrow()
            parquet.write_table(arrow.Table.from_pylist(flat), args.parquet)
    except OSError as error:
        path = args.csv if args.parquet is None else args.parquet
        raise InputError(f"cannot write {quoted(path, 200)}: {error.strerror or error}") from None


def write_csv(path: str, rows: list) -> None:
    """A table with the keys of the first row as headings."""
    import csv

    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)


def _pyarrow() -> tuple:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("--parquet needs pyarrow: pip install pyarrow; --csv needs nothing besides") from None
    return pyarrow, pyarrow.parquet
