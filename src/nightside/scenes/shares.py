"""Shares of one entity to episodes: a short reading of docs/definitions.md, for the truth of the benchmark.

The baseline is the median of the last 24 hours, taken at each full hour, without what lies in open incidents;
an incident is open from its first episode's onset until six hours after its last end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nightside.model.settings import Settings
from nightside.scenes.scene import Severity
from nightside.scenes.truth import TrueEpisode

HOUR_S = 3600


class _Below:
    """One threshold over time."""

    def __init__(self, severity: Severity, is_below: Callable[[float], bool], confirmed_s: int) -> None:
        self.severity, self.is_below, self.confirmed_s = severity, is_below, confirmed_s
        self.onset: int | None = None
        self.back: int | None = None
        self.found: list[TrueEpisode] = []

    def settle(self, now: int) -> None:
        """An end counts once it has lasted."""
        if self.onset is not None and self.back is not None and now - self.back >= self.confirmed_s:
            self.found.append(TrueEpisode(self.severity, self.onset, self.back))
            self.onset = self.back = None

    def see(self, now: int, share: float) -> None:
        """The share from now on."""
        self.settle(now)
        if self.is_below(share):
            self.onset = now if self.onset is None else self.onset
            self.back = None
        elif self.onset is not None and self.back is None:
            self.back = now


def episodes(
    times: NDArray[np.int64], units: NDArray[np.int64], end: int, rules: Settings
) -> list[TrueEpisode]:
    """The episodes of a step function: `units[i]` from `times[i]` on, the first being the first table."""
    base = int(units[0])
    begin = int(times[0])
    if base == 0 and not units.any():
        return []
    levels = [
        _Below("partial", lambda s: s < rules.partial_below, rules.end_confirmed_s),
        _Below("severe", lambda s: s < rules.severe_below, rules.end_confirmed_s),
        _Below("total", lambda s: s <= rules.total_at, rules.end_confirmed_s),
    ]
    shut: list[tuple[int, int]] = []
    opened: int | None = None
    busy = begin
    hours = np.arange(begin - begin % HOUR_S + HOUR_S, end, HOUR_S)
    moments = np.union1d(times, hours)
    at = np.searchsorted(times, moments, side="right") - 1
    for now, value in zip(moments.tolist(), units[at].tolist(), strict=True):
        for level in levels:
            level.settle(now)
        if opened is not None and all(level.onset is None for level in levels):
            last = max(e.end for level in levels for e in level.found[-1:] if e.end is not None)
            busy = max(busy, last)
            if now >= busy + rules.quiet_s:
                shut.append((opened, busy + rules.quiet_s))
                opened = None
        if now % HOUR_S == 0 and opened is None and now > begin:
            base = _median(times, units, max(begin, now - rules.baseline_window_s), now, shut, base)
        if base == 0:
            continue
        for level in levels:
            level.see(now, value / base)
        if opened is None:
            onsets = [level.onset for level in levels if level.onset is not None]
            opened = min(onsets, default=None)
    found = []
    for level in levels:
        level.settle(end)
        found += level.found
        if level.onset is not None:
            found.append(TrueEpisode(level.severity, level.onset, None))
    return sorted(found, key=lambda e: e.onset)


def _median(
    times: NDArray[np.int64],
    units: NDArray[np.int64],
    begin: int,
    end: int,
    shut: list[tuple[int, int]],
    otherwise: int,
) -> int:
    """The median over [begin, end) by time, without the stretches in `shut`; of two middle values the higher."""
    first = max(int(np.searchsorted(times, begin, side="right")) - 1, 0)
    last = int(np.searchsorted(times, end))
    edges = np.append(np.maximum(times[first:last], begin), end)
    weight = np.diff(edges)
    for a, b in shut:
        if b > begin and a < end:
            weight -= np.maximum(np.minimum(edges[1:], b) - np.maximum(edges[:-1], a), 0)
    if weight.sum() == 0:
        return otherwise
    order = np.argsort(units[first:last], kind="stable")
    so_far = np.cumsum(weight[order])
    return int(units[first:last][order][np.searchsorted(2 * so_far, so_far[-1], side="right")])
