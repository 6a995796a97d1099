"""Upstream shares over time, as steps, from stretches of (known AS, network) pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Step = tuple[int, float | None]
MOST_STEPS = 1500
"""More of them than a chart has room for are drawn together into time-means of equal lengths."""


@dataclass
class PairCounts:
    """How many pairs of known ASes there are in each second, and how many of them go through which upstream."""

    known: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """By second: how many pairs more (or fewer) are known from then on."""
    through: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    """By upstream: the same of the pairs that it carries."""

    def add(self, upstream: int | None, since: int, until: int) -> None:
        """One pair is known from `since` to before `until`, and goes through `upstream` (None: nowhere)."""
        if since >= until:
            return
        self.known[since] += 1
        self.known[until] -= 1
        if upstream is not None:
            mine = self.through[upstream]
            mine[since] += 1
            mine[until] -= 1

    def add_all(
        self,
        upstream: npt.NDArray[np.int64],
        since: npt.NDArray[np.int64],
        until: npt.NDArray[np.int64],
        *,
        nobody: int,
    ) -> None:
        """Many stretches at once, none empty, each of one pair; `nobody` stands for no upstream."""
        for second, change in _moves(since, until):
            self.known[second] += change
        order = np.argsort(upstream, kind="stable")
        asns, counts = np.unique(upstream, return_counts=True)
        ends = np.cumsum(counts)
        for asn, begin, end in zip(asns.tolist(), ends - counts, ends, strict=True):
            rows = order[begin:end]
            if asn != nobody:
                mine = self.through[asn]
                for second, change in _moves(since[rows], until[rows]):
                    mine[second] += change

    def course(self, upstreams: Collection[int], begin: int, end: int) -> list[Step]:
        """The share that `upstreams` carry together, from `begin` to before `end`; the first step is at `begin`.

        None stands where the AS of no pair is known.
        """
        carried: dict[int, int] = defaultdict(int)
        for asn in upstreams:
            for second, change in self.through.get(asn, {}).items():
                carried[second] += change
        steps: list[Step] = []
        for second, known, mine in _counted(self.known, carried, begin, end):
            share = mine / known if known else None
            if not steps or steps[-1][1] != share:
                steps.append((second, share))
        return thinned(steps, begin, end, MOST_STEPS)


def _moves(since: npt.NDArray[np.int64], until: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """(second, how many stretches more run from then on than before), where that is not nothing."""
    seconds, where = np.unique(np.concatenate([since, until]), return_inverse=True)
    change = np.repeat([1.0, -1.0], [len(since), len(until)])
    moves = np.bincount(where.reshape(-1), change, len(seconds)).astype(np.int64)
    there = moves != 0
    return zip(seconds[there].tolist(), moves[there].tolist(), strict=True)


def _counted(
    known: dict[int, int], carried: dict[int, int], begin: int, end: int
) -> Iterator[tuple[int, int, int]]:
    """(second, pairs known, pairs carried) at `begin` and at each change before `end`."""
    seconds = sorted(s for s in {*known, *carried} if s < end)
    pairs = mine = 0
    started = False
    for second in seconds:
        if second > begin and not started:
            yield begin, pairs, mine
            started = True
        pairs += known.get(second, 0)
        mine += carried.get(second, 0)
        if second >= begin:
            yield second, pairs, mine
            started = True
    if not started:
        yield begin, pairs, mine


def thinned(steps: Sequence[Step], begin: int, end: int, most: int) -> list[Step]:
    """The steps as they are, or, where they are more than `most`, time-means over `most` parts of equal length.

    A mean is over the time in which the share is known, and None where there is none.
    """
    if len(steps) <= most:
        return list(steps)
    cuts = [begin + (end - begin) * i // most for i in range(most + 1)]
    ends = [second for second, _ in steps[1:]] + [end]
    found: list[Step] = []
    i = 0
    for first, last in pairwise(cuts):
        seen_s, total = 0, 0.0
        while i < len(steps) and ends[i] <= first:
            i += 1
        for k in range(i, len(steps)):
            since, until = max(steps[k][0], first), min(ends[k], last)
            if since >= last:
                break
            share = steps[k][1]
            if share is not None and until > since:
                seen_s += until - since
                total += share * (until - since)
        mean = total / seen_s if seen_s else None
        if not found or found[-1][1] != mean:
            found.append((first, mean))
    return found
