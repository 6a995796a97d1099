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


def full_feed(
    logs: Sequence[Told], first: Sequence[int], n_sessions: int, family: int, share: float
) -> FullFeed:
    """Who is full feed when.

    A session's routes of a day are the most of its tables and of its finished transfers of that day. A day on
    which it has neither is as the day before. A day without a table is measured by the last day that had one; an
    input without any table by the routes held at the ends of transfers. Tables cut off in the middle measure
    only where there is no whole one, and else can only show that a session is full feed, never that it is not.
    """
    largest: dict[int, int] = defaultdict(int)
    largest_cut: dict[int, int] = defaultdict(int)
    largest_transfer = 0
    routes: dict[tuple[int, int], int] = defaultdict(int)
    cut: dict[tuple[int, int], int] = defaultdict(int)
    for log, start in zip(logs, first, strict=True):
        for table in log.tables:
            day = table.begin // DAY_S
            for (peer, fam), number in table.routes.items():
                if fam == family:
                    best, mine = (largest_cut, cut) if table.truncated else (largest, routes)
                    best[day] = max(best[day], number)
                    key = (start + peer, day)
                    mine[key] = max(mine[key], number)
        for end in log.transfer_ends:
            if end.family == family:
                largest_transfer = max(largest_transfer, end.routes)
                key = (start + end.peer, end.second // DAY_S)
                routes[key] = max(routes[key], end.routes)
    measure = dict(largest or largest_cut)
    measured_days = sorted(measure)

    def largest_of(day: int) -> int:
        if not measured_days:
            return largest_transfer
        return measure[measured_days[max(bisect_right(measured_days, day) - 1, 0)]]

    for key, number in cut.items():
        if not largest or number >= share * largest_of(key[1]):
            routes[key] = max(routes[key], number)
    days: list[list[int]] = [[] for _ in range(n_sessions)]
    standing: list[list[bool]] = [[] for _ in range(n_sessions)]
    for (session, day), number in sorted(routes.items()):
        days[session].append(day)
        standing[session].append(number > 0 and number >= share * largest_of(day))
    return FullFeed(days, standing)


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
