"""The last days of what was played, so that what is asked of it later can be answered as of a whole timeline.

What is older is folded into what each session held, what was visible and what was reachable when the rest begins.
How many rows there are is bounded, whatever comes and whatever is open (`MOST_ROWS`, `MOST_CHANGES`): the oldest are
made fewer, then folded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.log import EVENT_KINDS
from nightside.routing.news import News, Rows, joined
from nightside.routing.observation import Changes, Observation, ViewStep, unknown_stretches
from nightside.routing.peers import FullFeed
from nightside.routing.stepwise import FAMILY, Stepwise
from nightside.routing.thinning import thinned
from nightside.routing.timeline import Load, Timeline

HEARD = EVENT_KINDS["HEARD"]
STALE = EVENT_KINDS["STALE"]
TOGETHER_S = 300
"""News are joined until they cover this long,"""
TOGETHER_ROWS = 1 << 20
"""or until there are so many rows."""
MOST_ROWS = 1 << 24
"""So many rows of routes are kept: 17 bytes each, 272 MiB in all. A look at an entity reads each once, 0.05 s.

By estimate five collectors of RIS say 1,000 to 2,000 of them a second, which makes this 2 to 4 hours, and more with
what was changed again within minutes left out. The busiest stream of the world, 30,000 a second, still has minutes,
and an outage is told within seconds.
"""
MOST_CHANGES = 1 << 22
"""So many changes of units and prefixes are kept: 64 MiB. An outage of the whole Internet is a quarter of it."""


class Kept:
    """News as they come, for as long as they may be asked about."""

    def __init__(self, live: Stepwise) -> None:
        self.live = live
        self.begin: int | None = None
        """The second at whose end the base holds."""
        self.routes_begin = 0
        """The same of what the sessions held: rows that are older are gone, changes may not be."""
        self.until = 0
        self._held: dict[int, UInt32] = {}
        self._visible = np.zeros(0, np.uint8)
        self._reachable = np.zeros(0, np.uint8)
        self._first_view: ViewStep | None = None
        self._parts: deque[News] = deque()
        self._joined: deque[News] = deque()
        self._without_rows = self._thinned = 0
        """So many of the first of these have no rows any more; so many have as few as can be."""

    def add(self, news: News) -> None:
        """What came to be known."""
        self.until = news.until
        if self.begin is None:
            # Before the beginning nothing is told: all of it is the base.
            self._fold_rows(news, None if self.live.beginning is None else self.live.beginning.second)
            if self.live.beginning is None:
                return
            self.begin = self.routes_begin = self.live.beginning.second
            self._visible = self.live.beginning.visible.copy()
            # Up to 16 MiB, which nobody asks the beginning for again.
            self._reachable = self.live.beginning.reachable
            news = _after(news, self.begin)
        # Who is not asked about is not kept.
        news = _of(news, self.live.numbered.subject[: self.live.numbered.n_prefixes] > 0)
        self._parts.append(news)
        if news.until - self._parts[0].until >= TOGETHER_S or _rows(self._parts) >= TOGETHER_ROWS:
            self._joined.append(_join(list(self._parts)))
            self._parts.clear()
            self._stay_small()

    def forget(self, before: int) -> None:
        """What is older may go, as far as whole parts are."""
        while self._joined and self._joined[0].until < before:
            self._fold_first()

    def _stay_small(self) -> None:
        """Of rows that are too many, the oldest are made fewer; where that is not enough, they go."""
        rows, changes = _rows(self._joined), _changes(self._joined)
        while rows > MOST_ROWS:
            at = self._thinned if self._thinned < len(self._joined) else self._without_rows
            part = self._joined[at]
            if at == self._thinned:
                fewer = replace(part, rows=thinned(part.rows))
                self._thinned += 1
            else:
                fewer = self._without(part)
                self._without_rows += 1
            rows -= _rows([part]) - _rows([fewer])
            self._joined[at] = fewer
        while changes > MOST_CHANGES:
            changes -= _changes([self._joined[0]])
            self._fold_first()

    def _without(self, part: News) -> News:
        """The same without rows and loads: what they did is part of the base."""
        self._fold_rows(part, None)
        self.routes_begin = part.until
        # Not views of what was there: that would stay.
        none = Rows(*(np.zeros(0, getattr(part.rows, f.name).dtype) for f in fields(Rows)))
        return replace(part, rows=none, loads=[])

    def _fold_first(self) -> None:
        part = self._joined.popleft()
        if not self._without_rows:
            self._fold_rows(part, None)
            self.routes_begin = part.until
        self._without_rows, self._thinned = max(self._without_rows - 1, 0), max(self._thinned - 1, 0)
        self._visible = _moved(self._visible, part.prefixes, self.live.prefixes.count)
        self._reachable = _moved(self._reachable, part.units, len(self._reachable))
        self.begin = part.until
        if part.view:
            self._first_view = part.view[-1]

    def about(self, prefixes: npt.NDArray[np.bool_]) -> News:
        """All that is kept, with the rows of the prefixes that are marked alone."""
        return _join([_of(part, prefixes) for part in (*self._joined, *self._parts)])

    def timeline(self, news: News) -> Timeline:
        """What was played, as the timeline of a whole input."""
        assert self.begin is not None
        live, rows = self.live, news.rows
        held = [Load(self.routes_begin, session, ways) for session, ways in sorted(self._held.items())]
        return Timeline(
            family=FAMILY,
            sessions=list(live.sessions),
            asns=list(live.asns),
            as_of=live.as_of,
            second=rows.second,
            kind=rows.kind,
            session=rows.session,
            prefix=rows.prefix,
            way=rows.way,
            controls=[],
            loads=[*held, *(Load(*load) for load in news.loads)],
            full=FullFeed([], []),
            votes=dict(live.voting.votes(self.begin)),
            expected=[],
            start=self.routes_begin,
            end=self.until + 1,
        )

    def observation(self, news: News, timeline: Timeline) -> Observation:
        """What was seen since the base."""
        assert self.begin is not None
        view = list(news.view)
        if self._first_view is not None:
            view.insert(0, ViewStep(self.begin, *_rest(self._first_view)))
        return Observation(
            start=self.begin,
            end=self.until + 1,
            reachable=self._reachable,
            visible=_padded(self._visible, self.live.prefixes.count),
            units=news.units,
            prefixes=news.prefixes,
            doubts=news.doubts,
            view=view,
            unknown=unknown_stretches(view, timeline),
        )

    def _fold_rows(self, news: News, until: int | None) -> None:
        """What the sessions hold after these."""
        count = self.live.prefixes.count
        rows = news.rows
        end = len(rows.second) if until is None else int(np.searchsorted(rows.second, until, "right"))
        done = 0
        for second, session, ways in news.loads:
            if until is not None and second > until:
                continue
            at = int(np.searchsorted(rows.second, second, "left"))
            self._apply(rows, done, min(at, end), count)
            done = min(at, end)
            self._held[session] = _padded(np.array(ways), count)
        self._apply(rows, done, end, count)

    def _apply(self, rows: Rows, begin: int, end: int, count: int) -> None:
        part = slice(begin, end)
        told = (rows.kind[part] != HEARD) & (rows.kind[part] != STALE)
        session, prefix, way = (c[part][told] for c in (rows.session, rows.prefix, rows.way))
        order = np.argsort(session, kind="stable")
        numbers, first = np.unique(session[order], return_index=True)
        for number, mine in zip(numbers.tolist(), np.split(order, first[1:]), strict=False):
            held = _padded(self._held.get(number, np.zeros(0, np.uint32)), count)
            # Of several to one place the last stays.
            held[prefix[mine]] = way[mine]
            self._held[number] = held


def _rest(step: ViewStep) -> tuple[int, int, bool]:
    return step.known, step.expected, step.unknown


def _padded(column: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    if len(column) >= count:
        return column
    grown = np.zeros(count + count // 8, column.dtype)
    grown[: len(column)] = column
    return grown


def _moved(state: UInt8, changes: Changes, count: int) -> UInt8:
    state = _padded(state, count)
    # Of several to one place the last stays.
    state[changes.number] = changes.change > 0
    return state


def _rows(parts: Iterable[News]) -> int:
    """Whole tables that were taken over count by their memory."""
    return sum(len(p.rows.second) + sum(len(load[2]) for load in p.loads) // 4 for p in parts)


def _changes(parts: Iterable[News]) -> int:
    return sum(len(c.second) for p in parts for c in (p.units, p.prefixes, p.doubts))


def _after(news: News, second: int) -> News:
    """What is of later than this second."""
    at = int(np.searchsorted(news.rows.second, second, "right"))
    rows = news.rows
    return News(
        news.until,
        Rows(rows.second[at:], rows.kind[at:], rows.session[at:], rows.prefix[at:], rows.way[at:]),
        [load for load in news.loads if load[0] > second],
        news.units,
        news.prefixes,
        news.doubts,
        news.view,
    )


def _of(news: News, prefixes: npt.NDArray[np.bool_]) -> News:
    """The same with the rows of these prefixes alone."""
    rows = news.rows
    mine = np.flatnonzero(prefixes[rows.prefix])
    if len(mine) == len(rows.prefix):
        return news
    taken = Rows(rows.second[mine], rows.kind[mine], rows.session[mine], rows.prefix[mine], rows.way[mine])
    return replace(news, rows=taken)


def _join(parts: Sequence[News]) -> News:
    def changes(name: str) -> Changes:
        mine = [getattr(p, name) for p in parts]
        fields = ("second", "number", "change", "since")
        return Changes(*(np.concatenate([getattr(m, f) for m in mine]) for f in fields))

    return News(
        until=parts[-1].until,
        rows=joined([p.rows for p in parts]),
        loads=[load for p in parts for load in p.loads],
        units=changes("units"),
        prefixes=changes("prefixes"),
        doubts=changes("doubts"),
        view=[v for p in parts for v in p.view],
    )
