"""Rows of one collector, before and after they become columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nightside.model.elements import Kind
from nightside.scenes.ground import GONE, STRIDE, Ground
from nightside.scenes.pieces import MOST_ROWS, BlockColumns


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """What sessions say; `value` is the route told, or of a change of state the old one times 16 plus the new."""

    second: NDArray[np.int64]
    place: NDArray[np.uint32]
    """The session, by its place at the collector."""
    prefix: NDArray[np.int64]
    kind: NDArray[np.uint8]
    value: NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        second: NDArray[np.int64],
        place: int,
        prefix: NDArray[np.int64],
        value: NDArray[np.uint8],
        kind: Kind | None = None,
    ) -> Rows:
        """Rows of one session; without a kind they announce or withdraw, as the value says."""
        n = len(second)
        if kind is None:
            kinds = np.where(value == GONE, np.uint8(Kind.WITHDRAW), np.uint8(Kind.ANNOUNCE))
        else:
            kinds = np.full(n, kind, np.uint8)
        return cls(second, np.full(n, place, np.uint32), prefix, kinds, value)

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """One after the other."""
        return cls(
            np.concatenate([np.empty(0, np.int64), *(p.second for p in parts)]),
            np.concatenate([np.empty(0, np.uint32), *(p.place for p in parts)]),
            np.concatenate([np.empty(0, np.int64), *(p.prefix for p in parts)]),
            np.concatenate([np.empty(0, np.uint8), *(p.kind for p in parts)]),
            np.concatenate([np.empty(0, np.uint8), *(p.value for p in parts)]),
        )

    def take(self, which: NDArray[np.generic] | slice) -> Rows:
        """Some of the rows."""
        return Rows(
            self.second[which], self.place[which], self.prefix[which], self.kind[which], self.value[which]
        )


class Columnist:
    """Turns rows into columns for one collector; what is the same everywhere is shared by all of them."""

    def __init__(self, ground: Ground, asns: list[int]) -> None:
        self._ground = ground
        self._paths = ground.paths(asns)
        self._ways = len(ground.way_origin)
        self._zero8 = np.zeros(MOST_ROWS, np.uint8)
        self._zero32 = np.zeros(MOST_ROWS, np.uint32)
        self._zero64 = np.zeros(MOST_ROWS, np.uint64)
        self._no_offset = np.full(MOST_ROWS, -1, np.int64)
        self._four = np.full(MOST_ROWS, 4, np.uint8)
        self._route = np.full(MOST_ROWS, Kind.ROUTE, np.uint8)
        for array in (
            self._zero8,
            self._zero32,
            self._zero64,
            self._no_offset,
            self._four,
            self._route,
            self._paths,
        ):
            array.flags.writeable = False

    def table(
        self, place: NDArray[np.uint32], prefix: NDArray[np.int64], value: NDArray[np.uint8]
    ) -> BlockColumns:
        """Rows of a table whose time is not known yet, at most MOST_ROWS."""
        n = len(place)
        zero8 = self._zero8[:n]
        return self._columns(
            self._no_offset[:n], self._route[:n], place, prefix, value, self._four[:n], zero8, zero8
        )

    def in_table(self, cells: BlockColumns, second: int) -> BlockColumns:
        """Cells of a table with what is the same in all of them, written in one second."""
        n = cells.count
        return replace(
            cells,
            time_us=np.full(n, second * 1_000_000, np.int64),
            kind=self._route[:n],
            flags=self._zero8[:n],
            family=self._four[:n],
            prefix_lo=self._zero64[:n],
            attr_offset=self._no_offset[:n],
            attr_length=self._zero32[:n],
            record_offset=self._no_offset[:n],
            old_state=self._zero8[:n],
            new_state=self._zero8[:n],
            path_id=self._zero32[:n],
        )

    def updates(self, rows: Rows, stamps: NDArray[np.int64]) -> BlockColumns:
        """Rows of a file of updates, at most MOST_ROWS, with the collector's stamps."""
        n = len(rows.second)
        state = rows.kind == Kind.STATE
        if not state.any() and not (rows.kind == Kind.END_OF_RIB).any():
            zero8 = self._zero8[:n]
            return self._columns(
                stamps * 1_000_000,
                rows.kind,
                rows.place,
                rows.prefix,
                rows.value,
                self._four[:n],
                zero8,
                zero8,
            )
        found = self._columns(
            stamps * 1_000_000,
            rows.kind,
            rows.place,
            rows.prefix,
            rows.value,
            np.where(state, np.uint8(0), np.uint8(4)),
            np.where(state, rows.value >> 4, np.uint8(0)),
            np.where(state, rows.value & 15, np.uint8(0)),
        )
        about_session = np.flatnonzero(state | (rows.kind == Kind.END_OF_RIB))
        for column in (found.prefix_hi, found.prefix_len, found.prefix_index):
            column[about_session] = 0
        return found

    def _columns(
        self,
        time_us: NDArray[np.int64],
        kind: NDArray[np.uint8],
        place: NDArray[np.uint32],
        prefix: NDArray[np.int64],
        value: NDArray[np.uint8],
        family: NDArray[np.uint8],
        old: NDArray[np.uint8],
        new: NDArray[np.uint8],
    ) -> BlockColumns:
        ground, n = self._ground, len(time_us)
        silent = (kind != Kind.ROUTE) & (kind != Kind.ANNOUNCE)
        way = ground.way(prefix, value if not silent.any() else np.where(silent, np.uint8(GONE), value))
        origin, upstream, length = ground.way_origin[way], ground.way_upstream[way], ground.way_length[way]
        start = ((place * np.int64(self._ways) + way) * STRIDE).astype(np.uint32)
        if silent.any():
            for column in (origin, upstream, length, start):
                column[silent] = 0
        return BlockColumns(
            count=n,
            time_us=time_us,
            kind=kind,
            flags=self._zero8[:n],
            peer=place,
            family=family,
            prefix_hi=ground.hi[prefix],
            prefix_lo=self._zero64[:n],
            prefix_len=ground.length[prefix],
            origin=origin,
            upstream=upstream,
            path_start=start,
            path_count=length,
            paths=self._paths,
            attr_offset=self._no_offset[:n],
            attr_length=self._zero32[:n],
            record_offset=self._no_offset[:n],
            old_state=old,
            new_state=new,
            path_id=self._zero32[:n],
            prefix_index=prefix.astype(np.uint32),
        )
