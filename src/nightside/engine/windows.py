"""Observers: told window by window what was seen, by the same reading and the same judge as a replay's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nightside.engine.analysis import signals_of
from nightside.engine.elements import Instant, Place, Warn, places, second_of
from nightside.engine.flips import flip_columns
from nightside.engine.seeing import Seen, see
from nightside.model.errors import UsageError
from nightside.model.settings import Settings
from nightside.model.signal import Signal
from nightside.model.stretches import stretches
from nightside.routing.collector_log import UInt8
from nightside.routing.flip_rows import FlipRows, flip_rows
from nightside.routing.ways import NO_ASN
from nightside.signals.routes import RouteHistory, RouteSteps
from nightside.sources.element_filter import Block

CHANGES = pa.schema(
    [
        ("time", pa.timestamp("s", "UTC")),
        ("prefix", pa.string()),
        ("visible", pa.bool_()),
        ("since", pa.timestamp("s", "UTC")),
    ]
)
ROUTES = pa.schema(
    [
        ("collector", pa.string()),
        ("peer_address", pa.string()),
        ("peer_asn", pa.uint32()),
        ("origin", pa.uint32()),
        ("upstream", pa.uint32()),
    ]
)


class Observer(Protocol):
    """Whoever wants to be told: an object of any class with this method."""

    def window(self, begin: datetime, end: datetime, view: View) -> None:
        """What happened from `begin` to before `end` (UTC), and what is so at the end."""


def observe(
    inputs: Sequence[Place],
    observers: Sequence[Observer],
    *,
    every_s: int = 300,
    begin: Instant | None = None,
    end: Instant | None = None,
    countries: Sequence[str] = (),
    asns: Sequence[int] = (),
    settings: Settings | None = None,
    warn: Warn = lambda _text: None,
) -> None:
    """Call each observer with each window of `every_s` seconds, in the order of time, from the first table on.

    Windows begin at multiples of `every_s` since 1970 and are whole: what of `begin` to `end` (else of the input)
    fills none is left out. Countries only, all of them, unless narrowed or ASes are named, as in a replay; IPv4 alone.
    Raises UsageError, and InputError where nobody's routes are known, or nothing after `begin`.
    """
    if every_s < 1:
        raise UsageError(f"a window of {every_s} seconds", advice="Give a second or more as every_s.")
    settings = settings or Settings()
    begin_s, end_s = second_of(begin), second_of(end)
    seen = see(
        places(inputs),
        countries=countries,
        asns=asns,
        begin=begin_s,
        end=end_s,
        settings=settings,
        warn=warn,
    )
    course = _Course(seen, settings)
    first = max(course.start, begin_s or 0)
    for at in range(first + -first % every_s, course.end - every_s + 1, every_s):
        view = course.view(at, at + every_s)
        for observer in observers:
            observer.window(datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(at + every_s, UTC), view)


class _Course:
    """What happened over the whole input, asked window by window in the order of time."""

    def __init__(self, seen: Seen, settings: Settings) -> None:
        self.seen, self.settings = seen, settings
        observation = self.observation = seen.sight.observation
        self.start, self.end = observation.start, observation.end
        self.subject = seen.sight.subject.astype(bool)
        self._visible: UInt8 = observation.visible.copy()
        self._done = 0
        self._step_seconds = [step.second for step in observation.view]
        self._routes: dict[int, RouteSteps] = {}

    def view(self, begin: int, end: int) -> View:
        """The window from `begin` to before `end`; windows are asked for in the order of time."""
        changes = self.observation.prefixes
        upto = int(np.searchsorted(changes.second, end, "left"))
        np.add.at(
            self._visible.view(np.int8),
            changes.number[self._done : upto],
            changes.change[self._done : upto].astype(np.int8),
        )
        self._done = upto
        step = self.observation.view[max(0, bisect_right(self._step_seconds, end - 1) - 1)]
        return View(self, begin, end, self._visible.copy(), step.known, step.expected, step.unknown)

    @cached_property
    def signals(self) -> dict[str, Signal]:
        """By country code or AS number."""
        return {
            signal.entity.code: signal
            for some in self.seen.subjects
            for signal in signals_of(self.seen.sight, some, self.settings).values()
        }

    @cached_property
    def steps(self) -> dict[str, tuple[Any, Any, Any]]:
        """Of each signal asked for so far: from when on, so many units, unknown."""
        return {}

    def units(self, code: str, second: int) -> int | None:
        """Reachable units in this second; None where that is unknown."""
        if code not in self.signals:
            raise UsageError(
                f"{code} was not asked about",
                advice="Name it in countries or asns; without names all countries are.",
            )
        if code not in self.steps:
            begins, _ends, units, unknown = stretches(self.signals[code])
            self.steps[code] = begins, units, unknown
        begins, units, unknown = self.steps[code]
        place = int(np.searchsorted(begins, second, "right")) - 1
        return None if place < 0 or unknown[place] else int(units[place])

    @cached_property
    def flips(self) -> tuple[npt.NDArray[np.uint32], pa.Table]:
        """The seconds of all flips, and the flips."""
        collected = self.seen.collected
        wanted, family = self.seen.sight.subject, collected.prefix_table.family
        each: list[FlipRows] = [
            flip_rows(log, reading.placed, wanted, family)
            for log, reading in zip(collected.logs, collected.readings, strict=True)
        ]
        columns, order = flip_columns(collected, each)
        second, before, after = (
            np.concatenate([getattr(some, name) for some in each])[order]
            for name in ("second", "before", "after")
        )
        upstream = collected.ways.upstream[np.where(after == 0, before, after)]
        columns["upstream"] = pa.array(upstream, mask=upstream == NO_ASN)
        return second, pa.table(columns)

    @cached_property
    def history(self) -> RouteHistory:
        """The routes of single prefixes over time."""
        return RouteHistory(self.seen.sight.timeline)

    def number(self, prefix: str) -> int | None:
        """The number of an IPv4 prefix; None where nobody ever had a route to it. Raises UsageError."""
        block = Block.of(prefix)
        if block.family != 4:
            raise UsageError(f"{prefix} is IPv6, and windows are of IPv4", advice="Use nightside.rib for it.")
        return self.seen.collected.prefixes.find(block.high, block.low, block.length, 4)

    def routes(self, number: int, second: int) -> npt.NDArray[np.int64]:
        """By session its way to a prefix at the end of a second; 0 where it has none."""
        if number not in self._routes:
            self._routes[number] = self.history.steps(np.array([number], np.int64))
        steps = self._routes[number]
        rows = np.flatnonzero(steps.second <= second)
        rows = rows[np.argsort(steps.second[rows], kind="stable")]
        ways = np.zeros(len(self.seen.sight.timeline.sessions), np.int64)
        # Where one session is named twice the later row counts.
        ways[steps.session[rows]] = steps.way[rows]
        return ways


class View:
    """What was seen in one window, and what is so at its end; it stays as it is when the window is over."""

    def __init__(
        self,
        course: _Course,
        begin: int,
        end: int,
        visible: UInt8,
        known: int,
        expected: int,
        unknown: bool,
    ) -> None:
        self._course, self._begin, self._end, self._visible = course, begin, end, visible
        self.peers_known: int = known
        """Full-feed peer ASes that are known at the end."""
        self.peers_expected: int = expected
        """Those that one would expect to be: of the last day."""
        self.unknown: bool = unknown
        """Too few peers are known at the end to tell anything."""

    @property
    def unknown_s(self) -> int:
        """So many seconds of the window too few peers were known."""
        spans = self._course.observation.unknown
        return sum(max(0, min(u.end, self._end) - max(u.begin, self._begin)) for u in spans)

    def units(self, whom: str | int) -> int | None:
        """Reachable /24s of a country (`"KP"`) or an AS (131279) at the end; None where that is unknown.

        Raises UsageError for whom was not asked about.
        """
        code = str(whom) if isinstance(whom, int) else whom.strip().upper()
        return self._course.units(code, self._end - 1)

    def visible_prefixes(self) -> list[str] | None:
        """The prefixes that are visible at the end, of those that cover a unit of whom was asked about.

        Sorted by address; None where that is unknown.
        """
        if self.unknown:
            return None
        table, index = self._course.seen.collected.prefix_table, self._course.seen.collected.prefixes
        numbers = np.flatnonzero((self._visible > 0) & self._course.subject)
        order = np.lexsort((table.length[numbers], table.hi[numbers]))
        return [index.text(number) for number in numbers[order].tolist()]

    def is_visible(self, prefix: str) -> bool | None:
        """Whether half of the full-feed peer ASes have a route to just this prefix at the end; None: unknown."""
        number = self._course.number(prefix)
        if self.unknown:
            return None
        return number is not None and bool(self._visible[number])

    @cached_property
    def changes(self) -> pa.Table:
        """The prefixes that became visible or invisible within the window, in the order of time.

        `since` is null, or from when on it may have happened without being seen.
        """
        changes, index = self._course.observation.prefixes, self._course.seen.collected.prefixes
        lo, hi = np.searchsorted(changes.second, [self._begin, self._end], "left")
        since = changes.since[lo:hi].astype(np.int64)
        columns = [
            pa.array(changes.second[lo:hi].astype(np.int64)).cast(pa.timestamp("s", "UTC")),
            pa.array([index.text(n) for n in changes.number[lo:hi].tolist()], pa.string()),
            pa.array(changes.change[lo:hi] > 0),
            pa.array(since, mask=since == 0).cast(pa.timestamp("s", "UTC")),
        ]
        return pa.table(columns, schema=CHANGES)

    @cached_property
    def flips(self) -> pa.Table:
        """What single peers lost, gained or re-routed within the window, in the order of time.

        Columns: time, collector, peer_address, peer_asn, prefix, kind (`lost`, `gained`, `rerouted`), source
        (`update`, `transfer`, `table`), origin, upstream; of a loss, those that were lost.
        """
        second, table = self._course.flips
        lo, hi = np.searchsorted(second, [self._begin, self._end], "left").tolist()
        return table.slice(lo, hi - lo)

    def routes(self, prefix: str) -> pa.Table:
        """The way of each session whose vote counts at the end to just this prefix; origin and upstream are null
        where it has no route. Sessions that are unknown, or no full feed, are left out.
        """
        line, ways = self._course.seen.sight.timeline, self._course.seen.collected.ways
        number, last = self._course.number(prefix), self._end - 1
        voting = [
            session
            for session, spans in sorted(line.votes.items())
            if any(begin <= last and (until is None or last < until) for begin, until, _why in spans)
        ]
        held = np.zeros(len(line.sessions), np.int64) if number is None else self._course.routes(number, last)
        way = held[voting]
        upstream = ways.upstream[way]
        who = [line.sessions[session] for session in voting]
        columns = [
            pa.array([s.collector for s in who], pa.string()),
            pa.array([s.address for s in who], pa.string()),
            pa.array([s.asn for s in who], pa.uint32()),
            pa.array(ways.origin[way], mask=way == 0),
            pa.array(upstream, mask=(way == 0) | (upstream == NO_ASN)),
        ]
        return pa.table(columns, schema=ROUTES)
