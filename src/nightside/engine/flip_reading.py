"""A second reading of a few files of one collector: the records that made its flips, and the paths in them.

The log of a run knows when which session lost, gained or re-routed which prefix, and which element said so. It
knows neither the whole path nor the byte: these are read again, from the newest table before the first loss on.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.engine.collect import Collected
from nightside.engine.units import time_bounds
from nightside.model.elements import FLAG_LOCAL, FLAG_PATH_ID, Kind
from nightside.model.errors import NotMrtError, UnreadableError
from nightside.routing.flip_rows import TABLE_FLIP, FlipRows
from nightside.routing.held_paths import NO_PATH, ROOM_IN_BATCH, HeldPaths, Int32, Int64, PathBook
from nightside.routing.player import GAP_END, LOAD
from nightside.sources.layout import InputFile
from nightside.sources.local import Pieces
from nightside.wire.decoder import Decoder

Warn = Callable[[str], None]
NOWHERE = -1


@dataclass(frozen=True)
class Records:
    """For each flip, in its order, what stands in the record that made it."""

    path: Int32
    """Number of the new path in the book; of a loss, of the path that was lost. NO_PATH: not known."""
    file: Int32
    """Which of the collector's files; NOWHERE where no record says it."""
    offset: Int64
    """Of the record in the unpacked file; NOWHERE where none says it."""


