"""Stores of older programs, brought to the tables of this one. All functions run within the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from nightside.model.entity import Entity
from nightside.model.ndjson import dumps
from nightside.store import tables
from nightside.store.files import Files
from nightside.store.local_files import LocalFiles
from nightside.store.sample_writing import register
from nightside.store.segment_reader import SegmentReader
from nightside.store.segments import NONE, Columns, Piece, file_of, pieces_of
from nightside.store.summary import summary_of


def from_1(connection: sqlite3.Connection, folder: Path) -> None:
    """Version 1 knew neither summaries, messages and changes nor states, hours and baselines; `folder` is the store's.

    An entity that never had an incident is known by its code alone. Foreign keys must be off.
    """
    connection.execute("ALTER TABLE incident RENAME TO incident_1")
    connection.execute("ALTER TABLE segment RENAME TO segment_1")
    connection.execute("DROP INDEX incident_in_order")
    connection.execute("DROP INDEX incident_of_entity")
    for statement in tables.statements(tables.INCIDENT, tables.MESSAGE, tables.CHANGE, tables.SAMPLES):
        connection.execute(statement)
    _incidents(connection)
    _segments(connection, LocalFiles(folder / "segments"))
    for name in ("incident_1", "segment_signal", "segment_1"):
        connection.execute(f"DROP TABLE {name}")


def from_2(connection: sqlite3.Connection) -> None:
    """Version 2 knew neither results of checks nor tokens."""
    for statement in tables.statements(tables.RESULTS, tables.TOKENS):
        connection.execute(statement)


def from_3(connection: sqlite3.Connection) -> None:
    """Version 3 knew no reports."""
    for statement in tables.statements(tables.REPORTS):
        connection.execute(statement)


def from_4(connection: sqlite3.Connection) -> None:
    """Version 4 knew neither acknowledgements nor tokens that run out."""
    for statement in tables.statements(tables.ACKNOWLEDGEMENTS):
        connection.execute(statement)
    # One of version 2 or older has just got its tokens.
    if "expires_s" not in {row[1] for row in connection.execute("PRAGMA table_info(token)")}:
        connection.execute("ALTER TABLE token ADD COLUMN expires_s INTEGER")


def from_5(connection: sqlite3.Connection) -> None:
    """Version 5 knew neither leases nor notes, and looked for the pieces of a segment in all of them."""
    for statement in tables.statements(tables.LEASES, tables.PIECES_OF_SEGMENT):
        connection.execute(statement)


def _incidents(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT id, type, code, began, ended, reach, severity, incident_1.revision, merged_into, series, json "
        "FROM incident_1 JOIN revision USING (id, revision)"
    ).fetchall()
    for *most, series, text in rows:
        incident: dict[str, Any] = json.loads(text)
        connection.execute(
            "INSERT INTO incident (id, type, code, began, ended, reach, severity, revision, merged_into, series, "
            "status, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*most, series, incident["status"], dumps(summary_of(incident))),
        )


def _segments(connection: sqlite3.Connection, files: Files) -> None:
    names = {
        (incident["entity"]["type"], incident["entity"]["code"]): incident["entity"]["name"]
        for incident in (json.loads(text) for (text,) in connection.execute("SELECT summary FROM incident"))
    }
    reader = SegmentReader(files)
    rows = connection.execute("SELECT name FROM segment_1 ORDER BY written").fetchall()
    for (name,) in rows:
        signals = connection.execute(
            "SELECT type, code, begin_s, end_s FROM segment_signal WHERE segment = ? ORDER BY signal", (name,)
        ).fetchall()
        entities = [Entity(t, c, names.get((t, c), c)) for t, c, _begin, _end in signals]
        columns, pieces = _read(files, name) or _lost(signals)
        register(connection, reader, name, entities, columns, pieces)


def _read(files: Files, name: str) -> tuple[Columns, list[Piece]] | None:
    """What a segment holds; None where it is missing or damaged."""
    import pyarrow as pa

    try:
        with files.parquet(file_of(name)) as file:
            groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
            table = file.read(columns=["signal", "begin_s", "end_s", "units"])
    except (OSError, pa.ArrowException):
        return None
    signal, begin_s, end_s, units = (
        c.combine_chunks().fill_null(NONE).to_numpy(zero_copy_only=False).astype(np.int64)
        for c in table.columns
    )
    columns = Columns(signal, begin_s, end_s, units, np.full(len(units), NONE, np.int64))
    return columns, pieces_of(columns, groups)


def _lost(signals: list[tuple[str, str, int, int]]) -> tuple[Columns, list[Piece]]:
    """A segment that cannot be read: whoever asks for it is told so, then as before."""
    begins, ends = (np.array([s[i] for s in signals], np.int64) for i in (2, 3))
    none = np.full(len(signals), NONE, np.int64)
    columns = Columns(np.arange(len(signals)), begins, ends, none, none)
    return columns, [Piece(i, i, s[2], s[3], 0, 0, 1) for i, s in enumerate(signals)]
