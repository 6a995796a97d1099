"""Samples read: which pieces answer for which time, and their change points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nightside.store.catalogue import Connection, chunks, marks
from nightside.store.segment_reader import SegmentReader
from nightside.store.segments import NONE, Int64, resolution_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of one segment, and the time [begin_s, end_s) for which they answer."""

    begin_s: int
    end_s: int
    segment: str
    row_group: int
    first_row: int
    row_count: int


@dataclass(frozen=True, slots=True)
class Points:
    """Change points of one entity: each row holds until the next."""

    begin_s: Int64
    units: Int64
    """NONE where unknown."""
    baseline: Int64
    """NONE where not known."""
    resolution_s: Int64
    """1, or for how long at most a row may stand for the mean of what was."""


def held(connection: Connection, entity: int, begin: int, end: int) -> list[Held]:
    """The pieces of an entity that overlap [begin, end), in the order of writing."""
    rows = connection.execute(
        "SELECT begin_s, end_s, name, row_group, first_row, row_count FROM piece "
        "JOIN segment ON segment.number = segment "
        "WHERE entity = ? AND begin_s < ? AND end_s > ? ORDER BY written, part",
        (entity, end, begin),
    )
    return [Held(*row) for row in rows]


def held_of(connection: Connection, entities: Sequence[int], begin: int, end: int) -> dict[int, list[Held]]:
    """`held` of several, by entity; who has nothing there is left out."""
    found: dict[int, list[Held]] = {}
    for some in chunks(entities):
        rows = connection.execute(
            "SELECT entity, begin_s, end_s, name, row_group, first_row, row_count FROM piece "
            "JOIN segment ON segment.number = segment "
            f"WHERE entity IN ({marks(some)}) AND begin_s < ? AND end_s > ? ORDER BY written, part",
            (*some, end, begin),
        )
        for entity, *row in rows:
            found.setdefault(entity, []).append(Held(*row))
    return found


def visible(pieces: Sequence[Held], begin: int, end: int) -> list[Held]:
    """Which part of [begin, end) each piece answers for, in the order of time.

    `pieces` are in the order of writing; where two overlap, the later counts.
    """
    found: list[Held] = []
    free = [(begin, end)]
    for p in reversed(pieces):
        left: list[tuple[int, int]] = []
        for a, b in free:
            first, last = max(a, p.begin_s), min(b, p.end_s)
            if first >= last:
                left.append((a, b))
                continue
            found.append(Held(first, last, p.segment, p.row_group, p.first_row, p.row_count))
            left += [(x, y) for x, y in ((a, first), (last, b)) if x < y]
        free = left
    return sorted(found, key=lambda p: p.begin_s)


def read(reader: SegmentReader, pieces: Sequence[Held], end: int) -> Points:
    """The change points of visible pieces up to `end`; what lies between them is unknown."""
    if not pieces:
        return Points(_NOTHING, _NOTHING, _NOTHING, _NOTHING)
    times: list[Int64] = []
    units: list[Int64] = []
    baselines: list[Int64] = []
    resolutions: list[tuple[int, int]] = []
    """Each with how many rows have it."""
    following = [*(p.begin_s for p in pieces[1:]), end]
    for piece, then in zip(pieces, following, strict=True):
        rows = reader.row_group(piece.segment, piece.row_group).part(piece.first_row, piece.row_count)
        first = int(np.searchsorted(rows.begin_s, piece.begin_s, side="right")) - 1
        last = int(np.searchsorted(rows.begin_s, piece.end_s, side="left"))
        time = rows.begin_s[first:last].copy()
        time[0] = piece.begin_s
        times.append(time)
        units.append(rows.units[first:last])
        baselines.append(rows.baseline[first:last])
        resolutions.append((resolution_of(piece.segment), last - first))
        if piece.end_s < then:
            times.append(np.array([piece.end_s]))
            units.append(_ONE_NONE)
            baselines.append(_ONE_NONE)
            resolutions.append((1, 1))
    time, value, baseline = np.concatenate(times), np.concatenate(units), np.concatenate(baselines)
    new = np.ones(len(time), bool)
    new[1:] = (value[1:] != value[:-1]) | (baseline[1:] != baseline[:-1])
    if all(resolution == 1 for resolution, _count in resolutions):
        rows_left = int(np.count_nonzero(new))
        return Points(time[new], value[new], baseline[new], np.ones(rows_left, np.int64))
    # What is unknown is so to the second, however coarse that is which is known.
    coarse = np.repeat(*np.array(resolutions).T)
    resolution = np.where(value == NONE, 1, coarse)
    new[1:] |= resolution[1:] != resolution[:-1]
    return Points(time[new], value[new], baseline[new], resolution[new])


_NOTHING = np.array([], np.int64)
_ONE_NONE = np.array([NONE], np.int64)


def table_of(rows: Points) -> pa.Table:
    """The change points in the shape of `Store.samples`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    unknown = rows.units == NONE
    return pa.table(
        {
            "time": pa.array(rows.begin_s).cast(pa.timestamp("s", tz="UTC")),
            "units": pa.array(rows.units, mask=unknown),
            "quality": pc.if_else(pa.array(unknown), "unknown", "known"),
            "baseline": pa.array(rows.baseline, mask=rows.baseline == NONE),
            "resolution_s": pa.array(rows.resolution_s, pa.int64()),
        }
    )
