"""The rows of a sweep as a Parquet file; the entry point ``parquet``."""

import pyarrow as pa
import pyarrow.parquet as pq

from moecalc.base.errors import InputError, quoted

TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def write(rows, path: str) -> None:
    """Writes the rows of a :class:`moecalc.cli.jobs.rows.Rows`, some parts of it at a time."""
    kinds = [rows.kind(column) for column in rows.columns]
    schema = pa.schema([(column, TYPES[kind]) for column, kind in zip(rows.columns, kinds, strict=True)])
    try:
        with pq.ParquetWriter(path, schema) as file:
            for part in rows.parts():
                columns = zip(*part, strict=True)
                arrays = [pa.array(map(_as(kind), values), TYPES[kind]) for values, kind in zip(columns, kinds, strict=True)]
                file.write_table(pa.table(arrays, schema=schema))
    except OSError as error:
        raise InputError(f"cannot write {quoted(path, 200)}: {error.strerror or error}; another path is accepted") from None


def _as(kind):
    return lambda value: None if value is None else kind(value)
