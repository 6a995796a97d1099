"""Results of checks as immutable Parquet segments: one country each, in the order of time.

A segment's name is a number that is given once. Its file is written whole before the catalogue knows of it; who is
killed between leaves a file that nobody knows of, and the next one who writes deletes it. A reader who finds a file
gone looks up again: what it held is in another one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nightside.store.folder_sync import written_whole
from nightside.store.result_form import KEY, schema

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SMALL = 16
"""So many small segments may a country have; then they become one."""
SMALL_ROWS = 1 << 17
ROWS_PER_GROUP = 1 << 15

Segment = tuple[int, int, int, int]
"""(number, first at_ms, last at_ms, rows)"""


def file_of(folder: Path, number: int) -> Path:
    """Where the segment of this number lies."""
    return folder / f"{number}.parquet"


def within(connection: sqlite3.Connection, country: str, first_ms: int, last_ms: int) -> list[Segment]:
    """The segments of a country that may hold results from the first to the last instant, both included."""
    return connection.execute(
        "SELECT number, first_ms, last_ms, row_count FROM result_segment "
        "WHERE country = ? AND first_ms <= ? AND last_ms >= ? ORDER BY first_ms, number",
        (country, last_ms, first_ms),
    ).fetchall()


def put(connection: sqlite3.Connection, folder: Path, country: str, table: pa.Table) -> None:
    """Write a segment and enter it; within the caller's transaction. Raises OSError where the disk refuses."""
    import pyarrow.compute as pc

    table = table.sort_by([(name, "ascending") for name in KEY])
    (highest,) = connection.execute("SELECT coalesce(max(number), 0) FROM result_segment").fetchone()
    taken = (int(path.stem) for path in folder.glob("*.parquet") if path.stem.isdecimal())
    number = max(highest, *taken, 0) + 1
    _write(folder, number, table)
    ends = pc.min_max(table["at_ms"])
    connection.execute(
        "INSERT INTO result_segment (number, country, first_ms, last_ms, row_count) VALUES (?, ?, ?, ?, ?)",
        (number, country, ends["min"].as_py(), ends["max"].as_py(), table.num_rows),
    )


def _write(folder: Path, number: int, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    folder.mkdir(exist_ok=True)
    final = file_of(folder, number)
    with written_whole(final) as file:
        pq.write_table(
            table,
            file,
            compression="zstd",
            row_group_size=ROWS_PER_GROUP,
            write_statistics=["at_ms", "country", "target"],
        )


def read(folder: Path, number: int, first_ms: int, last_ms: int, names: Sequence[str]) -> pa.Table:
    """The rows from the first to the last instant, both included, in the order of time.

    Raises OSError or pyarrow.ArrowException where the file is missing or damaged.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = schema(names)
    words = [field.name for field in fields if field.type == pa.string() and field.name != "facts"]
    with pq.ParquetFile(file_of(folder, number), read_dictionary=words) as file:
        groups = [
            group
            for group in range(file.num_row_groups)
            if _overlaps(file.metadata.row_group(group), file.schema_arrow, first_ms, last_ms)
        ]
        table = file.read_row_groups(groups, columns=list({*names, "at_ms"}), use_threads=False)
    at = table["at_ms"].to_numpy()
    first, last = np.searchsorted(at, first_ms, "left"), np.searchsorted(at, last_ms, "right")
    return table.slice(first, last - first).select(list(names))


def _overlaps(group: Any, fields: pa.Schema, first_ms: int, last_ms: int) -> bool:
    known = group.column(fields.get_field_index("at_ms")).statistics
    return known is None or not known.has_min_max or (known.min <= last_ms and known.max >= first_ms)


def merge_small(connection: sqlite3.Connection, folder: Path, country: str) -> int:
    """Make one of a country's small segments where they are many; how many it was. Within the caller's transaction."""
    import pyarrow as pa

    small = connection.execute(
        "SELECT number, first_ms, last_ms FROM result_segment WHERE country = ? AND row_count < ? ORDER BY number",
        (country, SMALL_ROWS),
    ).fetchall()
    if len(small) < MOST_SMALL:
        return 0
    try:
        tables = [read(folder, number, first, last, schema().names) for number, first, last in small]
    except (OSError, pa.ArrowException):
        # One is damaged: they stay as they are, and whoever asks for it is told.
        return 0
    put(connection, folder, country, pa.concat_tables(table.cast(schema()) for table in tables))
    connection.executemany("DELETE FROM result_segment WHERE number = ?", ((s[0],) for s in small))
    return len(small)


def delete_unneeded(connection: sqlite3.Connection, folder: Path) -> None:
    """Delete files that the catalogue does not know. Only who writes may: nobody else is writing one then."""
    known = {file_of(folder, number) for (number,) in connection.execute("SELECT number FROM result_segment")}
    for path in [*folder.glob("*.parquet"), *folder.glob("*.part")]:
        if path not in known:
            with suppress(FileNotFoundError):
                path.unlink()
