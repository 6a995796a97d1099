"""Results of checks as immutable Parquet segments: one country each, in the order of time.

A segment's name is a number that is given once. Its file is written whole before the catalogue knows of it; who is
killed between leaves a file that nobody knows of, which is deleted when it is old. A reader who finds a file gone looks
up again: what it held is in another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.result_form import KEY, schema
from nightside.store.retired import delete_retired, retire

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SMALL = 16
"""So many small segments may a country have; then they become one."""
SMALL_ROWS = 1 << 17
ROWS_PER_GROUP = 1 << 15

Segment = tuple[int, int, int, int]
"""(number, first at_ms, last at_ms, rows)"""


def file_of(number: int) -> str:
    """The file of the segment of this number."""
    return f"{number}.parquet"


def within(connection: Connection, country: str, first_ms: int, last_ms: int) -> list[Segment]:
    """The segments of a country that may hold results from the first to the last instant, both included."""
    return connection.execute(
        "SELECT number, first_ms, last_ms, row_count FROM result_segment "
        "WHERE country = ? AND first_ms <= ? AND last_ms >= ? ORDER BY first_ms, number",
        (country, last_ms, first_ms),
    ).fetchall()


def put(connection: Connection, files: Files, country: str, table: pa.Table) -> None:
    """Write a segment and enter it; within the caller's transaction. Raises OSError where the place refuses."""
    import pyarrow.compute as pc

    table = table.sort_by([(name, "ascending") for name in KEY])
    (highest,) = connection.execute("SELECT coalesce(max(number), 0) FROM result_segment").fetchone()
    stems = (name.partition(".")[0] for name in files.names())
    taken = (int(stem) for stem in stems if stem.isdecimal())
    number = max(highest, *taken, 0) + 1
    files.write(
        file_of(number),
        table,
        compression="zstd",
        row_group_size=ROWS_PER_GROUP,
        write_statistics=["at_ms", "country", "target"],
        write_page_checksum=True,
    )
    ends = pc.min_max(table["at_ms"])
    connection.execute(
        "INSERT INTO result_segment (number, country, first_ms, last_ms, row_count) VALUES (?, ?, ?, ?, ?)",
        (number, country, ends["min"].as_py(), ends["max"].as_py(), table.num_rows),
    )


def read(files: Files, number: int, first_ms: int, last_ms: int, names: Sequence[str]) -> pa.Table:
    """The rows from the first to the last instant, both included, in the order of time.

    Raises OSError or pyarrow.ArrowException where the file is missing or damaged.
    """
    import numpy as np
    import pyarrow as pa

    fields = schema(names)
    words = [field.name for field in fields if field.type == pa.string() and field.name != "facts"]
    with files.parquet(file_of(number), read_dictionary=words) as file:
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


def merge_small(connection: Connection, files: Files, country: str) -> int:
    """Make one of a country's small segments where they are many; how many it was. Within the caller's transaction."""
    import pyarrow as pa

    small = connection.execute(
        "SELECT number, first_ms, last_ms FROM result_segment WHERE country = ? AND row_count < ? ORDER BY number",
        (country, SMALL_ROWS),
    ).fetchall()
    if len(small) < MOST_SMALL:
        return 0
    try:
        tables = [read(files, number, first, last, schema().names) for number, first, last in small]
    except (OSError, pa.ArrowException):
        # One is damaged: they stay as they are, and whoever asks for it is told.
        return 0
    put(connection, files, country, pa.concat_tables(table.cast(schema()) for table in tables))
    connection.executemany("DELETE FROM result_segment WHERE number = ?", ((s[0],) for s in small))
    retire(connection, files, (file_of(number) for number, *_times in small))
    return len(small)


def delete_unneeded(connection: Connection, files: Files) -> int:
    """Delete files that nobody needs any more; how many. Within the caller's transaction."""
    return delete_retired(connection, files, known_files(connection))


def known_files(connection: Connection) -> set[str]:
    """The files of all segments."""
    return {file_of(number) for (number,) in connection.execute("SELECT number FROM result_segment")}