class FlipReader:
    """Reads what is needed of the files of one collector (`number`, among the logs of a run)."""

    def __init__(
        self,
        collected: Collected,
        number: int,
        flips: FlipRows,
        prefixes: Int64,
        book: PathBook,
        margin_s: int,
        warn: Warn,
    ) -> None:
        """`flips` are the collector's; `prefixes` the numbers, ascending, of those they are of.

        Updates from `margin_s` before a table's entry may be newer than it.
        """
        self.log, self.reading = collected.logs[number], collected.readings[number]
        self.index, self.table, self.ways = collected.prefixes, collected.prefix_table, collected.ways
        self.flips, self.prefixes, self.book, self.warn = flips, prefixes, book, warn
        self.margin_s = margin_s
        self.used = {name for name, _sha256 in collected.inputs}
        self.found = Records(
            np.full(len(flips.second), NO_PATH, np.int32),
            np.full(len(flips.second), NOWHERE, np.int32),
            np.full(len(flips.second), NOWHERE, np.int64),
        )
        self.held = HeldPaths(len(self.log.peers) * len(prefixes))
        # By slot the path identifier of what was announced last.
        self.newest_id = np.full(len(self.log.peers) * len(prefixes), NOWHERE, np.int64)
        self.session_of = {peer: i for i, peer in enumerate(self.log.peers)}
        # Few elements are of these prefixes: a look at the first 24 bits of the address leaves little to find.
        self.near = np.zeros(1 << 24, bool)
        self.near[self.table.hi[prefixes] >> np.uint64(40)] = True
        self.slot = flips.session.astype(np.int64) * len(prefixes) + np.searchsorted(prefixes, flips.prefix)
        self.starts = np.array(self.reading.starts, np.int64)
        self.file_of = np.searchsorted(self.starts, flips.element, "right") - 1
        of_table = flips.kind == TABLE_FLIP
        self.by_table = np.flatnonzero(of_table)
        # In the order of the log, and so of the elements.
        self.by_update = np.flatnonzero(~of_table)
        self.done = 0
        self.gaps = np.unique(self.log.way[self.log.kind == GAP_END]).astype(np.int64)
        self.lost_since = np.zeros(len(flips.second), np.uint32)
        self.changed = 0

    def read(self) -> Records:
        """Read the files; what cannot be read any more is left unknown, and told."""
        decoder = Decoder()
        for number in self._needed():
            file = self.reading.files[number]
            self._gone_by_table(number)
            try:
                self._file(number, file, decoder)
            except (NotMrtError, UnreadableError) as error:
                # The first reading has told of those that it could not use; what has gone since is news.
                if file.name in self.used:
                    self.warn(f"{error.where}: {error.what}: the paths of its flips stay unknown")
        self._until(np.iinfo(np.int64).max)
        if self.changed:
            self.warn(f"{self.log.collector}: {self.changed} flips are not found again: were files changed?")
        self._forget_doubtful()
        return self.found

    def _needed(self) -> list[int]:
        """Which files are read: from the newest table before the first loss (else the first flip) to the last flip.

        Tables between are left out, but where one is news.
        """
        flips, files = self.flips, self.reading.files
        if not len(flips.second):
            return []
        first, last = int(self.file_of.min()), int(self.file_of.max())
        # What a table no longer holds was reached by a path that an earlier one tells.
        lost = (self.file_of - (flips.kind == TABLE_FLIP))[flips.after == 0]
        whole = [i for i, f in enumerate(files) if f.kind == "table" and len(lost) and i <= int(lost.min())]
        begin = min(first, max(whole, default=0)) if len(lost) else first
        news = set(self.file_of[self.by_table].tolist()) | set(self._loading().tolist()) | set(whole[-1:])
        return [i for i in range(begin, last + 1) if files[i].kind != "table" or i in news]

    def _loading(self) -> npt.NDArray[np.int64]:
        """The tables that sessions became known by."""
        tables = [i for i, f in enumerate(self.reading.files) if f.kind == "table"]
        seconds = np.unique(self.log.second[self.log.kind == LOAD]).tolist()
        nominal = [self.reading.files[i].nominal or 0 for i in tables]
        at = np.searchsorted(nominal, seconds, "right") - 1
        return np.unique(np.array(tables, np.int64)[at[at >= 0]]) if tables else np.empty(0, np.int64)

    def _file(self, number: int, file: InputFile, decoder: Decoder) -> None:
        try:
            if not stat.S_ISREG(file.path.stat().st_mode):
                raise UnreadableError("is no ordinary file and cannot be read twice", where=str(file.path))
        except OSError as error:
            raise UnreadableError(f"cannot be read again: {error.strerror}", where=str(file.path)) from None
        at = int(self.starts[number])
        decoder.start(str(file.path))
        for piece in Pieces(file.path):
            for columns in decoder.feed(piece):
                at = self._batch(columns, number, file, decoder, at)
        for columns in decoder.finish():
            at = self._batch(columns, number, file, decoder, at)

    def _batch(self, columns: Any, number: int, file: InputFile, decoder: Decoder, at: int) -> int:
        """Take the batch whose first element has the number `at`; returns that of the next."""
        self._until(at)
        n = int(columns.count)
        peers = decoder.peers
        session = np.array([self.session_of.get(p, NOWHERE) for p in peers], np.int64)[columns.peer[:n]]
        kind, seconds = columns.kind[:n], columns.time_us[:n] // 1_000_000
        flags = columns.flags[:n]
        theirs = (flags & FLAG_LOCAL) == 0
        rows, slot = self._ours(
            columns, theirs & ((kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)), session, seconds, file
        )
        path = self.book.numbers(columns, rows)
        route = kind[rows] == Kind.ROUTE
        if route.any():
            self._table(number, columns, rows[route], slot[route], path[route], seconds[rows[route]])
        said = ~route
        one_of_several = theirs & (kind == Kind.WITHDRAW) & ((flags & FLAG_PATH_ID) != 0)
        left, left_slot = self._ours(columns, one_of_several, session, seconds, file)
        left, left_slot = self._used(columns, rows[said], slot[said], left, left_slot)
        self.held.take(
            np.concatenate([slot[said], left_slot]),
            np.concatenate([rows[said], left]),
            np.concatenate([path[said], np.full(len(left), NO_PATH, np.int32)]),
            np.concatenate([seconds[rows[said]], seconds[left]]).astype(np.uint32),
        )
        mine = self._rows_until(at + n)
        element = self.flips.element[mine] - at
        itself = self.flips.itself[mine]
        gone = self.flips.after[mine] == 0
        self._lost(mine[gone], element[gone])
        same = (session[element] == self.flips.session[mine]) & (
            (one_of_several[element] & ~gone) | ((kind[element] == Kind.ANNOUNCE) != gone)
        )
        self.changed += int((itself & ~same).sum())
        told, where = mine[itself & same], element[itself & same]
        self.found.file[told] = number
        self.found.offset[told] = columns.record_offset[where]
        new = ~gone[itself & same]
        if new.any() and len(rows):
            place = np.minimum(np.searchsorted(rows, where[new]), len(rows) - 1)
            right = (rows[place] == where[new]) & (slot[place] == self.slot[told[new]])
            self.found.path[told[new][right]] = path[place[right]]
        return at + n

    def _used(
        self, columns: Any, rows: Int64, slot: Int64, left: Int64, left_slot: Int64
    ) -> tuple[Int64, Int64]:
        """Of the withdrawals of one of several paths (`left`) those of the newest announced, and their slots.

        By which path such a session goes on, its records do not say. `rows` are the announcements.
        """
        mine = np.where(columns.flags[rows] & FLAG_PATH_ID, columns.path_id[rows].astype(np.int64), NOWHERE)
        keys = (slot << ROOM_IN_BATCH) | rows
        order = np.argsort(keys)
        at = np.searchsorted(keys[order], (left_slot << ROOM_IN_BATCH) | left) - 1
        newest = self.newest_id[left_slot]
        if len(rows):
            before = order[np.maximum(at, 0)]
            newest = np.where((at >= 0) & (slot[before] == left_slot), mine[before], newest)
        # Of several to one place the last stays.
        self.newest_id[slot] = mine
        used = newest == columns.path_id[left]
        return left[used], left_slot[used]

    def _ours(
        self, columns: Any, which: npt.NDArray[np.bool_], session: Int64, seconds: Int64, file: InputFile
    ) -> tuple[Int64, Int64]:
        """Which of these elements are of one of the prefixes, and each one's slot."""
        n = columns.count
        earliest, latest = time_bounds(file.nominal, file.cadence_s)
        rows = np.flatnonzero(
            self.near[columns.prefix_hi[:n] >> np.uint64(40)]
            & which
            & (seconds >= earliest)
            & (seconds <= latest)
            & (session != NOWHERE)
        )
        ids = np.empty(len(rows), np.uint32)
        self.index.intern_batch(
            columns.prefix_hi[rows],
            columns.prefix_lo[rows],
            columns.prefix_len[rows],
            columns.family[rows],
            len(rows),
            ids,
        )
        place = np.minimum(np.searchsorted(self.prefixes, ids), len(self.prefixes) - 1)
        ours = self.prefixes[place] == ids
        return rows[ours], session[rows[ours]] * len(self.prefixes) + place[ours]

    def _gone_by_table(self, number: int) -> None:
        """The flips of what this table, if it is one, holds no more: they stand in no record of it."""
        mine = self.by_table[(self.file_of == number)[self.by_table]]
        gone = mine[self.flips.after[mine] == 0]
        self.found.file[gone] = number
        self.held.settle()
        self._lost(gone, np.zeros(len(gone), np.int64))

    def _table(
        self, number: int, columns: Any, rows: Int64, slot: Int64, path: Int32, seconds: Int64
    ) -> None:
        """The entries of a table: the paths by which sessions reach prefixes, and the flips that it made."""
        mine = self.by_table[(self.file_of == number)[self.by_table]]
        mine = mine[self.flips.after[mine] != 0]
        order = np.argsort(slot, kind="stable")
        # Of two entries for the same the later counts.
        place = np.searchsorted(slot[order], self.slot[mine], "right") - 1
        hit = (place >= 0) & (slot[order[place]] == self.slot[mine])
        entry = order[place[hit]]
        self.found.file[mine[hit]] = number
        self.found.offset[mine[hit]] = columns.record_offset[rows[entry]]
        self.found.path[mine[hit]] = path[entry]
        _path, since = self.held.before(slot, np.zeros(len(slot), np.int64))
        older = since.astype(np.int64) + self.margin_s <= seconds
        self.held.set(slot[older], path[older], seconds[older].astype(np.uint32))
        has_id = (columns.flags[rows[older]] & FLAG_PATH_ID) != 0
        self.newest_id[slot[older]] = np.where(has_id, columns.path_id[rows[older]].astype(np.int64), NOWHERE)

    def _rows_until(self, element: int) -> Int64:
        """The flips by updates, of those not taken yet, whose element has a lower number."""
        ahead = self.by_update[self.done :]
        count = int(np.searchsorted(self.flips.element[ahead], element, "left"))
        self.done += count
        return ahead[:count]

    def _until(self, element: int) -> None:
        """What happened between batches, or in files that are not read: gone, by no element of its own."""
        self.held.settle()
        mine = self._rows_until(element)
        self.changed += int(self.flips.itself[mine].sum())
        gone = mine[self.flips.after[mine] == 0]
        self._lost(gone, np.zeros(len(gone), np.int64))

    def _lost(self, mine: Int64, element: Int64) -> None:
        self._remember(mine, *self.held.before(self.slot[mine], element))

    def _remember(self, mine: Int64, path: Int32, since: npt.NDArray[np.uint32]) -> None:
        self.found.path[mine] = path
        self.lost_since[mine] = since

    def _forget_doubtful(self) -> None:
        """A path from before a gap may have changed unseen; one that is not of the way that was lost did."""
        mine = np.flatnonzero((self.flips.after == 0) & (self.found.path != NO_PATH))
        if not len(mine):
            return
        gap = np.append(self.gaps, np.iinfo(np.int64).max)[np.searchsorted(self.gaps, self.lost_since[mine])]
        origins, upstreams = self.book.ends()
        before, path = self.flips.before[mine], self.found.path[mine]
        other = (self.ways.origin[before] != origins[path]) | (self.ways.upstream[before] != upstreams[path])
        self.found.path[mine[(gap < self.flips.second[mine]) | other]] = NO_PATH
