"""The baseline: the time-weighted median of what was reachable, without the values of open incidents."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

Stretch = tuple[int, int]


def subtract(whole: Stretch, holes: Sequence[Stretch]) -> list[Stretch]:
    """What is left of one stretch without the holes; holes sorted by begin."""
    left: list[Stretch] = []
    begin, end = whole
    for a, b in holes:
        if b <= begin:
            continue
        if a >= end:
            break
        if a > begin:
            left.append((begin, a))
        begin = max(begin, b)
    if begin < end:
        left.append((begin, end))
    return left


def weighted_median(times: Sequence[int], values: Sequence[int], stretches: Sequence[Stretch]) -> int | None:
    """Median of a step function over the stretches, weighted by time; None where they hold no time.

    `values[i]` holds from `times[i]` until `times[i+1]`, the last for ever. Of two middle values the higher.
    """
    weight: dict[int, int] = {}
    for begin, end in stretches:
        i = max(bisect_right(times, begin) - 1, 0)
        at = begin
        while at < end:
            until = min(times[i + 1], end) if i + 1 < len(times) else end
            if until > at:
                weight[values[i]] = weight.get(values[i], 0) + until - at
                at = until
            i += 1
    total = sum(weight.values())
    if total == 0:
        return None
    so_far = 0
    for value in sorted(weight):
        so_far += weight[value]
        if 2 * so_far > total:
            return value
    return max(weight)
