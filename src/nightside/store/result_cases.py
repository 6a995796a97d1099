"""Segments of results of checks: those that are missing or damaged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from nightside.model.store_care import StoreFinding
from nightside.store import result_segments
from nightside.store.cases import Case
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.folder_errors import written
from nightside.store.result_form import schema
from nightside.store.result_segments import file_of
from nightside.store.retired import retire
from nightside.store.segment_cases import Reading

if TYPE_CHECKING:
    import pyarrow as pa

Entered = tuple[int, str, int, int, int]
"""(number, country, first at_ms, last at_ms, rows)"""

_COPY = "Bring it back from a copy, where there is one: results of checks cannot be had again."


def result_cases(reading: Reading, files: Files) -> Iterator[Case]:
    """Look at every segment of results."""
    with reading() as connection:
        every = connection.execute(
            "SELECT number, country, first_ms, last_ms, row_count FROM result_segment ORDER BY number"
        ).fetchall()
    for row in every:
        entered: Entered = tuple(row)
        where = f"{files.name}/{file_of(entered[0])}"
        of = f"{entered[4]:,} results of {entered[1] or 'canaries'}"
        try:
            wrong, kept = _look_at(files, entered)
        except FileNotFoundError:
            with reading() as connection:
                if not _stands(connection, entered):
                    continue
            said = f"the file is missing, and with it {of}"
            finding = StoreFinding("file-missing", where, said, True, "takes them out", _COPY)
            yield Case(finding, partial(_take_out, files, entered, None))
            continue
        if wrong is not None:
            how = "writes what can be read anew" if kept is not None else "takes them out"
            finding = StoreFinding("file-damaged", where, f"{wrong}; it held {of}", True, how, _COPY)
            yield Case(finding, partial(_take_out, files, entered, kept))


def _look_at(files: Files, entered: Entered) -> tuple[str | None, pa.Table | None]:
    """What is wrong with a segment's file, if anything, and what of it can be read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    number, country, first_ms, last_ms, count = entered
    wrong: str | None = None
    tables: list[pa.Table] = []
    try:
        with files.parquet(file_of(number), page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                try:
                    tables.append(file.read_row_group(group, use_threads=False).cast(schema()))
                except (OSError, pa.ArrowException, ValueError) as error:
                    files.ask()
                    wrong = wrong or f"row group {group} cannot be read: {str(error).splitlines()[0]}"
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        files.ask()
        return str(error).splitlines()[0], None
    table = pa.concat_tables(tables) if tables else None
    if wrong is None and table is not None:
        ends = pc.min_max(table["at_ms"])
        countries = pc.unique(table["country"]).to_pylist()
        held = (countries, ends["min"].as_py(), ends["max"].as_py(), table.num_rows)
        if held != ([country], first_ms, last_ms, count):
            wrong = "it holds something else than the catalogue says"
            table = table.filter(pc.equal(table["country"], country))
    return wrong, table if table is not None and table.num_rows else None


def _stands(connection: Connection, entered: Entered) -> bool:
    found = connection.execute(
        "SELECT number, country, first_ms, last_ms, row_count FROM result_segment WHERE number = ?",
        (entered[0],),
    )
    return [tuple(row) for row in found] == [entered]


def _take_out(files: Files, entered: Entered, kept: pa.Table | None, connection: Connection) -> bool:
    if not _stands(connection, entered):
        return False
    if kept is not None:
        with written(files):
            result_segments.put(connection, files, entered[1], kept)
    connection.execute("DELETE FROM result_segment WHERE number = ?", (entered[0],))
    retire(connection, files, [file_of(entered[0])])
    return True
