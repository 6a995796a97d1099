"""Results as columns, series by series, and for how long each of them holds.

A *series* is what one place found of one part. How often it is checked is read from the series itself, day by day
(UTC): the middle of its intervals of that day (of two the shorter), else of the last day that had any, else of the
next. So a place that checks once a day is believed for two days and a half, one that checks every minute for two
minutes and a half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightside.checks.spans import Bool, Int64
from nightside.model.check_settings import CheckSettings

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Series:
    """What tells something of its target, by series and time; all columns of one length but the last."""

    series: Int64
    at: Int64
    """Milliseconds since the epoch."""
    ok: Bool
    answered: Bool
    """Somebody answered, though perhaps not as it should be."""
    round: Int64
    """Milliseconds: how often it is checked."""
    place_of: Int64
    """By series."""

    def where(self, chosen: Bool) -> Series:
        """Some of the rows; what was found out of the rounds stays."""
        return Series(
            self.series[chosen],
            self.at[chosen],
            self.ok[chosen],
            self.answered[chosen],
            self.round[chosen],
            self.place_of,
        )

    @property
    def place(self) -> Int64:
        """Of each row."""
        return self.place_of[self.series]


def series_of(
    series: Int64, at: Int64, ok: Bool, answered: Bool, place_of: Int64, settings: CheckSettings
) -> Series:
    """Results that tell something, in any order, as `Series`. `series` are numbers from 0 on."""
    order = np.lexsort((at, series))
    series, at = series[order], at[order]
    rounds = _rounds(series, at, settings)
    return Series(series, at, ok[order], answered[order], rounds, place_of)


def _rounds(series: Int64, at: Int64, settings: CheckSettings) -> Int64:
    if not len(at):
        return np.zeros(0, np.int64)
    first = np.ones(len(at), bool)
    first[1:] = series[1:] != series[:-1]
    interval = np.minimum(np.diff(at, prepend=at[0]), settings.longest_round_s * 1000)
    day = at // DAY_MS
    new = first.copy()
    new[1:] |= day[1:] != day[:-1]
    group = np.cumsum(new) - 1
    # The middle of each day's intervals; the first of a series has none.
    rows = np.flatnonzero(~first)
    rows = rows[np.lexsort((interval[rows], group[rows]))]
    groups = int(group[-1]) + 1
    count = np.bincount(group[rows], minlength=groups)
    begin = np.cumsum(count) - count
    has = count > 0
    middle = np.zeros(groups, np.int64)
    middle[has] = interval[rows[begin[has] + (count[has] - 1) // 2]]
    # A day without any has what the last day of its series had that had any, else the next.
    of_series = series[np.flatnonzero(new)]
    number = np.arange(groups)
    last = np.maximum.accumulate(np.where(has, number, -1))
    following = np.minimum.accumulate(np.where(has, number, groups)[::-1])[::-1]
    found = np.full(groups, settings.round_unknown_s * 1000)
    for near in (following, last):
        inside = (near >= 0) & (near < groups)
        known = inside & (of_series[np.where(inside, near, 0)] == of_series)
        found[known] = middle[near[known]]
    return np.asarray(np.maximum(found, 1)[group], np.int64)


def held_ms(rows: Series, settings: CheckSettings) -> Int64:
    """For how long each row holds."""
    return (rows.round * settings.heard_rounds).astype(np.int64)
