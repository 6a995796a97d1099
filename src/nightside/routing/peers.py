"""Sessions and the ASes behind them: who has a full feed on which day, and who is expected.

A session is full feed, for each family on its own, with at least half of the routes of the day's largest
table in the input (docs/definitions.md).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nightside.routing.collector_log import CollectorLog, TableSummary, TransferEnd

DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the whole input; its number is its place in the list of all sessions."""

    collector: str
    address: str
    asn: int


def all_sessions(logs: Sequence[CollectorLog]) -> tuple[list[Session], list[int]]:
    """All sessions, and for each collector the number of its first one."""
    sessions: list[Session] = []
    first: list[int] = []
    for log in logs:
        first.append(len(sessions))
        sessions.extend(Session(log.collector, p.address, p.asn) for p in log.peers)
    return sessions, first


@dataclass(frozen=True)
class FullFeed:
    """For each session, on which days (days since the epoch) its standing changed, and to what."""

    days: list[list[int]]
    standing: list[list[bool]]

    def at(self, session: int, second: int) -> bool:
        """Whether a session is full feed in this second; days before the first news are as the first."""
        days = self.days[session]
        if not days:
            return False
        return self.standing[session][max(bisect_right(days, second // DAY_S) - 1, 0)]

    def changes(self) -> Iterable[tuple[int, int]]:
        """(second, session) of every midnight at which a session's standing changes."""
        for session, (days, standing) in enumerate(zip(self.days, self.standing, strict=True)):
            for i in range(1, len(days)):
                if standing[i] != standing[i - 1]:
                    yield days[i] * DAY_S, session


class Told(Protocol):
    """What a collector's tables and transfers told of its sessions."""

    @property
    def tables(self) -> list[TableSummary]:
        """All of them, in order."""

    @property
    def transfer_ends(self) -> list[TransferEnd]:
        """All of them, in order."""


class FeedSizes:
    """How many routes each session had on which day, and so who is full feed when.

    A session's routes of a day are the most of its tables and of its finished transfers of that day. A day on
    which it has neither is as the day before. A day without a table is measured by the last day that had one; an
    input without any table by the routes held at the ends of transfers. Tables cut off in the middle measure
    only where there is no whole one, and else can only show that a session is full feed, never that it is not.
    """

    def __init__(self, family: int, share: float) -> None:
        self.family, self.share = family, share
        self.largest: dict[int, int] = defaultdict(int)
        """By day the routes of the largest table."""
        self.largest_cut: dict[int, int] = defaultdict(int)
        """The same of tables cut off in the middle."""
        self.largest_transfer = 0
        self.routes: dict[tuple[int, int], int] = defaultdict(int)
        """By (session, day)."""
        self.cut: dict[tuple[int, int], int] = defaultdict(int)
        """The same of tables cut off in the middle."""

    def add(self, told: Told, sessions: Sequence[int]) -> None:
        """What a collector's tables and transfers told; `sessions` are the numbers of its peers."""
        for table in told.tables:
            day = table.begin // DAY_S
            for (peer, family), number in table.routes.items():
                if family == self.family:
                    best, mine = (
                        (self.largest_cut, self.cut) if table.truncated else (self.largest, self.routes)
                    )
                    best[day] = max(best[day], number)
                    key = (sessions[peer], day)
                    mine[key] = max(mine[key], number)
        for end in told.transfer_ends:
            if end.family == self.family:
                self.largest_transfer = max(self.largest_transfer, end.routes)
                key = (sessions[end.peer], end.second // DAY_S)
                self.routes[key] = max(self.routes[key], end.routes)

    def full_feed(self, n_sessions: int) -> FullFeed:
        """Who is full feed when."""
        days: list[list[int]] = [[] for _ in range(n_sessions)]
        standing: list[list[bool]] = [[] for _ in range(n_sessions)]
        measured = self._measured_days()
        for (session, day), number in sorted(self._with_cut().items()):
            days[session].append(day)
            standing[session].append(number > 0 and number >= self.share * self._largest_of(day, measured))
        return FullFeed(days, standing)

    def forget(self, day: int) -> None:
        """Earlier days are not asked about any more: of them only that stays by which later ones are as they are."""
        past = {key: number for key, number in self._with_cut().items() if key[1] < day}
        last: dict[int, int] = {}
        for session, one in past:
            last[session] = max(last.get(session, one), one)
        stays = {key: number for key, number in self.routes.items() if key[1] >= day}
        self.routes = defaultdict(int, stays | {key: past[key] for key in last.items()})
        self.cut = defaultdict(int, {k: n for k, n in self.cut.items() if k[1] >= day})
        if self.largest:
            self.largest_cut.clear()
        measured = self._measured_days()
        needed = {_newest(measured, one) for one in (day, *last.values())} if measured else set()
        for one in measured:
            if one < day and one not in needed:
                del (self.largest or self.largest_cut)[one]

    def _with_cut(self) -> dict[tuple[int, int], int]:
        """The routes, with those of tables cut off in the middle where these count."""
        found = dict(self.routes)
        measured = self._measured_days()
        for key, number in self.cut.items():
            if not self.largest or number >= self.share * self._largest_of(key[1], measured):
                found[key] = max(found.get(key, 0), number)
        return found

    def _measured_days(self) -> list[int]:
        """The days that had a table, ascending."""
        return sorted(self.largest or self.largest_cut)

    def _largest_of(self, day: int, measured: Sequence[int]) -> int:
        """What the routes of a day are held against."""
        if not measured:
            return self.largest_transfer
        return (self.largest or self.largest_cut)[_newest(measured, day)]


def _newest(measured: Sequence[int], day: int) -> int:
    """The day whose tables measure this one: the last up to it, else the first."""
    return measured[max(bisect_right(measured, day) - 1, 0)]


def full_feed(
    logs: Sequence[Told], first: Sequence[int], n_sessions: int, family: int, share: float
) -> FullFeed:
    """Who is full feed when, by all that is known in the end; `first` is the number of each log's first session."""
    sizes = FeedSizes(family, share)
    for log, start in zip(logs, first, strict=True):
        sizes.add(log, range(start, n_sessions))
    return sizes.full_feed(n_sessions)


def expected_steps(votes: Iterable[tuple[int, int, int | None]], memory_s: int) -> list[tuple[int, int]]:
    """How many distinct ASes were voting within the last `memory_s`, as steps (second, number).

    `votes` are (AS, begin, end or None) stretches of voting.
    """
    by_as: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for asn, begin, end in votes:
        by_as[asn].append((begin, float("inf") if end is None else end + memory_s))
    changes: dict[int, int] = defaultdict(int)
    for stretches in by_as.values():
        reach = float("-inf")
        for begin, until in sorted(stretches):
            if begin > reach:
                if reach > 0:
                    changes[int(reach)] -= 1
                changes[begin] += 1
            reach = max(reach, until)
        if reach != float("inf"):
            changes[int(reach)] -= 1
    steps: list[tuple[int, int]] = []
    number = 0
    for second in sorted(changes):
        number += changes[second]
        steps.append((second, number))
    return steps
