"""Who sees what, while it happens: the rules of a whole timeline, applied second by second to streams.

Collectors' elements come in as they come; time comes when the caller says so (`until`). What was played is played:
an element that comes later than its second counts in the next second that is to come.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.model.elements import FLAG_LOCAL, Columns, Kind, Peer
from nightside.model.settings import Settings
from nightside.routing.collector_log import UInt32
from nightside.routing.missed import Missed, as_it_stood, pairs
from nightside.routing.news import Beginning, News, Rows, joined, taken
from nightside.routing.numbered import Ground, Numbered
from nightside.routing.observation import Changes, ViewStep, learning_seconds
from nightside.routing.peers import Session
from nightside.routing.player import KNOWN, LOAD, UNKNOWN, Control, Player, begins, judge_of
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.saved import must
from nightside.routing.standing import LiveStanding, SoFar, Voting
from nightside.routing.table import CollectorTable
from nightside.routing.thin import thin
from nightside.routing.timeline import start_second
from nightside.routing.ways import WayIndex
from nightside.routing.whole import unpacked

FAMILY = 4
END_OF_TIME_S = 2**32 - 1


@dataclass
class Collector:
    """One collector, its state, and what number each of its peers has among all sessions."""

    name: str
    table: CollectorTable
    numbers: list[int] = field(default_factory=list)
    peers: dict[Peer, int] = field(default_factory=dict)
    """The number of each peer at this collector, whoever names it: a table, or a stream with numbers of its own."""
    missed: Missed | None = None
    """What an archive may yet tell."""


class _Renumbered:
    """Columns whose peers have other numbers."""

    def __init__(self, columns: Columns, peer: UInt32) -> None:
        self._columns, self.peer = columns, peer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._columns, name)


class Stepwise:
    """All collectors together. Feed it, let time come, read the news."""

    def __init__(
        self,
        ground: Ground,
        settings: Settings,
        ways: WayIndex,
        *,
        start: int | None = None,
        standing: LiveStanding | None = None,
    ) -> None:
        """`start`: from when on to tell; by itself, from the first tables or the first session that is known."""
        self.settings, self.ways = settings, ways
        self.prefixes = PrefixIndex()
        self.numbered = Numbered(ground, self.prefixes, ways)
        self.collectors: dict[str, Collector] = {}
        self.archived: Container[str] = ()
        """Collectors whose gaps are filled later."""
        self.sessions: list[Session] = []
        self.asns: list[int] = []
        self._place: dict[int, int] = {}
        self._as_of: list[int] = []
        self.standing: LiveStanding = standing or SoFar(FAMILY, settings.full_feed_share)
        self.voting = Voting(settings.expected_memory_s)
        self.played: int | None = None
        self._start = start
        self.beginning: Beginning | None = None
        self._waiting: Rows | None = None
        self._loads: dict[int, UInt32] = {}
        self._loads_so_far = 0
        self._ids = np.empty(1 << 12, np.uint32)
        self.numbered.renew_ways()
        self.judge = judge_of(
            settings,
            **self.numbered.columns() | {"hi": self.numbered.hi[:0]},
            unit_country=ground.unit_country,
            as_of=np.zeros(0, np.uint32),
        )
        self.player = Player(self.judge)
        self._size = (0, 0)

    def __getstate__(self) -> dict[str, Any]:
        """All but what is only written over. A Pickler has to name `numbered.ground`, which holds functions, and does
        well to name `numbered.ground.unit_country`: the judge has this very array."""
        return {name: value for name, value in self.__dict__.items() if name != "_ids"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._ids = np.empty(1 << 12, np.uint32)
        self.numbered.check()
        sessions = sorted(number for c in self.collectors.values() for number in c.numbers)
        must(sessions == list(range(len(self.sessions))), "sessions of other collectors")
        must(len(self._as_of) == len(self.sessions), "sessions of other ASes")
        must(set(self._as_of) <= set(range(len(self.asns))), "sessions of other ASes")

    # -- what comes in ------------------------------------------------------------------------------

    def collector(self, name: str) -> Collector:
        """The collector of this name; a new one where there was none."""
        found = self.collectors.get(name)
        if found is None:
            s = self.settings
            table = CollectorTable(
                self.prefixes,
                self.ways,
                transfer_quiet_s=s.transfer_quiet_s,
                silent_s=s.silent_s,
                table_margin_s=s.table_margin_s,
                transfer_back_share=s.transfer_back_share,
            )
            table.places.keep_none()
            found = self.collectors[name] = Collector(name, table)
        return found

    def apply(
        self,
        name: str,
        peers: Sequence[Peer],
        columns: Columns,
        earliest_s: int = 0,
        latest_s: int = END_OF_TIME_S,
    ) -> None:
        """A batch of elements, in the order in which they came; `columns.peer` counts through `peers`."""
        collector = self.collector(name)
        columns, ids = self._interned(collector, peers, columns)
        n = columns.count
        if n == 0:
            return
        if collector.missed is not None and collector.missed.end is not None:
            theirs = (columns.flags[:n] & FLAG_LOCAL) == 0
            told = np.flatnonzero((columns.kind[:n] <= Kind.WITHDRAW) & theirs)
            if not collector.missed.note(pairs(columns, ids, told)):
                collector.missed = None
        collector.table.apply(
            columns, ids, self.numbered.country, len(collector.numbers), earliest_s, latest_s
        )

    def _interned(
        self, collector: Collector, peers: Sequence[Peer], columns: Columns
    ) -> tuple[Columns, UInt32]:
        """The elements with the collector's own numbers of peers, and the numbers of their prefixes."""
        for peer in peers:
            if peer in collector.peers:
                continue
            collector.peers[peer] = len(collector.numbers)
            collector.numbers.append(len(self.sessions))
            self.sessions.append(Session(collector.name, peer.address, peer.asn))
            if peer.asn not in self._place:
                self._place[peer.asn] = len(self.asns)
                self.asns.append(peer.asn)
            self._as_of.append(self._place[peer.asn])
        n = columns.count
        if n > len(self._ids):
            self._ids = np.empty(2 * n, np.uint32)
        self.prefixes.intern_batch(
            columns.prefix_hi, columns.prefix_lo, columns.prefix_len, columns.family, n, self._ids
        )
        self.numbered.renew_prefixes()
        number = np.array([collector.peers[peer] for peer in peers], np.uint32)
        if not np.array_equal(number, np.arange(len(number))):
            columns = _Renumbered(columns, number[columns.peer[:n]])
        return columns, self._ids

    def table_done(self, name: str, truncated: bool = False) -> None:
        """A collector's table has been read to its end (or to where it is cut off)."""
        self.collector(name).table.table_done(truncated)

    def gap(self, name: str, begin: int, end: int) -> None:
        """Nothing was heard of a collector from `begin` to before `end`."""
        self.collector(name).table.gap(begin, end)

    def lost(self, name: str, at: int) -> None:
        """From this second on nothing is heard of a collector."""
        collector = self.collector(name)
        if not collector.table.away and name in self.archived:
            # What is missed again before it was filled is one gap to be filled.
            collector.missed = Missed(collector.missed.begin if collector.missed else at)
        collector.table.lost(at)

    def back(self, name: str, at: int) -> None:
        """A collector is heard again from this second on."""
        collector = self.collector(name)
        missed = collector.missed
        if missed is not None and missed.end is None:
            missed.end = at
            if at <= missed.begin:
                collector.missed = None
        collector.table.back(at)

    def fill(self, name: str, peers: Sequence[Peer], columns: Columns, at: int) -> bool:
        """What a collector told in its gap and a little around it, in order: known from now on; whether it was taken.

        Not while a table is being read, or nothing is missed. What was heard since the gap is newer.
        """
        collector = self.collector(name)
        missed = collector.missed
        if missed is None or missed.end is None:
            return False
        columns, ids = self._interned(collector, peers, columns)
        heard = missed.heard()
        last, anew, gone = as_it_stood(columns, ids, heard, len(collector.numbers))
        if not collector.table.fill(last, ids[last.rows], self.numbered.country, at, anew, heard):
            return False
        collector.missed = None
        if gone.count:
            # They are as they were left: out, whatever was held.
            n = len(collector.numbers)
            collector.table.apply(gone, ids[gone.rows], self.numbered.country, n, 0, END_OF_TIME_S)
        return True

    # -- time comes ---------------------------------------------------------------------------------

    def until(self, second: int) -> News | None:
        """Time has come to the end of this second; None where it had before."""
        if self.played is not None and second <= self.played:
            return None
        for collector in self.collectors.values():
            collector.table.come(second)
        rows, controls = self._due(second)
        self._grow()
        floor = 0 if self.played is None else self.played + 1
        steps: list[tuple[int, int, int, int]] = []
        if self.standing.renew(list(self.collectors.values())) and self.played is not None:
            steps += [(floor, 0, 0, session) for session in range(len(self.sessions))]
        for at, session in self.standing.changes(floor, second):
            steps.append((at, 0, int(np.searchsorted(rows.second, at, "left")), session))
        for number, (position, control) in enumerate(begins(controls, rows)):
            steps.append((control.second, 1, position, number))
        self._choose_start(controls, second)
        begin = self._start
        if begin is not None and self.beginning is None and begin <= second:
            begin = max(begin, floor)
            steps.append((begin, 3, int(np.searchsorted(rows.second, begin, "right")), 0))
        if self.settings.visible_among_usual and begin is not None:
            for at in learning_seconds(max(begin, floor - 1), second + 1):
                steps.append((at, -1, int(np.searchsorted(rows.second, at, "left")), 0))
        loads = self._play(rows, controls, sorted(steps), second)
        self.played = second
        return self._news(second, rows, loads)

    def _due(self, second: int) -> tuple[Rows, list[Control]]:
        """The events up to this second, sorted, and the controls between them; what is of later waits."""
        floor = np.uint32(0 if self.played is None else self.played + 1)
        parts = [] if self._waiting is None else [self._waiting]
        for collector in self.collectors.values():
            at, kind, peer, prefix, way = collector.table.log.drain()
            if not len(at):
                continue
            family = np.where(kind >= KNOWN, prefix, self.numbered.family[np.where(kind >= KNOWN, 0, prefix)])
            loads = collector.table.loads
            with unpacked(list(loads.values())):
                for i in np.flatnonzero(kind == LOAD).tolist():
                    load = np.asarray(loads.pop(int(way[i])))
                    if family[i] == FAMILY:
                        self._loads[self._loads_so_far] = load
                        way[i] = self._loads_so_far
                        self._loads_so_far += 1
            mine = family == FAMILY
            session = np.array(collector.numbers, np.uint32)[peer[mine]]
            parts.append(Rows(np.maximum(at[mine], floor), kind[mine], session, prefix[mine], way[mine]))
        whole = joined(parts)
        order = np.argsort(whole.second, kind="stable")
        whole = taken(whole, order)
        due = int(np.searchsorted(whole.second, second, "right"))
        self._waiting = taken(whole, slice(due, None)) if due < len(order) else None
        whole = taken(whole, slice(0, due))
        is_control = whole.kind >= KNOWN
        before = np.cumsum(~is_control)
        controls = [
            Control(
                int(before[i]),
                int(whole.second[i]),
                int(whole.kind[i]),
                int(whole.session[i]),
                int(whole.way[i]),
            )
            for i in np.flatnonzero(is_control).tolist()
        ]
        return taken(whole, ~is_control), controls

    def _grow(self) -> None:
        """The judge learns of new prefixes, ways and sessions."""
        new_ways = self.numbered.renew_ways()
        size = (self.numbered.n_prefixes, len(self.sessions))
        if size == self._size and not new_ways:
            return
        self._size = size
        self.judge.grow(self.numbered.n_prefixes, np.array(self._as_of, np.uint32), **self.numbered.columns())
        self.player.room_for(len(self.sessions))

    def _choose_start(self, controls: Sequence[Control], second: int) -> None:
        if self._start is None:
            self._start = start_second(controls, {i: s.collector for i, s in enumerate(self.sessions)})

    def _play(
        self, rows: Rows, controls: Sequence[Control], steps: Sequence[tuple[int, int, int, int]], last: int
    ) -> list[tuple[int, int, UInt32]]:
        """Everything up to the end of the second `last`, as `routing.observation` does; returns the loads."""
        done = at = 0
        loads = []
        mine: npt.NDArray[np.bool_] = self.numbered.family[: self.numbered.n_prefixes] == FAMILY

        def come(position: int, second: int) -> None:
            nonlocal done
            if position > done:
                self.player.flips(rows, done, position)
                done = position
            self.judge.at(second)

        while True:
            expires = self.voting.next_change()
            seconds = [s for s in (steps[at][0] if at < len(steps) else None, expires) if s is not None]
            second = min(seconds, default=last + 1)
            if second > last:
                break
            while at < len(steps) and steps[at][0] == second and steps[at][1] < 3:
                _, what, position, number = steps[at]
                come(position, second)
                if what == 0:
                    self.player.vote(number, second, self.standing)
                    self._note(number, second, 0)
                elif what == 1:
                    control = controls[number]
                    load = self._loads.pop(control.value) if control.kind == LOAD else None
                    if load is not None:
                        loads.append((second, control.session, load))
                    self.player.control(control, load, mine, self.standing)
                    self._note(control.session, second, control.value if control.kind == UNKNOWN else 0)
                else:
                    self.judge.learn_usual()
                at += 1
            come(int(np.searchsorted(rows.second, second, "right")), second)
            self.judge.set_expected(self.voting.expected(second))
            if at < len(steps) and steps[at][0] == second:
                if self.settings.visible_among_usual:
                    self.judge.learn_usual()
                self.beginning = Beginning(second, thin(self.judge.start()), self.judge.visible_now())
                at += 1
        come(len(rows.second), last + 1)
        return loads

    def _note(self, session: int, second: int, why: int) -> None:
        self.voting.note(session, self.sessions[session].asn, second, self.player.voting[session], why)

    def _news(self, second: int, rows: Rows, loads: list[tuple[int, int, UInt32]]) -> News:
        view = [ViewStep(*step) for step in self.judge.view_changes] if self.beginning else []
        self.judge.view_changes.clear()
        return News(
            until=second,
            rows=rows,
            loads=loads,
            units=Changes(*self.judge.unit_changes.drain()),
            prefixes=Changes(*self.judge.prefix_changes.drain()),
            doubts=Changes(*self.judge.doubts.drain()),
            view=view,
        )

    @property
    def as_of(self) -> UInt32:
        """By session the place of its AS in `asns`."""
        return np.array(self._as_of, np.uint32)
