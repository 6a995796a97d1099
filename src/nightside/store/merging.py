"""Few large segments in place of many small ones: who writes every minute leaves thousands of files a day else.

Segments lie in the order in which they were written, and where two overlap the later counts. A run of small ones that
follow one another can become one segment in the place of its last: what they answer together does not change. It is
entered in one transaction; who is killed before leaves a file that nobody knows of, who is killed after leaves files
that nobody needs. Such files go with the next merging but one, so that who has just looked up their names can read
them still; who is slower looks again (`EmbeddedStore.samples`).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from nightside.model.entity import Entity
from nightside.store import samples, segments
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.retired import delete_retired, retire
from nightside.store.segment_reader import SegmentReader
from nightside.store.segments import Columns, Contents, Int64, digest_of, file_of, resolution_of

SMALL_BYTES = 1 << 20
MOST_SMALL = 32
"""So many small segments may follow one another; then they are merged."""
MOST_AT_ONCE = 512
ALONE = "merging"
"""What only one program does at a time; the others would do the same work for nothing."""

Row = tuple[int, int, int, int, int, int, int, int]
"""Of the table `piece`: entity, begin_s, segment, part, end_s, row_group, first_row, row_count."""


@dataclass(frozen=True)
class Plan:
    """A run of small segments, and what is to stand in their place."""

    run: list[tuple[int, str, int]]
    """(number, name, written) in the order of writing."""
    rows: list[Row]
    contents: Contents


def small_run(connection: Connection, reader: SegmentReader) -> list[tuple[int, str, int]]:
    """The small segments that were written last, one behind the other, as (number, name, written).

    Without the very last: who writes the same again changes nothing while it stands there.
    """
    run: list[tuple[int, str, int]] = []
    newest = connection.execute(
        "SELECT number, name, written FROM segment ORDER BY written DESC LIMIT ? OFFSET 1", (MOST_AT_ONCE,)
    )
    for number, name, written in newest:
        try:
            if resolution_of(name) > 1 or reader.size(name) >= SMALL_BYTES:
                break
        except OSError:
            # Missing: what it held cannot be read, and is not to be forgotten either.
            break
        run.append((number, name, written))
    return run[::-1]


def is_due(connection: Connection, reader: SegmentReader) -> bool:
    """Whether there are so many small segments that merging is worth while."""
    return len(small_run(connection, reader)) >= MOST_SMALL


def plan(connection: Connection, reader: SegmentReader) -> Plan | None:
    """What is to be merged; None where that is not worth while, or something of it cannot be read."""
    import pyarrow as pa

    run = small_run(connection, reader)
    if len(run) < MOST_SMALL:
        return None
    try:
        return _merged(connection, reader, run)
    except (OSError, pa.ArrowException):
        # It stays as it is: whoever asks for it is told.
        return None


def _merged(connection: Connection, reader: SegmentReader, run: list[tuple[int, str, int]]) -> Plan:
    marks = ", ".join("?" * len(run))
    rows: list[Row] = connection.execute(
        "SELECT entity, begin_s, segment, part, end_s, row_group, first_row, row_count FROM piece "
        f"WHERE segment IN ({marks})",
        [number for number, _name, _written in run],
    ).fetchall()
    names = {number: name for number, name, _written in run}
    place = {number: written for number, _name, written in run}
    by_entity: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_entity[row[0]].append(row)
    known = {
        n: Entity(*rest) for n, *rest in connection.execute("SELECT number, type, code, name FROM entity")
    }
    entities: list[Entity] = []
    parts: list[tuple[Int64, ...]] = []
    for number, mine in sorted(
        by_entity.items(), key=lambda item: (known[item[0]].type, known[item[0]].code)
    ):
        mine.sort(key=lambda row: (place[row[2]], row[3]))
        held = [samples.Held(r[1], r[4], names[r[2]], r[5], r[6], r[7]) for r in mine]
        seen = samples.visible(held, min(h.begin_s for h in held), max(h.end_s for h in held))
        for stretch in without_holes(seen):
            end = stretch[-1].end_s
            found = samples.read(reader, stretch, end)
            ends = np.append(found.begin_s[1:], end)
            signal = np.full(len(ends), len(entities), np.int64)
            parts.append((signal, found.begin_s, ends, found.units, found.baseline))
            entities.append(known[number])
    columns = Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return Plan(run, rows, named(f"merged {run[-1][2]}", entities, columns))


def named(how: str, entities: list[Entity], columns: Columns) -> Contents:
    """What was made of other segments; `how` says of which, in words that no other segment has."""
    digest = digest_of(entities, columns)
    return Contents(hashlib.sha256(f"{how}\0{digest}".encode()).hexdigest(), entities, columns, digest)


def without_holes(pieces: list[samples.Held]) -> list[list[samples.Held]]:
    """Pieces in the order of time, put together where one begins at the end of the other."""
    found: list[list[samples.Held]] = []
    for piece in pieces:
        if found and found[-1][-1].end_s == piece.begin_s:
            found[-1].append(piece)
        else:
            found.append([piece])
    return found


def stands(connection: Connection, planned: Plan) -> bool:
    """Whether the run is still as it was planned; to be asked within the transaction that carries it out."""
    first, last = planned.run[0][2], planned.run[-1][2]
    now = connection.execute(
        "SELECT number, name, written FROM segment WHERE written BETWEEN ? AND ? ORDER BY written",
        (first, last),
    )
    return [tuple(row) for row in now] == planned.run


def enter(connection: Connection, files: Files, planned: Plan) -> None:
    """Put the merged segment, whose file is written, into the place of the run."""
    delete_unneeded(connection, files)
    retire(connection, files, (file_of(name) for _number, name, _written in planned.run))
    connection.executemany(
        "DELETE FROM piece WHERE entity = ? AND begin_s = ? AND segment = ? AND part = ?",
        (row[:4] for row in planned.rows),
    )
    connection.executemany("DELETE FROM segment WHERE number = ?", ((number,) for number, *_ in planned.run))
    number, _name, written = planned.run[-1]
    connection.execute(
        "INSERT INTO segment (number, name, written) VALUES (?, ?, ?)",
        (number, planned.contents.name, written),
    )
    put_pieces(connection, number, planned.contents)


def put_pieces(connection: Connection, segment: int, contents: Contents) -> None:
    """Enter what a segment holds, of entities that are known."""
    known = {(t, c): n for n, t, c in connection.execute("SELECT number, type, code FROM entity")}
    numbers = [known[entity.type, entity.code] for entity in contents.entities]
    columns = contents.columns
    connection.executemany(
        "INSERT INTO piece (entity, begin_s, segment, part, end_s, row_group, first_row, row_count) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (numbers[p.signal], p.begin_s, segment, p.part, p.end_s, p.row_group, p.first_row, p.row_count)
            for p in segments.pieces_of(columns, segments.group_rows(len(columns.signal)))
        ),
    )


def delete_unneeded(connection: Connection, files: Files) -> int:
    """Delete files of segments that nobody needs any more; how many. Within the caller's transaction."""
    return delete_retired(connection, files, known_files(connection))


def known_files(connection: Connection) -> set[str]:
    """The files of all segments."""
    return {file_of(name) for (name,) in connection.execute("SELECT name FROM segment")}
