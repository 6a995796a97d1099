"""Samples put: the catalogue's rows of a segment, the states of its entities, and their hours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from contextlib import suppress
from itertools import count

import numpy as np
import numpy.typing as npt

from nightside.model.entity import Entity
from nightside.store import changes, rollups, samples
from nightside.store.catalogue import Connection
from nightside.store.rollups import HOUR_S, HOURS, Hours, hours_of
from nightside.store.segment_reader import SegmentReader
from nightside.store.segments import NONE, Columns, Int64, Piece


def is_last(connection: Connection, name: str) -> bool:
    """Whether this segment is what was written last, so that to write it again changes nothing."""
    row = connection.execute("SELECT name FROM segment ORDER BY written DESC LIMIT 1").fetchone()
    return row is not None and row[0] == name


def is_known(connection: Connection, name: str) -> bool:
    """Whether a segment of this name was entered, and needs not be written again where its file is there."""
    return connection.execute("SELECT 1 FROM segment WHERE name = ?", (name,)).fetchone() is not None


def enter_last(connection: Connection, name: str) -> int:
    """Enter a segment as the one written last, also where it was entered before; its number."""
    connection.execute(
        "INSERT INTO segment (number, name, written) "
        "SELECT coalesce(max(number), 0) + 1, ?, coalesce(max(written), 0) + 1 FROM segment WHERE true "
        "ON CONFLICT (name) DO UPDATE SET written = excluded.written",
        (name,),
    )
    (number,) = connection.execute("SELECT number FROM segment WHERE name = ?", (name,)).fetchone()
    return int(number)


def register(
    connection: Connection,
    reader: SegmentReader,
    name: str,
    entities: Sequence[Entity],
    columns: Columns,
    pieces: Sequence[Piece],
) -> None:
    """Enter a segment that was written. Where it was entered before, it counts as written last from now on."""
    segment = enter_last(connection, name)
    numbers = _put_states(connection, entities, columns)
    connection.executemany(
        "INSERT INTO piece (entity, begin_s, segment, part, end_s, row_group, first_row, row_count) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            (numbers[p.signal], p.begin_s, segment, p.part, p.end_s, p.row_group, p.first_row, p.row_count)
            for p in pieces
        ),
    )
    _put_hours(connection, reader, name, numbers, columns)
    changes.note_samples(connection)


def _ends(columns: Columns) -> tuple[Int64, Int64]:
    """The first and the last row of each signal."""
    first = np.flatnonzero(np.diff(columns.signal, prepend=-1))
    return first, np.append(first[1:], len(columns.signal)) - 1


def _put_states(connection: Connection, entities: Sequence[Entity], columns: Columns) -> list[int]:
    """Bring the entities up to date; their numbers by signal."""
    first, last = _ends(columns)
    known = {(t, c): n for n, t, c in connection.execute("SELECT number, type, code FROM entity")}
    free = count(max(known.values(), default=0) + 1)
    for each in entities:
        if (each.type, each.code) not in known:
            known[each.type, each.code] = next(free)
    numbers = [known[each.type, each.code] for each in entities]
    rows = zip(
        numbers,
        entities,
        columns.begin_s[first].tolist(),
        columns.end_s[last].tolist(),
        _nullable(columns.units[last]),
        _nullable(columns.baseline[last]),
        strict=True,
    )
    connection.executemany(_PUT_STATE, ((n, e.type, e.code, e.name, *others) for n, e, *others in rows))
    return numbers


_LATER = "excluded.last_s >= entity.last_s"
_PUT_STATE = (
    "INSERT INTO entity (number, type, code, name, first_s, last_s, units, baseline) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET name = excluded.name, "
    "first_s = CASE WHEN excluded.first_s < entity.first_s THEN excluded.first_s ELSE entity.first_s END, "
    f"units = CASE WHEN {_LATER} THEN excluded.units ELSE entity.units END, "
    f"baseline = CASE WHEN {_LATER} THEN excluded.baseline ELSE entity.baseline END, "
    f"last_s = CASE WHEN {_LATER} THEN excluded.last_s ELSE entity.last_s END"
)


def _nullable(numbers: Int64) -> list[int | None]:
    return [None if number == NONE else number for number in numbers.tolist()]


def _put_hours(
    connection: Connection, reader: SegmentReader, name: str, numbers: Sequence[int], columns: Columns
) -> None:
    import pyarrow as pa

    hours = hours_of(columns)
    entity = np.asarray(numbers, np.int64)[hours.signal]
    day = hours.hour // HOURS
    starts = np.flatnonzero((np.diff(entity, prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0))
    ends = np.append(starts[1:], len(day))
    places = list(zip(entity[starts].tolist(), day[starts].tolist(), strict=True))
    # A whole day stands for itself; of another one the hours beside it are kept.
    found = rollups.days_of(connection, (p for p, n in zip(places, ends - starts, strict=True) if n < HOURS))
    for place, begin, end in zip(places, starts.tolist(), ends.tolist(), strict=True):
        of_day = found.setdefault(place, rollups.empty_day())
        of_day[:, hours.hour[begin:end] % HOURS] = hours.numbers[:, begin:end]
    for (number, hour), pieces in _shared_hours(connection, name, numbers, columns, hours).items():
        # What a damaged segment held of the hour is not known any more.
        with suppress(OSError, pa.ArrowException):
            found[number, hour // HOURS][:, hour % HOURS] = _hour_read(reader, pieces, hour)
    rollups.put_days(connection, ((n, d, numbers_of) for (n, d), numbers_of in sorted(found.items())))


def _shared_hours(
    connection: Connection, name: str, numbers: Sequence[int], columns: Columns, hours: Hours
) -> dict[tuple[int, int], list[samples.Held]]:
    """The (entity, hour) for which this signal does not answer alone, and who does."""
    first, last = _ends(columns)
    times = zip(numbers, columns.begin_s[first].tolist(), columns.end_s[last].tolist(), strict=True)
    cut = {
        (number, hour)
        for number, begin, end in times
        for second, hour in ((begin, begin // HOUR_S), (end, (end - 1) // HOUR_S))
        if second % HOUR_S
    }
    several = {number for number, count in Counter(numbers).items() if count > 1}
    twice = {
        (number, hour)
        for signal, number in enumerate(numbers)
        if number in several
        for hour in hours.hour[hours.signal == signal].tolist()
    }
    return {
        place: pieces
        for place, pieces in _seen(connection, cut | twice).items()
        if place in twice or any(piece.segment != name for piece in pieces)
    }


def _seen(connection: Connection, wanted: Set[tuple[int, int]]) -> dict[tuple[int, int], list[samples.Held]]:
    """By (entity, hour): which piece answers for which part of the hour."""
    by_hour: dict[int, list[int]] = defaultdict(list)
    for number, hour in sorted(wanted):
        by_hour[hour].append(number)
    found: dict[tuple[int, int], list[samples.Held]] = {}
    for hour, numbers in by_hour.items():
        begin, end = hour * HOUR_S, (hour + 1) * HOUR_S
        held = samples.held_of(connection, numbers, begin, end)
        found |= {(n, hour): samples.visible(held.get(n, []), begin, end) for n in numbers}
    return found


def _hour_read(reader: SegmentReader, pieces: Sequence[samples.Held], hour: int) -> npt.NDArray[np.int64]:
    """The five numbers of an hour from all samples that are stored of it."""
    end = (hour + 1) * HOUR_S
    rows = samples.read(reader, pieces, end)
    ends = np.append(rows.begin_s[1:], end)
    signal = np.zeros(len(ends), np.int64)
    return hours_of(Columns(signal, rows.begin_s, ends, rows.units, rows.baseline)).numbers[:, 0]
