"""A block of the benchmark to collector logs: what `engine.collect` does with files, done with columns in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nightside.engine.collect import Collected
from nightside.engine.units import collector_table, time_bounds
from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.observation import PrefixTable, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex
from nightside.scenes.benchmark import Block, BlockColumns, MissingPiece, Piece, TablePiece, UpdatesPiece
from nightside.world.snapshot import Snapshot
from nightside.world.units import prefix_country

RIS_CADENCE_S = 300

Gap = tuple[int, int]


class Listener(Protocol):
    """Somebody else who hears the same: a reference rule."""

    def table(self, collector: int, columns: BlockColumns, earliest_s: int, latest_s: int) -> None:
        """Rows of a table."""

    def table_done(self, collector: int) -> None:
        """The table is whole."""

    def updates(self, collector: int, columns: BlockColumns, earliest_s: int, latest_s: int) -> None:
        """Rows of updates, in the order of time."""


def hear(
    block: Block, snapshot: Snapshot, settings: Settings, listeners: tuple[Listener, ...], *, as_live: bool
) -> Collected:
    """All collectors of a block, one after the other.

    `as_live`: what stands in a late file is heard when the file is there, and so is all that follows it.
    """
    prefixes = PrefixIndex()
    hi, length = block.prefixes()
    zeros, four = np.zeros(len(hi), np.uint64), np.full(len(hi), 4, np.uint8)
    numbers = np.empty(len(hi), np.uint32)
    prefixes.intern_batch(hi, zeros, length, four, len(hi), numbers)
    if prefixes.count != len(hi):
        raise ValueError("a prefix stands twice in the block")
    ways = WayIndex(snapshot.asn_numbers, snapshot.asn_codes.astype(np.uint16))
    country = prefix_country(snapshot, hi, length, four)
    read: list[tuple[int, CollectorTable, list[Gap], int]] = []
    first_second = block.end
    for number, name in enumerate(block.collectors):
        table = collector_table(prefixes, ways, settings)
        ear = _Ear(table, number, len(block.sessions[number]), country, listeners)
        pieces = block.stream(name)
        ear.hear(_in_order_of_arrival(pieces) if as_live else pieces)
        table.close(ear.end)
        read.append((number, table, ear.gaps, ear.end))
        first_second = min(first_second, ear.first_second or block.end)
    last = max(end for *_rest, end in read)
    logs = []
    for number, table, gaps, end in read:
        table.gap(end, last)
        logs.append(CollectorLog.of(block.collectors[number], list(block.sessions[number]), table, gaps))
    return Collected(
        logs=logs,
        prefixes=prefixes,
        prefix_table=PrefixTable(hi, zeros, length, four, country),
        ways=WayTable(*ways.columns()),
        inputs=[],
        readings=[],
        first_second=first_second,
        end=last,
    )


class _Ear:
    """Hears one collector."""

    def __init__(
        self,
        table: CollectorTable,
        collector: int,
        n_peers: int,
        country: npt.NDArray[np.uint16],
        listeners: tuple[Listener, ...],
    ) -> None:
        self.state, self.collector, self.n_peers = table, collector, n_peers
        self.country, self.listeners = country, listeners
        self.gaps: list[Gap] = []
        self.end = 0
        self.first_second: int | None = None
        self.seen_updates = False

    def hear(self, pieces: Iterator[Piece]) -> None:
        """All pieces; neighbouring missing files are one gap, those after the last file are none."""
        missing: Gap | None = None
        waiting: list[TablePiece] = []
        for piece in pieces:
            if isinstance(piece, MissingPiece):
                if self.seen_updates:
                    begin = missing[0] if missing else piece.nominal
                    missing = (begin, piece.nominal + piece.cadence_s)
            elif isinstance(piece, TablePiece) and missing:
                # Whether the gap goes on behind the table shows only with the next file of updates.
                waiting.append(piece)
            else:
                if missing:
                    self.state.gap(*missing)
                    self.gaps.append(missing)
                    missing = None
                for table in waiting:
                    self._table(table)
                waiting = []
                if isinstance(piece, TablePiece):
                    self._table(piece)
                else:
                    self._updates(piece)
        for table in waiting:
            self._table(table)

    def _table(self, piece: TablePiece) -> None:
        earliest, latest = time_bounds(piece.nominal, RIS_CADENCE_S)
        self._apply(piece.columns, earliest, latest)
        for listener in self.listeners:
            listener.table(self.collector, piece.columns, earliest, latest)
        if piece.last:
            self.state.table_done(False)
            for listener in self.listeners:
                listener.table_done(self.collector)

    def _updates(self, piece: UpdatesPiece) -> None:
        self.seen_updates = True
        earliest, latest = time_bounds(piece.nominal, piece.cadence_s)
        self._apply(piece.columns, earliest, latest)
        self.end = max(self.end, piece.nominal + piece.cadence_s)
        for listener in self.listeners:
            listener.updates(self.collector, piece.columns, earliest, latest)

    def _apply(self, columns: BlockColumns, earliest: int, latest: int) -> None:
        if columns.count == 0:
            return
        ids = np.require(columns.prefix_index, np.uint32, ["C", "W"])
        self.state.apply(columns, ids, self.country, self.n_peers, earliest, latest)
        seconds = columns.time_us // 1_000_000
        seconds = seconds[(seconds >= earliest) & (seconds <= latest)]
        if len(seconds):
            first, last = int(seconds.min()), int(seconds.max())
            self.first_second = first if self.first_second is None else min(first, self.first_second)
            self.end = max(self.end, last + 1)


def _in_order_of_arrival(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The same with every element at the time at which somebody who reads files in their order has it."""
    released = 0
    for piece in pieces:
        if isinstance(piece, UpdatesPiece):
            if piece.late_s > 0:
                released = max(released, piece.nominal + piece.cadence_s + piece.late_s)
            at = np.maximum(piece.columns.time_us, released * 1_000_000)
            yield replace(piece, columns=replace(piece.columns, time_us=at))
        else:
            yield piece
