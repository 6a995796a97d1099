"""Which collector's clock is off: it tells of the same events earlier, or later, than all others, again and again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import Observation
from nightside.routing.timeline import Timeline

FLIP = EVENT_KINDS["FLIP"]
NEAR_S = 300
"""Flips of a prefix this near to its crossing are of the same event."""
WINDOW_S = 6 * 3600
LEAST_EVENTS = 10
"""So many events within a window are needed to tell."""
OFF_S = 15
"""Collectors differ by less for reasons of routing: the way is longer, or a router waits before it tells."""
SAME_SIGN = 0.8
MOST_EVENTS = 20_000
"""More crossings than these are not looked at; they are taken evenly over the time."""


@dataclass(frozen=True, slots=True)
class ClockOff:
    """The clock of a collector was off by `offset_s` (positive: ahead of the others') from `begin` to `end`.

    An estimate, the median over `events` events; times are told as the collector stamped them.
    """

    collector: str
    begin: int
    end: int
    offset_s: int
    events: int


def clocks_off(timeline: Timeline, observation: Observation) -> list[ClockOff]:
    """Collectors whose clocks seem off, by name and time. With fewer than three collectors nobody can tell whose."""
    names = sorted({s.collector for s in timeline.sessions})
    if len(names) < 3:
        return []
    lags: dict[tuple[str, int], list[int]] = defaultdict(list)
    for second, told in _events(timeline, observation, names):
        if len(told) < 3:
            continue
        middle = median(told.values())
        for collector, at in told.items():
            lags[collector, second // WINDOW_S].append(round(at - middle))
    found: list[ClockOff] = []
    for (collector, window), mine in sorted(lags.items()):
        offset = round(median(mine))
        same = sum((lag > 0) == (offset > 0) for lag in mine)
        if len(mine) < LEAST_EVENTS or abs(offset) < OFF_S or same < SAME_SIGN * len(mine):
            continue
        begin, end = window * WINDOW_S, (window + 1) * WINDOW_S
        last = found[-1] if found else None
        if last and last.collector == collector and last.end == begin and abs(last.offset_s - offset) < OFF_S:
            begin, mine = last.begin, [last.offset_s] * last.events + mine
            found.pop()
        found.append(
            ClockOff(
                collector,
                max(begin, observation.start),
                min(end, observation.end),
                round(median(mine)),
                len(mine),
            )
        )
    return found


def _events(
    timeline: Timeline, observation: Observation, names: list[str]
) -> list[tuple[int, dict[str, float]]]:
    """Each crossing of a prefix: its second, and the median second at which each collector told of it."""
    told = (timeline.kind == FLIP) & (np.isin(timeline.prefix, np.unique(observation.prefixes.number)))
    rows = np.flatnonzero(told)
    rows = rows[np.lexsort((timeline.second[rows], timeline.prefix[rows]))]
    prefix, second = timeline.prefix[rows].astype(np.int64), timeline.second[rows].astype(np.int64)
    key = (prefix << 32) | second
    place = {name: i for i, name in enumerate(names)}
    collector = np.array([place[s.collector] for s in timeline.sessions], np.int64)[timeline.session[rows]]
    gained = timeline.way[rows] != 0
    crossings = observation.prefixes
    step = max(1, -(-len(crossings.second) // MOST_EVENTS))
    found = []
    for at, number, change in zip(
        crossings.second[::step].tolist(),
        crossings.number[::step].tolist(),
        crossings.change[::step].tolist(),
        strict=True,
    ):
        base = int(number) << 32
        lo, hi = np.searchsorted(key, [base + max(at - NEAR_S, 0), base + at + NEAR_S])
        mine = np.flatnonzero(gained[lo:hi] == (change > 0)) + lo
        found.append((int(at), _medians(names, collector[mine], second[mine])))
    return found


def _medians(
    names: list[str], collector: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> dict[str, float]:
    return {
        name: float(np.median(second[collector == i]))
        for i, name in enumerate(names)
        if (collector == i).any()
    }
