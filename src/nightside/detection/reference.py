"""What the reference rules work on: every session's routes by its messages alone, without a judgement of health.

The rules themselves are in `reference_ioda` and `reference_exact`. They hear what we hear, from the same input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import Kind
from nightside.model.incident import Episode, Severity

FSM_ESTABLISHED = 6

GONE, ANNOUNCED, DOWN, TABLE_GONE, TABLE_HAS = range(5)
"""What a row of `HeardLog` is: a withdrawal, an announcement, a session that left Established (without a prefix),
and the differences that a new table makes. Only what changes whether a session has a route has a row."""

UInt32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class HeardLog:
    """The changes of all sessions, sorted by second; within one second in the order in which they were heard."""

    second: UInt32
    kind: npt.NDArray[np.uint8]
    session: UInt32
    prefix: UInt32
    first: list[tuple[int, int, npt.NDArray[np.bool_]]]
    """(second, session, has a route by prefix number) of each session's first table."""
    asns: list[int]
    """By session number."""
    end: int


class Recorder:
    """Hears the collectors one after the other; `log` puts them together."""

    def __init__(self, asns: list[list[int]], n_prefixes: int) -> None:
        """`asns`: the peer ASes by collector and peer number."""
        self.asns, self.n_prefixes = asns, n_prefixes
        self.offset = [sum(len(a) for a in asns[:i]) for i in range(len(asns))]
        n_sessions = sum(len(a) for a in asns)
        self.has = np.zeros((n_sessions, n_prefixes), bool)
        self.staged: npt.NDArray[np.bool_] | None = None
        self.staged_sessions: set[int] = set()
        self.staged_at = 0
        self.had_table: set[int] = set()
        self.first: list[tuple[int, int, npt.NDArray[np.bool_]]] = []
        self.parts: list[tuple[Any, Any, Any, Any]] = []
        self.end = 0

    def table(self, collector: int, columns: Any, earliest_s: int, latest_s: int) -> None:
        """Rows of a table."""
        seconds = columns.time_us // 1_000_000
        fits = (seconds >= earliest_s) & (seconds <= latest_s) & (columns.kind == Kind.ROUTE)
        if not fits.any():
            return
        self.staged_at = max(self.staged_at, int(seconds[fits].max()))
        if self.staged is None:
            self.staged = np.zeros_like(self.has)
        sessions = columns.peer[fits].astype(np.int64) + self.offset[collector]
        self.staged.reshape(-1)[sessions * self.n_prefixes + columns.prefix_index[fits]] = True
        self.staged_sessions.update(np.flatnonzero(np.bincount(sessions)).tolist())

    def table_done(self, collector: int) -> None:
        """Take the table over; sessions that it does not hold stay as they are."""
        for session in sorted(self.staged_sessions):
            assert self.staged is not None
            row = self.staged[session].copy()
            if session not in self.had_table:
                self.had_table.add(session)
                self.first.append((self.staged_at, session, row))
            else:
                changed = np.flatnonzero(row != self.has[session]).astype(np.uint32)
                kind = np.where(row[changed], TABLE_HAS, TABLE_GONE)
                self._add(np.full(len(changed), self.staged_at), kind, session, changed)
            self.has[session] = row
        self.staged, self.staged_sessions, self.staged_at = None, set(), 0

    def updates(self, collector: int, columns: Any, earliest_s: int, latest_s: int) -> None:
        """Rows of updates, in the order of time."""
        if columns.count == 0:
            return
        seconds = columns.time_us // 1_000_000
        fits = (seconds >= earliest_s) & (seconds <= latest_s)
        if not fits.any():
            return
        self.end = max(self.end, int(seconds[fits].max()) + 1)
        kind = columns.kind
        states = np.flatnonzero((kind == Kind.STATE) & (columns.new_state != FSM_ESTABLISHED) & fits).tolist()
        routes = fits & ((kind == Kind.ANNOUNCE) | (kind == Kind.WITHDRAW))
        done = 0
        for at in [*states, columns.count]:
            rows = np.flatnonzero(routes[done:at]) + done
            if len(rows):
                session = columns.peer[rows] + np.uint32(self.offset[collector])
                self._routes(seconds[rows], kind[rows] == Kind.ANNOUNCE, session, columns.prefix_index[rows])
            if at < columns.count:
                session = self.offset[collector] + int(columns.peer[at])
                self.has[session] = False
                self._add(seconds[at : at + 1], np.array([DOWN]), session, np.zeros(1, np.uint32))
            done = at + 1

    def _routes(self, seconds: Any, announced: Any, session: Any, prefix: Any) -> None:
        key = session.astype(np.int64) * self.n_prefixes + prefix
        order = np.argsort(key, kind="stable")
        keys, new = key[order], announced[order]
        flat = self.has.reshape(-1)
        head = np.concatenate([[True], keys[1:] != keys[:-1]])
        before = np.empty(len(new), bool)
        before[1:] = new[:-1]
        before[head] = flat[keys[head]]
        last = np.append(head[1:], True)
        flat[keys[last]] = new[last]
        rows = np.sort(order[new != before])
        kind = np.where(announced[rows], ANNOUNCED, GONE)
        self._add(seconds[rows], kind, session[rows], prefix[rows])

    def _add(self, seconds: Any, kind: Any, session: Any, prefix: Any) -> None:
        if len(seconds):
            sessions = np.broadcast_to(np.asarray(session, np.uint32), len(seconds))
            self.parts.append(
                (seconds.astype(np.uint32), kind.astype(np.uint8), sessions, prefix.astype(np.uint32))
            )

    def log(self) -> HeardLog:
        """Everything that was heard."""
        empty = (
            np.empty(0, np.uint32),
            np.empty(0, np.uint8),
            np.empty(0, np.uint32),
            np.empty(0, np.uint32),
        )
        second, kind, session, prefix = (
            np.concatenate([p[i] for p in [empty, *self.parts]]) for i in range(4)
        )
        order = np.argsort(second, kind="stable")
        return HeardLog(
            second=second[order],
            kind=kind[order],
            session=session[order],
            prefix=prefix[order],
            first=self.first,
            asns=[asn for asns in self.asns for asn in asns],
            end=self.end,
        )


@dataclass(frozen=True)
class PrefixUnits:
    """Prefixes by number, and whose units they cover."""

    hi: npt.NDArray[np.uint64]
    length: npt.NDArray[np.uint8]
    country_of_unit: npt.NDArray[np.uint8]
    """(2**24,): the country's number by /24, 0 for nobody."""

    def spans(self, prefixes: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The /24s that prefixes of at most 24 bits cover: the first ones, and one after the last ones."""
        first = (self.hi[prefixes] >> np.uint64(40)).astype(np.int64)
        return first, first + (np.int64(1) << (24 - self.length[prefixes].astype(np.int64)))


def stretches_below(
    severity: Severity,
    steps: Iterable[tuple[int, float, int]],
    is_below: Callable[[float], bool],
    end: int,
) -> list[Episode]:
    """Episodes of a step function (second, share, units): one for each stretch below, and no patience with ends."""
    found: list[Episode] = []
    onset: int | None = None
    low = (1.0, 0)
    for second, share, units in steps:
        if second >= end:
            break
        if is_below(share):
            if onset is None:
                onset, low = second, (share, units)
            low = min(low, (share, units))
        elif onset is not None:
            if second > onset:
                found.append(Episode(severity, onset, second, *low))
            onset = None
    if onset is not None:
        found.append(Episode(severity, onset, None, *low))
    return found
