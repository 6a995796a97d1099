"""The course of reachability, cut to what a strip or a table can hold: the lowest of each piece of time.

No words and no markup here. Without sight is None, never zero.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from nightside.model.series import IncidentSeries
from nightside.publish.chart_time import STEPS_S

DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of time [begin, end) in seconds: the lowest that was seen in it."""

    begin: int
    end: int
    units: int | None
    """Reachable units at the lowest; None where there was no sight at all."""
    baseline: int | None
    """The baseline that held then; None with `units`."""
    unseen_s: int
    """Seconds of it without sight."""

    @property
    def share(self) -> float | None:
        """`units` of `baseline`; None without sight, or without a baseline."""
        if self.units is None or not self.baseline:
            return None
        return self.units / self.baseline


def round_step(width_s: int, most: int) -> int:
    """The shortest round step in seconds that cuts `width_s` into at most `most` pieces."""
    for step in STEPS_S:
        if width_s <= step * most:
            return step
    years = -(-width_s // (365 * DAY_S * most))
    return years * 365 * DAY_S


def in_steps(series: IncidentSeries, step_s: int) -> list[Piece]:
    """Pieces at the multiples of `step_s` in UTC, the first and the last cut to the series."""
    edges = [series.begin, *range(-(-series.begin // step_s) * step_s, series.end, step_s), series.end]
    cuts = sorted(set(edges))
    return _pieces(series, cuts)


def in_parts(series: IncidentSeries, parts: int) -> list[Piece]:
    """At most `parts` pieces of equal length, to the second."""
    width = series.end - series.begin
    cuts = sorted({series.begin + width * i // parts for i in range(parts + 1)})
    return _pieces(series, cuts)


def _pieces(series: IncidentSeries, cuts: list[int]) -> list[Piece]:
    return [_piece(series, a, b) for a, b in pairwise(cuts)]


def _piece(series: IncidentSeries, begin: int, end: int) -> Piece:
    """The lowest share within [begin, end) while there was sight."""
    unseen_s = sum(max(0, min(end, b) - max(begin, a)) for a, b, _ in series.unknown)
    first = max(0, bisect_right(series.times, begin) - 1)
    lowest: tuple[float, int, int] | None = None
    for i in range(first, len(series.times)):
        since = max(begin, series.times[i])
        until = min(end, series.times[i + 1] if i + 1 < len(series.times) else series.end)
        if since >= end:
            break
        if since >= until or _hidden(series, since, until):
            continue
        units, baseline = series.units[i], series.baseline[i]
        share = units / baseline if baseline else 1.0
        lowest = min(lowest or (share, units, baseline), (share, units, baseline))
    if lowest is None:
        return Piece(begin, end, None, None, unseen_s)
    return Piece(begin, end, lowest[1], lowest[2], unseen_s)


def _hidden(series: IncidentSeries, begin: int, end: int) -> bool:
    """Whether there was no sight in all of [begin, end)."""
    return sum(max(0, min(end, b) - max(begin, a)) for a, b, _ in series.unknown) >= end - begin
