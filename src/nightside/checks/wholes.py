"""A failure of a whole target is one of each of its parts.

Where a place cannot find the name servers of a zone, or the mail servers of a domain, its result is of no part. It is
taken for one of each part that this place found when it last found any, within a day; else nobody would say that these
are down, just when the names by which they are found are gone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nightside.checks.spans import Int64

if TYPE_CHECKING:
    from nightside.checks.judging import Told

FOUND_TOGETHER_MS = 500
"""The parts of one check begin at once, or nearly."""


def of_each_part(told: Told, lately_ms: int) -> Told:
    """The same results, with one for each part in place of one for the whole; what no part is known of stays."""
    source, part = [np.arange(len(told.at))], [told.part]
    kept = np.ones(len(told.at), bool)
    for whole, named in _wholes(told):
        for place in np.unique(told.place[told.part == whole]):
            mine = told.place == place
            failed = np.flatnonzero(mine & (told.part == whole) & ~told.ok)
            found = np.flatnonzero(mine & np.isin(told.part, named))
            row, its = _last_found(told, failed, found[np.argsort(told.at[found], kind="stable")], lately_ms)
            source.append(row)
            part.append(its)
            kept[row] = False
    if len(part) == 1:
        return told
    kept = np.concatenate([kept, np.ones(sum(map(len, part[1:])), bool)])
    rows = np.concatenate(source)[kept]
    numbers, parts = np.unique(np.concatenate(part)[kept], return_inverse=True)
    return replace(
        told,
        at=told.at[rows],
        place=told.place[rows],
        part=parts.astype(np.int64),
        parts=[told.parts[number] for number in numbers.tolist()],
        ok=told.ok[rows],
        answered=told.answered[rows],
        total_ms=told.total_ms[rows],
    )


def _wholes(told: Told) -> list[tuple[int, list[int]]]:
    """The part that is the whole, and the others, of each target that has both."""
    of: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for number, one in enumerate(told.parts):
        of[one.target, one.kind, one.family].append(number)
    # Parts are in order: what has no name comes first.
    return [(ones[0], ones[1:]) for ones in of.values() if len(ones) > 1 and not told.parts[ones[0]].part]


def _last_found(told: Told, failed: Int64, found: Int64, lately_ms: int) -> tuple[Int64, Int64]:
    """Rows of `failed`, each once for each part that was found last before it, and these parts."""
    at = told.at[found]
    end = np.searchsorted(at, told.at[failed], "right")
    failed, end = failed[end > 0], end[end > 0]
    last = at[end - 1]
    soon = told.at[failed] - last <= lately_ms
    failed, end, last = failed[soon], end[soon], last[soon]
    begin = np.searchsorted(at, last - FOUND_TOGETHER_MS, "left")
    count = end - begin
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(failed, count), told.part[found[np.repeat(begin, count) + nth]]
