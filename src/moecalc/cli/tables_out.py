"""Rows of a result as a file: CSV, or Parquet by what stands outside."""

import os

from ..base.errors import InputError, quoted
from .jobs.extras import extra
from .jobs.rows import Rows, part_with, write_csv


def add_tables(parser) -> None:
    """--csv and --parquet."""
    parser.add_argument("--csv", metavar="FILE", help="also write the rows to a table")
    parser.add_argument("--parquet", metavar="FILE", help="also write the rows to Parquet, by pyarrow of the extra cluster")


def table_writers(args) -> dict:
    """File -> what writes rows to it; refuses a file that could not be written, before anything is computed for it."""
    writers = {path: write_csv for path in [args.csv] if path is not None}
    if args.parquet is not None:
        writers[args.parquet] = extra("parquet")
    for path in writers:
        folder = os.path.dirname(os.path.abspath(path))
        if not path or os.path.isdir(path) or not os.access(folder, os.W_OK):
            raise InputError(f"cannot write {quoted(path, 200)}: a file in a folder that may be written to is accepted")
    return writers


def write_tables(writers: dict, rows: list) -> None:
    """Write rows that are dictionaries; lists in them as words."""
    told = Rows(refusals=False)
    told.add(0, part_with([{key: _word(value) for key, value in row.items()} for row in rows]))
    for path, write in writers.items():
        write(told, path)


def _word(value):
    return " ".join(map(str, value)) if isinstance(value, list) else value
