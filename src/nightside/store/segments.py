"""Samples as immutable Parquet segments: a signal goes in as stretches, and comes out as change points.

A segment is one call's signals. Its name is the SHA-256 of what it holds. Its columns: `type` and `code` of
the entity, `signal` (which of the call's signals), `begin_s` (inclusive) and `end_s` (exclusive) in seconds
since the epoch, `units` (null where unknown), `quality` ("known" or "unknown").
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nightside.model.signal import Signal
from nightside.model.stretches import stretches

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_GROUP = 1 << 16
"""A reader of one entity reads whole row groups; rows lie by entity."""


@dataclass(frozen=True, slots=True)
class Held:
    """One signal of one segment: its place, and the time range [begin, end) it covers."""

    segment: str
    signal: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What one segment is made of: its name, its table, and who is in it."""

    name: str
    table: pa.Table
    signals: list[tuple[str, str, Held]]
    """(entity type, entity code, place and range)."""


def contents_of(signals: Iterable[Signal]) -> Contents | None:
    """The segment that holds these signals, by entity type and code; None where they hold nothing.

    Raises ValueError where a signal's times go backwards.
    """
    import numpy as np
    import pyarrow as pa

    parts: list[pa.Table] = []
    ranges: list[tuple[str, str, int, int]] = []
    digest = hashlib.sha256()
    for signal in sorted(signals, key=lambda s: (s.entity.type, s.entity.code)):
        begins, ends, units, unknown = stretches(signal)
        if not len(begins):
            continue
        type_, code = signal.entity.type, signal.entity.code
        digest.update(f"{type_} {code} {len(begins)}\n".encode())
        for column in (begins, ends, units, unknown):
            digest.update(np.ascontiguousarray(column).tobytes())
        count = len(begins)
        part = {
            "type": pa.repeat(pa.scalar(type_), count),
            "code": pa.repeat(pa.scalar(code), count),
            "signal": pa.repeat(pa.scalar(len(ranges), pa.int32()), count),
            "begin_s": pa.array(begins),
            "end_s": pa.array(ends),
            "units": pa.array(units, mask=unknown),
            "quality": pa.array(np.where(unknown, "unknown", "known")),
        }
        parts.append(pa.table(part))
        ranges.append((type_, code, int(begins[0]), int(ends[-1])))
    if not parts:
        return None
    name = digest.hexdigest()
    held = [(t, c, Held(name, i, begin, end)) for i, (t, c, begin, end) in enumerate(ranges)]
    return Contents(name, pa.concat_tables(parts), held)


def write(folder: Path, contents: Contents) -> None:
    """Write a segment whole, or not at all. To be called by one process at a time.

    Raises OSError where the disk refuses.
    """
    import pyarrow.parquet as pq

    folder.mkdir(exist_ok=True)
    for orphan in folder.glob("*.part"):
        # There is one writer, so this is what a killed one left.
        orphan.unlink()
    final = file_of(folder, contents.name)
    if final.exists():
        return
    part = final.with_suffix(".part")
    with part.open("wb") as file:
        pq.write_table(contents.table, file, compression="zstd", row_group_size=ROWS_PER_GROUP)
        file.flush()
        os.fsync(file.fileno())
    part.rename(final)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_of(folder: Path, name: str) -> Path:
    """Where the segment of this name lies."""
    return folder / f"{name}.parquet"


def visible_pieces(held: Sequence[Held], begin: int, end: int) -> list[Held]:
    """Which part of [begin, end) each signal answers for, in the order of time.

    `held` is in the order of writing; where two overlap, the later counts.
    """
    pieces: list[Held] = []
    free = [(begin, end)]
    for h in reversed(held):
        left: list[tuple[int, int]] = []
        for a, b in free:
            first, last = max(a, h.begin), min(b, h.end)
            if first >= last:
                left.append((a, b))
                continue
            pieces.append(Held(h.segment, h.signal, first, last))
            left += [(x, y) for x, y in ((a, first), (last, b)) if x < y]
        free = left
    return sorted(pieces, key=lambda p: p.begin)


def read(folder: Path, pieces: Sequence[Held], end: int) -> pa.Table:
    """The change points of the pieces, in the shape of `Store.samples`.

    Raises duckdb.Error where a segment is missing or damaged.
    """
    import pyarrow as pa

    if not pieces:
        return _shaped(pa.table({"time_s": pa.array([], pa.int64()), "units": pa.array([], pa.int64())}))
    import duckdb

    following = [*(p.begin for p in pieces[1:]), end]
    holes = [p.end for p, begin in zip(pieces, following, strict=True) if p.end < begin]
    wanted = pa.table(
        {
            "file": [str(file_of(folder, p.segment)) for p in pieces],
            "signal": [p.signal for p in pieces],
            "from_s": [p.begin for p in pieces],
            "to_s": [p.end for p in pieces],
        }
    )
    files = sorted(set(wanted["file"].to_pylist()))
    connection = duckdb.connect(":memory:")
    try:
        connection.register("wanted", wanted)
        connection.register("hole", pa.table({"from_s": pa.array(holes, pa.int64())}))
        return _shaped(connection.sql(_CHANGE_POINTS, params=[files]).to_arrow_table())
    finally:
        connection.close()


_CHANGE_POINTS = """
WITH stretch AS (
    SELECT greatest(begin_s, from_s) AS time_s, units
    FROM read_parquet(?, filename = true) AS row
    JOIN wanted ON row.filename = wanted.file AND row.signal = wanted.signal
        AND row.begin_s < wanted.to_s AND row.end_s > wanted.from_s
    UNION ALL
    SELECT from_s, NULL FROM hole
), beside AS (
    SELECT time_s, units, lag(units) OVER in_time AS before, row_number() OVER in_time AS number
    FROM stretch
    WINDOW in_time AS (ORDER BY time_s)
)
SELECT time_s, units FROM beside
WHERE number = 1 OR units IS DISTINCT FROM before
ORDER BY time_s
"""


def _shaped(found: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    units = found["units"].combine_chunks()
    return pa.table(
        {
            "time": found["time_s"].cast(pa.timestamp("s", tz="UTC")),
            "units": units,
            "quality": pc.if_else(pc.is_null(units), "unknown", "known"),
        }
    )
