"""Many collectors, each read by itself with numbers of its own for prefixes and ways, under numbers that all share.

A prefix, or a way, has the number in whose order it came first: in the first collector that names it, behind all that
the collectors before name. That is how one index numbers them when the collectors are read into it in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.log import EVENT_KINDS, EventLog
from nightside.routing.observation import WayTable
from nightside.routing.places import Places
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import NO_ASN
from nightside.routing.whole import BLOCK, Whole

KNOWN = EVENT_KINDS["KNOWN"]
NONE = 0xFFFFFFFF

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
        if self.same or not len(self.prefix):
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
        return ways if self.same else _RenumberedWhole(ways, self)

    @cached_property
    def own(self) -> UInt32:
        """By shared number of a prefix the collector's own; NONE where it has none."""
        own = np.full(int(self.prefix.max()) + 1 if len(self.prefix) else 0, NONE, np.uint32)
        own[self.prefix] = np.arange(len(self.prefix), dtype=np.uint32)
        return own


class _RenumberedWhole(Whole):
    """A whole table by shared numbers. It stays packed as it came: packing it anew costs as much as reading it."""

    in_blocks = False

    def __init__(self, whole: Whole, numbers: Numbers) -> None:
        self._whole, self._numbers, self.lists = whole, numbers, whole.lists
        mine = numbers.prefix[: len(whole)]
        self._count = int(mine.max()) + 1 if len(mine) else 0

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> UInt32:
        ways = self._numbers.row(np.asarray(self._whole))
        return ways if dtype is None else ways.astype(dtype, copy=False)

    def block(self, number: int) -> UInt32:
        """As `Whole.block`."""
        return np.asarray(self)[number * BLOCK : (number + 1) * BLOCK]

    def __getitem__(self, which: Any) -> Any:
        if not isinstance(which, np.ndarray) or which.dtype == bool:
            return np.asarray(self)[which]
        if len(which) and not 0 <= int(which.min()) <= int(which.max()) < self._count:
            raise IndexError(f"a prefix that is not among {self._count}")
        own = self._numbers.own[which]
        there = own < len(self._whole)
        found = np.zeros(len(which), np.uint32)
        found[there] = self._numbers.way[self._whole[own[there]]]
        return found


class Numbering:
    """The shared numbers: add one collector after the other, in a stated order."""

    def __init__(self) -> None:
        self._begun = False
        self._alone: tuple[PrefixIndex, WayTable] | None = None
        """The first collector's, as long as there is no other: the shared numbers are its own."""
        self._prefixes = PrefixIndex()
        # Three numbers of 32 bits fit where an address does. Way 0 stands before them and is not in it.
        self._ways = PrefixIndex()

    @property
    def prefixes(self) -> PrefixIndex:
        """All prefixes by their shared numbers; not to be changed."""
        return self._alone[0] if self._alone else self._prefixes

    def add(self, prefixes: PrefixIndex, ways: WayTable) -> Numbers:
        """Number what is new of a collector's prefixes and ways."""
        if not self._begun:
            self._begun, self._alone = True, (prefixes, ways)
            return Numbers(_counting(prefixes.count), _counting(len(ways.origin)), True)
        if self._alone is not None:
            first, self._alone = self._alone, None
            self._number(*first)
        return self._number(prefixes, ways)

    def _number(self, prefixes: PrefixIndex, ways: WayTable) -> Numbers:
        prefix = np.empty(prefixes.count, np.uint32)
        self._prefixes.intern_batch(*prefixes.columns(), prefixes.count, prefix)
        count = len(ways.origin) - 1
        ends = ways.origin[1:].astype(np.uint64) << np.uint64(32) | ways.upstream[1:]
        way = np.zeros(count + 1, np.uint32)
        length, family = np.zeros(count, np.uint8), np.ones(count, np.uint8)
        self._ways.intern_batch(ends, ways.border[1:].astype(np.uint64), length, family, count, way[1:])
        way[1:] += 1
        return Numbers(prefix, way, _counts_up(prefix) and _counts_up(way))

    def ways(self) -> WayTable:
        """All ways by their shared numbers."""
        if self._alone:
            return self._alone[1]
        ends, border, _length, _family = self._ways.columns()
        none = np.array([NO_ASN], np.uint32)
        columns = ((ends >> np.uint64(32)), ends & np.uint64(NO_ASN), border)
        return WayTable(*(np.concatenate([none, column.astype(np.uint32)]) for column in columns))


def _counting(count: int) -> UInt32:
    return np.arange(count, dtype=np.uint32)


def _counts_up(numbers: UInt32) -> bool:
    return bool(np.array_equal(numbers, _counting(len(numbers))))


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
