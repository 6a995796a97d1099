"""Which collector's clock is off: it tells of the same events earlier, or later, than all others, again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import Observation, PrefixTable
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
SECOND = np.uint64(0xFFFFFFFF)
MOST_EVENTS = 20_000
"""More crossings than these are not looked at; which, chance decides, and always in the same way."""


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


@dataclass(frozen=True, slots=True, order=True)
class Crossing:
    """A prefix became visible, or invisible."""

    drawn: int
    """By chance, from all that follows: those with the lowest are looked at."""
    second: int
    hi: int
    length: int
    change: int
    told: dict[str, float] = field(compare=False)
    """By collector the median second at which its sessions told of it; empty where fewer than three did."""


@dataclass(frozen=True)
class Crossings:
    """What clocks are told by. Of parts of an input's prefixes: `together` is what the whole gives."""

    collectors: list[str]
    """All of the input, by name."""
    drawn: list[Crossing]
    """Ascending; MOST_EVENTS at most."""


def together(parts: Sequence[Crossings]) -> Crossings:
    """Those of all parts, which may share prefixes; each part knows all collectors."""
    each = {one: one for part in parts for one in part.drawn}
    return Crossings(parts[0].collectors, sorted(each)[:MOST_EVENTS])


def clocks_off(told_of: Crossings, start: int, end: int) -> list[ClockOff]:
    """Collectors whose clocks seem off, by name and time. With fewer than three collectors nobody can tell whose.

    `start` and `end` are the seconds between which somebody saw.
    """
    lags: dict[tuple[str, int], list[int]] = defaultdict(list)
    for one in told_of.drawn:
        if not one.told:
            continue
        middle = median(one.told.values())
        for collector, at in one.told.items():
            lags[collector, one.second // WINDOW_S].append(round(at - middle))
    found: list[ClockOff] = []
    for (collector, window), mine in sorted(lags.items()):
        offset = round(median(mine))
        same = sum((lag > 0) == (offset > 0) for lag in mine)
        if len(mine) < LEAST_EVENTS or abs(offset) < OFF_S or same < SAME_SIGN * len(mine):
            continue
        begin, stop = window * WINDOW_S, (window + 1) * WINDOW_S
        last = found[-1] if found else None
        if last and last.collector == collector and last.end == begin and abs(last.offset_s - offset) < OFF_S:
            begin, mine = last.begin, [last.offset_s] * last.events + mine
            found.pop()
        found.append(
            ClockOff(
                collector,
                max(begin, start),
                min(stop, end),
                round(median(mine)),
                len(mine),
            )
        )
    return found


def crossings(timeline: Timeline, observation: Observation, prefixes: PrefixTable) -> Crossings:
    """The crossings of prefixes that are told of, and when each collector told of them."""
    names = sorted({s.collector for s in timeline.sessions})
    if len(names) < 3:
        return Crossings(names, [])
    told = observation.prefixes
    hi, length = prefixes.hi[told.number], prefixes.length[told.number]
    drawn = _drawn(hi, length, told.second, told.change)
    some = np.argsort(drawn, kind="stable")[:MOST_EVENTS]
    medians = _medians(timeline, names, told.number[some], told.second[some], told.change[some] > 0)
    columns = (drawn, told.second, hi, length, told.change)
    rows = zip(*(column[some].tolist() for column in columns), medians, strict=True)
    return Crossings(names, sorted(Crossing(*row) for row in rows))


def _drawn(
    hi: npt.NDArray[np.uint64], length: npt.NDArray[np.uint8], second: npt.NDArray[np.uint32], change: Any
) -> npt.NDArray[np.uint64]:
    """A number for each crossing that looks like chance (the finalizer of SplitMix64)."""
    z = hi ^ (length.astype(np.uint64) << np.uint64(33)) ^ (second.astype(np.uint64) << np.uint64(1))
    z ^= (change > 0).astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
    drawn: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return drawn


def _medians(
    timeline: Timeline,
    names: list[str],
    prefix: npt.NDArray[np.uint32],
    at: npt.NDArray[np.uint32],
    up: npt.NDArray[np.bool_],
) -> list[dict[str, float]]:
    """For each crossing `Crossing.told`."""
    each, place = np.unique(prefix, return_inverse=True)
    rows = np.flatnonzero((timeline.kind == FLIP) & np.isin(timeline.prefix, each))
    number = {name: i for i, name in enumerate(names)}
    collector = np.array([number[s.collector] for s in timeline.sessions], np.uint64)[timeline.session[rows]]
    # Flips of one prefix, one sign and one collector lie together, in the order of time.
    flip = _key(
        np.searchsorted(each, timeline.prefix[rows]),
        timeline.way[rows] != 0,
        collector,
        timeline.second[rows],
    )
    flip.sort()
    found: list[dict[str, float]] = [{} for _ in at]
    told = np.zeros((len(names), len(at)))
    count = np.zeros(told.shape, np.int64)
    for i in range(len(names)):
        mine = np.uint64(i)
        begin = np.searchsorted(flip, _key(place, up, mine, np.maximum(at, NEAR_S) - NEAR_S))
        end = np.searchsorted(flip, _key(place, up, mine, at + NEAR_S))
        count[i] = end - begin
        some = np.flatnonzero(count[i])
        # Of an even number the middle of the two in the middle.
        low, high = flip[(begin + end - 1)[some] // 2], flip[(begin + end)[some] // 2]
        told[i, some] = ((low & SECOND) + (high & SECOND)) / 2
    for which in np.flatnonzero(np.count_nonzero(count, axis=0) >= 3).tolist():
        heard = np.flatnonzero(count[:, which])
        found[which] = {names[i]: float(told[i, which]) for i in heard.tolist()}
    return found


def _key(place: Any, up: Any, collector: Any, second: Any) -> npt.NDArray[np.uint64]:
    """Prefix, sign, collector and second as one number."""
    high = np.asarray(place, np.uint64) << np.uint64(44) | np.asarray(up, np.uint64) << np.uint64(43)
    key: npt.NDArray[np.uint64] = high | collector << np.uint64(32) | np.asarray(second, np.uint64)
    return key
