"""Hours of signals: what each hour of an entity says in five numbers, and how a day of them is kept.

A day of one entity is one row of the table `rollup`: 24 hours of five numbers each, packed. Its key holds the
entity and the day, so that the days of an entity lie side by side.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nightside.store.catalogue import Connection, chunks, marks
from nightside.store.segments import NONE, Columns, Int64

if TYPE_CHECKING:
    import pyarrow as pa

HOUR_S = 3600
HOURS = 24
DAY_S = HOUR_S * HOURS
_DAY_BITS = 20
_LAST_DAY = (1 << _DAY_BITS) - 1
_NOT_STORED = -1
"""As `known_s`: no samples in this hour."""

LOWEST, HIGHEST, BASELINE, KNOWN_S, UNIT_SECONDS = range(5)
"""The five numbers of an hour. `UNIT_SECONDS` is the sum of units over the known seconds."""

Day = npt.NDArray[np.int64]
"""Five numbers by 24 hours."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours with samples: of which signal, which hour since the epoch, and their five numbers (5 by n)."""

    signal: Int64
    hour: Int64
    numbers: npt.NDArray[np.int64]


def hours_of(columns: Columns) -> Hours:
    """The hours of the signals, in the order of signal and time."""
    first = columns.begin_s // HOUR_S
    count = (columns.end_s - 1) // HOUR_S - first + 1
    row = np.repeat(np.arange(len(count)), count)
    hour = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    lasts = np.minimum(columns.end_s[row], (hour + 1) * HOUR_S) - np.maximum(
        columns.begin_s[row], hour * HOUR_S
    )
    units, baseline, signal = columns.units[row], columns.baseline[row], columns.signal[row]
    known = units != NONE
    starts = np.flatnonzero((np.diff(hour, prepend=-1) != 0) | (np.diff(signal, prepend=-1) != 0))
    lowest = np.minimum.reduceat(np.where(known, units, np.iinfo(np.int64).max), starts)
    highest = np.maximum.reduceat(np.where(known, units, NONE), starts)
    # The place of the last row with a baseline, of each hour.
    told = np.maximum.reduceat(np.where(baseline != NONE, np.arange(len(row)), -1), starts)
    numbers = np.stack(
        (
            np.where(highest == NONE, NONE, lowest),
            highest,
            np.where(told < 0, NONE, baseline[told]),
            np.add.reduceat(np.where(known, lasts, 0), starts),
            np.add.reduceat(np.where(known, units * lasts, 0), starts),
        )
    )
    return Hours(signal[starts], hour[starts], numbers)


def empty_day() -> Day:
    """A day without samples."""
    return np.full((5, HOURS), _NOT_STORED, np.int64)


def packed(day: Day) -> bytes:
    """The day as bytes."""
    return zlib.compress(day.astype("<i8").tobytes(), 1)


def unpacked(data: bytes) -> Day:
    """The inverse of `packed`."""
    return np.frombuffer(zlib.decompress(data), "<i8").reshape(5, HOURS)


def days_of(connection: Connection, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Day]:
    """Single days, by entity and day (since the epoch), to be changed and put again."""
    found = {place: empty_day() for place in wanted}
    for some in chunks([key(*place) for place in found]):
        rows = connection.execute(
            f"SELECT entity_day, hours FROM rollup WHERE entity_day IN ({marks(some)})", some
        )
        for number, data in rows:
            found[number >> _DAY_BITS, number & _LAST_DAY] = unpacked(data).copy()
    return found


def days(connection: Connection, entity: int, first_day: int, last_day: int) -> list[tuple[int, bytes]]:
    """The days (since the epoch, packed) of an entity that are stored, both ends included, in order."""
    rows = connection.execute(
        "SELECT entity_day, hours FROM rollup WHERE entity_day BETWEEN ? AND ? ORDER BY entity_day",
        (key(entity, first_day), key(entity, last_day)),
    )
    return [(key & _LAST_DAY, data) for key, data in rows]


def days_within(connection: Connection, entity: int, begin: int, end: int) -> list[tuple[int, bytes]]:
    """The days of an entity that overlap [begin, end) in seconds."""
    last = min((end - 1) // DAY_S, _LAST_DAY)
    return days(connection, entity, min(max(begin // DAY_S, 0), _LAST_DAY), last)


def put_days(connection: Connection, found: Iterable[tuple[int, int, Day]]) -> None:
    """Store days as (entity, day since the epoch, day), in place of what there was."""
    connection.executemany(
        "INSERT INTO rollup (entity_day, hours) VALUES (?, ?) "
        "ON CONFLICT (entity_day) DO UPDATE SET hours = excluded.hours",
        ((key(entity, day), packed(hours)) for entity, day, hours in found),
    )


def key(entity: int, day: int) -> int:
    """Of one day (since the epoch) of an entity in the table."""
    return entity << _DAY_BITS | day


def table_of(found: list[tuple[int, bytes]], begin: int, end: int) -> pa.Table:
    """The hours that overlap [begin, end) in the shape of `Store.rollup`."""
    import pyarrow as pa

    first, last = begin // HOUR_S, -(-end // HOUR_S)
    numbers = np.full((5, 0), 0, np.int64)
    hour = np.array([], np.int64)
    if found and begin < end:
        first_day, last_day = found[0][0], found[-1][0]
        numbers = np.full((5, HOURS * (last_day - first_day + 1)), _NOT_STORED, np.int64)
        for day, data in found:
            at = HOURS * (day - first_day)
            numbers[:, at : at + HOURS] = unpacked(data)
        hour = HOURS * first_day + np.arange(numbers.shape[1])
        stored = np.flatnonzero((numbers[KNOWN_S] != _NOT_STORED) & (hour >= first) & (hour < last))
        inside = slice(stored[0], stored[-1] + 1) if len(stored) else slice(0, 0)
        numbers, hour = numbers[:, inside], hour[inside]
    known_s = np.maximum(numbers[KNOWN_S], 0)
    unknown = known_s == 0
    mean = numbers[UNIT_SECONDS] / np.maximum(known_s, 1)
    return pa.table(
        {
            "time": pa.array(hour * HOUR_S).cast(pa.timestamp("s", tz="UTC")),
            "lowest": pa.array(numbers[LOWEST], mask=unknown),
            "mean": pa.array(mean, mask=unknown),
            "highest": pa.array(numbers[HIGHEST], mask=unknown),
            "baseline": pa.array(numbers[BASELINE], mask=numbers[BASELINE] == NONE),
            "unknown_s": pa.array(HOUR_S - known_s),
        }
    )
