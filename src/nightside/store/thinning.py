"""Every change of a signal, thinned out to the means of hours.

What is known of an hour without a break becomes one row: the mean over time, to the nearest whole unit, and the last
baseline known in it. What is unknown stays unknown, to the second.
"""

from __future__ import annotations

import numpy as np

from nightside.store.samples import Points
from nightside.store.segments import HOUR_S, NONE, Int64


def thinned(points: Points, end: int) -> tuple[Int64, Int64, Int64, Int64]:
    """Change points up to `end` by the hour: begins, ends, units, baselines."""
    ends = np.append(points.begin_s[1:], end)
    unknown_row = points.units == NONE
    first = points.begin_s // HOUR_S
    count = np.where(unknown_row, 1, (ends - 1) // HOUR_S - first + 1)
    row = np.repeat(np.arange(len(count)), count)
    hour = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    unknown = unknown_row[row]
    begin_s = np.maximum(points.begin_s[row], hour * HOUR_S)
    end_s = np.where(unknown, ends[row], np.minimum(ends[row], (hour + 1) * HOUR_S))
    units, baseline = points.units[row], points.baseline[row]

    new = np.ones(len(row), bool)
    new[1:] = unknown[1:] | unknown[:-1] | (hour[1:] != hour[:-1])
    starts = np.flatnonzero(new)
    last = np.append(starts[1:], len(row)) - 1
    lasts = end_s - begin_s
    total, seconds = np.add.reduceat(units * lasts, starts), np.add.reduceat(lasts, starts)
    # The place of the last row with a baseline, of each stretch.
    told = np.maximum.reduceat(np.where(baseline != NONE, np.arange(len(row)), -1), starts)
    return (
        begin_s[starts],
        end_s[last],
        np.where(unknown[starts], NONE, (2 * total + seconds) // (2 * seconds)),
        np.where(told < 0, NONE, baseline[told]),
    )
