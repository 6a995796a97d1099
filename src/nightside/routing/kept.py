"""The last day of what was played, so that what is asked of it later can be answered as of a whole timeline.

Older rows are folded into what each session held, what was visible and what was reachable when the rest begins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import Changes, Observation, ViewStep, unknown_stretches
from nightside.routing.peers import FullFeed
from nightside.routing.stepwise import FAMILY, News, Rows, Stepwise
from nightside.routing.timeline import Load, Timeline

HEARD = EVENT_KINDS["HEARD"]
STALE = EVENT_KINDS["STALE"]
TOGETHER_S = 300
"""News are joined until they cover this long."""


class Kept:
    """News as they come, for as long as they may be asked about."""

    def __init__(self, live: Stepwise) -> None:
        self.live = live
        self.begin: int | None = None
        """The second at whose end the base holds."""
        self.until = 0
        self._held: dict[int, UInt32] = {}
        self._visible = np.zeros(0, np.uint8)
        self._reachable = np.zeros(0, np.uint8)
        self._first_view: ViewStep | None = None
        self._parts: deque[News] = deque()
        self._joined: deque[News] = deque()

    def add(self, news: News) -> None:
        """What came to be known."""
        self.until = news.until
        if self.begin is None:
            # Before the beginning nothing is told: all of it is the base.
            self._fold_rows(news, None if self.live.beginning is None else self.live.beginning.second)
            if self.live.beginning is None:
                return
            self.begin = self.live.beginning.second
            self._visible = self.live.beginning.visible.copy()
            # 16 MiB, which nobody asks the beginning for again.
            self._reachable = self.live.beginning.reachable
            news = _after(news, self.begin)
        # Who is not asked about is not kept.
        news = _of(news, self.live.numbered.subject[: self.live.numbered.n_prefixes] > 0)
        self._parts.append(news)
        if news.until - self._parts[0].until >= TOGETHER_S:
            self._joined.append(_join(list(self._parts)))
            self._parts.clear()

    def forget(self, before: int) -> None:
        """What is older may go, as far as whole parts are."""
        while self._joined and self._joined[0].until < before:
            part = self._joined.popleft()
            self._fold_rows(part, None)
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
        held = [Load(self.begin, session, ways) for session, ways in sorted(self._held.items())]
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
            start=self.begin,
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
        for number in np.unique(session).tolist():
            mine = session == number
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
    for number, change in zip(changes.number.tolist(), changes.change.tolist(), strict=True):
        state[number] = change > 0
    return state


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

    columns = ("second", "kind", "session", "prefix", "way")
    return News(
        until=parts[-1].until,
        rows=Rows(*(np.concatenate([getattr(p.rows, c) for p in parts]) for c in columns)),
        loads=[load for p in parts for load in p.loads],
        units=changes("units"),
        prefixes=changes("prefixes"),
        doubts=changes("doubts"),
        view=[v for p in parts for v in p.view],
    )
