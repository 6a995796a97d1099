"""Many collectors, each read by itself with numbers of its own for prefixes and ways, under numbers that all share.

A prefix, or a way, has the number in whose order it came first: in the first collector that names it, behind all that
the collectors before name. That is how one index numbers them when the collectors are read into it in this order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.log import EVENT_KINDS, EventLog
from nightside.routing.observation import WayTable
from nightside.routing.places import Places
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import NO_ASN
from nightside.routing.whole import Whole

KNOWN = EVENT_KINDS["KNOWN"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Numbers:
    """Of one collector: by its own number of a prefix, or of a way, the number that all share."""

    prefix: UInt32
    way: UInt32
    """Way 0, no route, is everybody's 0."""
    same: bool
    """Its own numbers are the shared ones, as the first collector's are: nothing is copied then."""

    def events(self, kind: UInt8, prefix: UInt32, way: UInt32) -> tuple[UInt32, UInt32]:
        """The prefixes and ways of a log's events; what events from KNOWN on say instead stays."""
        if self.same:
            return prefix, way
        said = np.flatnonzero(kind >= KNOWN)
        shared_prefix, shared_way = prefix.copy(), way.copy()
        shared_prefix[said] = shared_way[said] = 0
        shared_prefix, shared_way = self.prefix[shared_prefix], self.way[shared_way]
        shared_prefix[said], shared_way[said] = prefix[said], way[said]
        return shared_prefix, shared_way

    def row(self, ways: UInt32) -> UInt32:
        """Ways by prefix: the same row by shared numbers, as long as it must be."""
        if self.same:
            return ways
        mine = self.prefix[: len(ways)]
        shared = np.zeros(int(mine.max()) + 1 if len(mine) else 0, np.uint32)
        shared[mine] = self.way[ways]
        return shared

    def whole(self, ways: Whole) -> Whole:
        """The same of a whole table."""
        return ways if self.same else Whole(self.row(np.asarray(ways)))


class Numbering:
    """The shared numbers: add one collector after the other, in a stated order."""

    def __init__(self) -> None:
        self.prefixes = PrefixIndex()
        # Three numbers of 32 bits fit where an address does. Way 0 stands before them and is not in it.
        self._ways = PrefixIndex()

    def add(self, prefixes: PrefixIndex, ways: WayTable) -> Numbers:
        """Number what is new of a collector's prefixes and ways."""
        prefix = np.empty(prefixes.count, np.uint32)
        self.prefixes.intern_batch(*prefixes.columns(), prefixes.count, prefix)
        count = len(ways.origin) - 1
        ends = ways.origin[1:].astype(np.uint64) << np.uint64(32) | ways.upstream[1:]
        way = np.zeros(count + 1, np.uint32)
        length, family = np.zeros(count, np.uint8), np.ones(count, np.uint8)
        self._ways.intern_batch(ends, ways.border[1:].astype(np.uint64), length, family, count, way[1:])
        way[1:] += 1
        return Numbers(prefix, way, _counts_up(prefix) and _counts_up(way))

    def ways(self) -> WayTable:
        """All ways by their shared numbers."""
        ends, border, _length, _family = self._ways.columns()
        none = np.array([NO_ASN], np.uint32)
        columns = ((ends >> np.uint64(32)), ends & np.uint64(NO_ASN), border)
        return WayTable(*(np.concatenate([none, column.astype(np.uint32)]) for column in columns))


def _counts_up(numbers: UInt32) -> bool:
    return bool(np.array_equal(numbers, np.arange(len(numbers), dtype=np.uint32)))


class PlacedLog:
    """A collector's log as it was written, with the place of each event, asked by shared numbers."""

    def __init__(self, log: EventLog, places: Places, numbers: Numbers) -> None:
        self.log, self.places, self.numbers = log, places, numbers

    def about(self, wanted: UInt8) -> tuple[UInt32, UInt8, UInt32, UInt32, UInt32, Int64, UInt8]:
        """As `routing.places.Places.about`."""
        mine = wanted[self.numbers.prefix]
        second, kind, session, prefix, way, element, itself = self.places.about(self.log, mine)
        prefix, way = self.numbers.events(kind, prefix, way)
        return second, kind, session, prefix, way, element, itself


class LastTable:
    """What a collector's sessions hold at the end of its input, asked by shared numbers."""

    def __init__(self, table: CollectorTable, numbers: Numbers) -> None:
        self.table, self.numbers = table, numbers
        self.n_peers: int = table.n_peers

    def standing(self, peer: int, family: int) -> str:
        """As `CollectorTable.standing`."""
        found: str = self.table.standing(peer, family)
        return found

    def held_routes(self, peer: int, family: int) -> int:
        """As `CollectorTable.held_routes`."""
        found: int = self.table.held_routes(peer, family)
        return found

    def routes(self, peer: int, ids: UInt32) -> UInt32:
        """The way of each of these prefixes at one peer (0: no route)."""
        own = np.arange(len(self.numbers.prefix), dtype=np.uint32)
        row = self.numbers.row(self.table.routes(peer, own))
        found = np.zeros(len(ids), np.uint32)
        inside = ids < len(row)
        found[inside] = row[ids[inside]]
        return found
