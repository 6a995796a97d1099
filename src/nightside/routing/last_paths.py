"""By which AS path each peer last reached each prefix, beside a state that keeps no paths."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import FLAG_LOCAL, Columns, Kind
from nightside.routing.collector_log import UInt32
from nightside.routing.held_paths import NO_PATH, Int32, Int64, PathBook
from nightside.routing.observation import WayTable
from nightside.routing.prefixes import PrefixIndex

Wanted = Callable[[Any, Any, Any, Any], npt.NDArray[np.bool_]]
"""Which prefixes matter, by the halves of their addresses, their lengths and families."""


class LastPaths:
    """Hears one collector's batches in their order. Four bytes for each peer and prefix that matters."""

    def __init__(self, book: PathBook, margin_s: int, wanted: Wanted | None = None) -> None:
        """What an update said from `margin_s` before a table's entry on may be newer than it, and stays."""
        self.book, self.margin_s, self.wanted = book, margin_s, wanted
        self._prefixes = PrefixIndex()
        self._number = np.zeros((0, 0), np.int32)
        """By peer and prefix the number of the path, counted from 1; 0: none."""
        self._updates: list[tuple[Int64, Int64]] = []
        """(second, peer and prefix as one number) of what updates said of late."""

    def hear(self, columns: Columns, earliest_s: int, latest_s: int) -> None:
        """The next batch, of which elements from `earliest_s` to `latest_s` count."""
        n = columns.count
        kind, seconds = columns.kind[:n], columns.time_us[:n] // 1_000_000
        counts = ((kind == Kind.ANNOUNCE) | (kind == Kind.ROUTE)) & ((columns.flags[:n] & FLAG_LOCAL) == 0)
        counts &= (seconds >= earliest_s) & (seconds <= latest_s)
        if self.wanted is not None:
            counts &= self.wanted(
                columns.prefix_hi[:n], columns.prefix_lo[:n], columns.prefix_len[:n], columns.family[:n]
            )
        rows = np.flatnonzero(counts)
        if not len(rows):
            return
        ids = np.empty(len(rows), np.uint32)
        self._prefixes.intern_batch(
            columns.prefix_hi[rows],
            columns.prefix_lo[rows],
            columns.prefix_len[rows],
            columns.family[rows],
            len(rows),
            ids,
        )
        peer = columns.peer[rows]
        self._make_room(int(peer.max()) + 1)
        pair, told = (peer.astype(np.int64) << 32) | ids, seconds[rows]
        route = kind[rows] == Kind.ROUTE
        stands = ~route
        if route.any():
            stands |= ~np.isin(pair, self._newer_than(int(told[route].min())))
        if not route.all():
            self._note(told[~route], pair[~route])
        # Of two for the same pair the later one stays.
        self._number[peer[stands], ids[stands]] = self.book.numbers(columns, rows[stands]) + 1

    def paths(self, peer: int, prefixes: tuple[Any, ...], way: UInt32, ways: WayTable) -> Int32:
        """The number in the book of the path to each prefix (columns as of `PrefixIndex`) that a peer reaches so.

        To be asked when everything has been heard.
        NO_PATH where none was heard, or the last one heard does not end as the way does: then it was not that.
        """
        count = len(way)
        found = np.full(count, NO_PATH, np.int32)
        if not count or peer >= len(self._number):
            return found
        ids = np.empty(count, np.uint32)
        known = self._prefixes.count
        high, low, length, family = prefixes
        self._prefixes.intern_batch(high, low, length, family, count, ids)
        inside = ids < known
        found[inside] = self._number[peer, ids[inside]] - 1
        there = np.flatnonzero(found != NO_PATH)
        origin, upstream = self._ends
        path, held = found[there], way[there]
        other = (origin[path] != ways.origin[held]) | (upstream[path] != ways.upstream[held])
        found[there[other]] = NO_PATH
        return found

    @cached_property
    def _ends(self) -> tuple[UInt32, UInt32]:
        """As `PathBook.ends`, once for all peers: everything has been heard by then."""
        return self.book.ends()

    def _newer_than(self, table_s: int) -> Int64:
        """The pairs of which an update may be newer than a table of this second."""
        recent = [pair[told + self.margin_s > table_s] for told, pair in self._updates]
        return np.concatenate(recent) if recent else np.empty(0, np.int64)

    def _note(self, told: Int64, pair: Int64) -> None:
        """What updates said; what is older than the margin can be forgotten."""
        self._updates.append((told, pair))
        oldest = int(told.min()) - self.margin_s
        while int(self._updates[0][0].max()) < oldest:
            self._updates.pop(0)

    def _make_room(self, peers: int) -> None:
        rows, room = self._number.shape
        count = self._prefixes.count
        if peers <= rows and count <= room:
            return
        grown = np.zeros((max(peers, rows), count + count // 2 if count > room else room), np.int32)
        grown[:rows, :room] = self._number
        self._number = grown
