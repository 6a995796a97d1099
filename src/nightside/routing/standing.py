"""Who is full feed and who is expected, by what is known so far: a stream cannot look ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from nightside.routing.collector_log import TableSummary, TransferEnd
from nightside.routing.peers import DAY_S, FeedSizes, FullFeed
from nightside.routing.table import CollectorTable

Stretches = dict[int, list[tuple[int, int | None, int]]]


class LiveStanding(Protocol):
    """Who is full feed, and when that changes."""

    def at(self, session: int, second: int) -> bool:
        """Whether a session is full feed in this second."""

    def renew(self, collectors: Sequence[Heard]) -> bool:
        """Learn from tables and transfers, which are not needed afterwards; whether there was anything new."""

    def changes(self, begin: int, end: int) -> Iterable[tuple[int, int]]:
        """(second, session) of every change by the calendar from `begin` to `end`, both inclusive.

        Nothing before `begin` is asked about later.
        """


class Heard(Protocol):
    """A collector as a standing sees it."""

    table: CollectorTable
    numbers: list[int]
    """The session of each peer."""


class _Told:
    """What `peers.FeedSizes` asks of a collector."""

    def __init__(self, table: CollectorTable) -> None:
        self.tables = [TableSummary(*t) for t in table.tables]
        self.transfer_ends = [TransferEnd(*t) for t in table.transfer_ends]


class SoFar:
    """By the tables and transfers so far, by the rules of `peers.FeedSizes`."""

    def __init__(self, family: int, share: float) -> None:
        self.sizes = FeedSizes(family, share)
        self.full = FullFeed([], [])
        self._asked = 0
        """Nothing before this second is asked about any more."""

    def renew(self, collectors: Sequence[Heard]) -> bool:
        """Learn from tables and transfers, and take them away; whether there were any."""
        news = [c for c in collectors if c.table.tables or c.table.transfer_ends]
        for collector in news:
            self.sizes.add(_Told(collector.table), collector.numbers)
            collector.table.tables.clear()
            collector.table.transfer_ends.clear()
        if news:
            self.sizes.forget(self._asked // DAY_S)
            self.full = self.sizes.full_feed(
                1 + max((number for c in collectors for number in c.numbers), default=-1)
            )
        return bool(news)

    def at(self, session: int, second: int) -> bool:
        """Whether a session is full feed in this second."""
        return session < len(self.full.days) and self.full.at(session, second)

    def changes(self, begin: int, end: int) -> Iterable[tuple[int, int]]:
        """(second, session) of every change by the calendar from `begin` to `end`, both inclusive."""
        self._asked = max(self._asked, begin)
        return [(second, session) for second, session in self.full.changes() if begin <= second <= end]


class Voting:
    """Since when which session's vote counts, and how many ASes are expected for it."""

    def __init__(self, memory_s: int) -> None:
        self.memory_s = memory_s
        self.stretches: Stretches = defaultdict(list)
        self.open: dict[int, int] = {}
        self._votes: dict[int, int] = defaultdict(int)
        self._expires: dict[int, int] = {}

    def note(self, session: int, asn: int, second: int, votes: bool, why: int) -> None:
        """Whether a session's vote counts from now on, and why not."""
        if votes and session not in self.open:
            self.open[session] = second
            self._votes[asn] += 1
        elif not votes and session in self.open:
            since = self.open.pop(session)
            self._votes[asn] -= 1
            # What neither lasted nor was seen is nothing.
            if second > since:
                self.stretches[session].append((since, second, why))
                self._expires[asn] = max(self._expires.get(asn, 0), second + self.memory_s)

    def next_change(self) -> int | None:
        """The next second in which an AS may be expected no more."""
        return min(self._expires.values(), default=None)

    def expected(self, second: int) -> int:
        """How many distinct ASes voted in the last of the memory's time, at the end of this second."""
        for asn in [a for a, until in self._expires.items() if until <= second]:
            del self._expires[asn]
        return len({asn for asn, n in self._votes.items() if n > 0} | set(self._expires))

    def votes(self, since: int) -> Mapping[int, list[tuple[int, int | None, int]]]:
        """Per session the stretches in which its vote counts, of those that end after `since`."""
        found: Stretches = {}
        for session in sorted({*self.stretches, *self.open}):
            mine = [s for s in self.stretches.get(session, ()) if s[1] is not None and s[1] > since]
            if session in self.open:
                mine.append((self.open[session], None, 0))
            if mine:
                found[session] = mine
        return found

    def forget(self, before: int) -> None:
        """What ended before may go."""
        for session, mine in list(self.stretches.items()):
            kept = [s for s in mine if s[1] is not None and s[1] > before]
            if kept:
                self.stretches[session] = kept
            else:
                del self.stretches[session]
