"""Hours that are missing or cannot be read, though the samples are there from which they come."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial

import numpy as np

from nightside.model.store_care import StoreFinding
from nightside.store import rollups, samples
from nightside.store.cases import Case
from nightside.store.catalogue import Connection
from nightside.store.rollups import DAY_S, HOURS, hours_of
from nightside.store.segment_cases import Reading
from nightside.store.segment_check import entities_of
from nightside.store.segment_reader import SegmentReader
from nightside.store.segments import Columns


def hour_cases(reading: Reading, reader: SegmentReader) -> Iterator[Case]:
    """Look at the hours of every entity."""
    with reading() as connection:
        entities = entities_of(connection)
    for number, entity in entities.items():
        with reading() as connection:
            lacking = _lacking(connection, number)
        if lacking:
            finding = StoreFinding(
                "hours-missing",
                f"{entity.type} {entity.code}",
                f"the hours of {len(lacking):,} days are missing or cannot be read",
                True,
                "works them out from the samples",
                None,
            )
            yield Case(finding, partial(_worked_out, reader, number, lacking))


def _lacking(connection: Connection, entity: int) -> list[int]:
    """The days (since the epoch) with samples of an entity, without hours that can be read."""
    wanted: set[int] = set()
    for begin, end in connection.execute("SELECT begin_s, end_s FROM piece WHERE entity = ?", (entity,)):
        wanted.update(range(begin // DAY_S, (end - 1) // DAY_S + 1))
    if not wanted:
        return []
    found = rollups.days(connection, entity, min(wanted), max(wanted))
    return sorted(wanted - {day for day, data in found if _readable(data)})


def _readable(data: bytes) -> bool:
    try:
        rollups.unpacked(data)
    except (zlib.error, ValueError):
        return False
    return True


def _worked_out(reader: SegmentReader, number: int, days: list[int], connection: Connection) -> bool:
    import pyarrow as pa

    made: list[tuple[int, int, rollups.Day]] = []
    for day in days:
        begin, end = day * DAY_S, (day + 1) * DAY_S
        seen = samples.visible(samples.held(connection, number, begin, end), begin, end)
        hours = rollups.empty_day()
        if seen:
            try:
                rows = samples.read(reader, seen, seen[-1].end_s)
            except (OSError, pa.ArrowException):
                # What cannot be read is a finding of its own.
                return False
            ends = np.append(rows.begin_s[1:], seen[-1].end_s)
            columns = Columns(np.zeros(len(ends), np.int64), rows.begin_s, ends, rows.units, rows.baseline)
            found = hours_of(columns)
            hours[:, found.hour % HOURS] = found.numbers
        made.append((number, day, hours))
    rollups.put_days(connection, made)
    return True
