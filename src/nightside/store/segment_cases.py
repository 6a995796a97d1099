"""Segments of samples: those that are missing or damaged, and rows of the catalogue that point outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import numpy as np

from nightside.model.entity import Entity
from nightside.model.store_care import StoreFinding
from nightside.store import segments
from nightside.store.cases import Case
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.folder_errors import written
from nightside.store.merging import named, put_pieces
from nightside.store.retired import retire
from nightside.store.segment_check import (
    Group,
    Looked,
    Row,
    columns_of,
    entities_of,
    fits,
    look_at,
    rows_of,
    signals_of,
)
from nightside.store.segments import HOURLY, Columns, Contents, file_of

Segment = tuple[int, str, int]
"""(number, name, written)"""
Reading = Callable[[], AbstractContextManager[Connection]]

AGAIN = "Replay the input of that time again: what it gives is stored anew."
_OUT = "takes it out: what it held is unknown then"
_LOST = (
    "NOT EXISTS (SELECT 1 FROM segment WHERE segment.number = piece.segment) "
    "OR NOT EXISTS (SELECT 1 FROM entity WHERE entity.number = piece.entity)"
)


def segment_cases(reading: Reading, files: Files) -> Iterator[Case]:
    """Look at every segment, and at what the catalogue says of it."""
    with reading() as connection:
        every = connection.execute("SELECT number, name, written FROM segment ORDER BY written").fetchall()
        entities = entities_of(connection)
        (lost,) = connection.execute(f"SELECT count(*) FROM piece WHERE {_LOST}").fetchone()
    if lost:
        said = f"{lost:,} rows of the catalogue are of segments or entities that it does not have"
        finding = StoreFinding("piece-outside", files.name, said, True, "takes them out", AGAIN)
        yield Case(finding, _without_lost)
    for number, name, place in every:
        segment = (number, name, place)
        with reading() as connection:
            rows = rows_of(connection, number)
        try:
            looked = look_at(files, name)
        except FileNotFoundError:
            looked = None
        with reading() as connection:
            # Merged meanwhile: then its file may be gone rightly.
            if not _stands(connection, segment, rows):
                continue
        yield from _of_segment(files, segment, rows, entities, looked)


def _of_segment(
    files: Files, segment: Segment, rows: list[Row], entities: dict[int, Entity], looked: Looked | None
) -> Iterator[Case]:
    where = f"{files.name}/{file_of(segment[1])}"
    if looked is None:
        said = f"the file is missing, and with it {_samples(rows, entities)}"
        finding = StoreFinding("file-missing", where, said, True, _OUT, AGAIN)
        yield Case(finding, partial(_take_out, files, segment, rows, None))
        return
    fit = [fits(row, entities, looked.groups) for row in rows]
    if looked.damage is not None:
        good = [row for row, each in zip(rows, fit, strict=True) if each]
        bad = [row for row, each in zip(rows, fit, strict=True) if not each]
        kept = _salvaged(segment, good, entities, looked.groups) if good else None
        said = f"{looked.damage}; it held {_samples(bad, entities)}" if bad else looked.damage
        how = "writes what can be read anew; the rest is unknown then" if good else _OUT
        finding = StoreFinding("file-damaged", where, said, True, how, AGAIN)
        yield Case(finding, partial(_take_out, files, segment, rows, kept))
    elif not all(fit):
        outside = [row for row, each in zip(rows, fit, strict=True) if not each]
        said = f"{len(outside):,} rows of the catalogue point to what the file does not hold"
        whole = [group for group in looked.groups if group is not None]
        finding = StoreFinding("piece-outside", where, said, True, "reads them from the file anew", None)
        yield Case(finding, partial(_point_anew, segment, rows, outside, whole))


def _samples(rows: list[Row], entities: dict[int, Entity]) -> str:
    if not rows:
        return "no samples that anybody needs"
    from nightside.model.instants import iso

    who = sorted({f"{entities[row[0]].type} {entities[row[0]].code}" for row in rows if row[0] in entities})
    named_, more = ", ".join(who[:3]), len(who) - 3
    begin, end = min(row[1] for row in rows), max(row[4] for row in rows)
    return f"samples of {named_}{f' and {more:,} more' if more > 0 else ''} from {iso(begin)} to {iso(end)}"


def _stands(connection: Connection, segment: Segment, rows: list[Row]) -> bool:
    found = connection.execute("SELECT number, name, written FROM segment WHERE number = ?", (segment[0],))
    return [tuple(row) for row in found] == [segment] and rows_of(connection, segment[0]) == rows


def _salvaged(
    segment: Segment, good: list[Row], entities: dict[int, Entity], groups: list[Group | None]
) -> Contents:
    """What can be read of a damaged segment, as one of its own."""
    _number, name, place = segment
    whose: list[Entity] = []
    parts: list[tuple[segments.Int64, ...]] = []
    for entity, _begin, _segment, _part, _end, number, first, count in good:
        group = groups[number]
        assert group is not None
        rows, columns = slice(first, first + count), group.columns
        signal = np.full(count, len(whose), np.int64)
        numbers = (columns.begin_s, columns.end_s, columns.units, columns.baseline)
        parts.append((signal, *(column[rows] for column in numbers)))
        whose.append(entities[entity])
    columns = Columns(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    made = named(f"salvaged {place} {name}", whose, columns)
    return replace(made, name=made.name + (HOURLY if name.endswith(HOURLY) else ""))


def _take_out(
    files: Files, segment: Segment, rows: list[Row], kept: Contents | None, connection: Connection
) -> bool:
    """Have what is left of a segment in its place, or nothing."""
    if not _stands(connection, segment, rows):
        return False
    number, name, _written = segment
    connection.execute("DELETE FROM piece WHERE segment = ?", (number,))
    if kept is None:
        connection.execute("DELETE FROM segment WHERE number = ?", (number,))
    else:
        with written(files):
            segments.write(files, kept)
        connection.execute("UPDATE segment SET name = ? WHERE number = ?", (kept.name, number))
        put_pieces(connection, number, kept)
    retire(connection, files, [file_of(name)])
    return True


def _point_anew(
    segment: Segment, rows: list[Row], outside: list[Row], groups: list[Group], connection: Connection
) -> bool:
    """Have the catalogue say of a segment what its file says."""
    if not _stands(connection, segment, rows):
        return False
    connection.executemany(
        "DELETE FROM piece WHERE entity = ? AND begin_s = ? AND segment = ? AND part = ?",
        [row[:4] for row in outside],
    )
    numbers = {(each.type, each.code): number for number, each in entities_of(connection).items()}
    whose = [numbers.get((each.type, each.code)) for each in signals_of(groups)]
    pieces = segments.pieces_of(columns_of(groups), [len(group.columns.signal) for group in groups])
    connection.executemany(
        "INSERT INTO piece (entity, begin_s, segment, part, end_s, row_group, first_row, row_count) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (number, p.begin_s, segment[0], p.part, p.end_s, p.row_group, p.first_row, p.row_count)
            for p in pieces
            if (number := whose[p.signal]) is not None
        ],
    )
    return True


def _without_lost(connection: Connection) -> bool:
    connection.execute(f"DELETE FROM piece WHERE {_LOST}")
    return True
