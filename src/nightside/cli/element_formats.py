"""Elements as lines of JSON and as Parquet, with the words of `nightside.sources.arrow.SCHEMA`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def write_ndjson(batches: Iterable[pa.RecordBatch], out: BinaryIO) -> None:
    """One JSON object a line; every key is always there, times are ISO 8601 with Z."""
    for batch in batches:
        columns = [_json_values(batch.column(name)) for name in batch.schema.names]
        keys = [f"{json.dumps(name)}: " for name in batch.schema.names]
        for row in zip(*columns, strict=True):
            line = ", ".join(key + value for key, value in zip(keys, row, strict=True))
            out.write(f"{{{line}}}\n".encode())


def _json_values(column: Any) -> list[str]:
    """One column's values, each as JSON."""
    if pa.types.is_timestamp(column.type):
        return [
            f'"{text}Z"' for text in np.datetime_as_string(column.to_numpy(zero_copy_only=False), unit="us")
        ]
    if pa.types.is_integer(column.type):
        return ["null" if value is None else str(value) for value in column.to_pylist()]
    if pa.types.is_list(column.type):
        return ["null" if value is None else str(value) for value in column.to_pylist()]
    texts: dict[str | None, str] = {None: "null"}
    return [texts.get(value) or texts.setdefault(value, json.dumps(value)) for value in column.to_pylist()]


def write_parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema, out: BinaryIO) -> None:
    """One Parquet file, compressed with zstd."""
    with pq.ParquetWriter(pa.PythonFile(_Counted(out), mode="w"), schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


class _Counted:
    """An output with a position, which a pipe does not tell and Parquet wants to know."""

    closed = False

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._position = 0

    def write(self, data: bytes) -> int:
        self._out.write(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        self._out.flush()

    def close(self) -> None:
        self.flush()
