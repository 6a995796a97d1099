"""Which units are seen through one upstream alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

UNITS = 1 << 24


class WaysIn:
    """By unit (/24 of IPv4) the upstreams that it is seen through, as far as "one, and which" or "several"."""

    def __init__(self) -> None:
        # Pages that nobody writes to take no memory: few units cost little.
        self._first = np.zeros(UNITS, np.uint64)
        """The first upstream plus one; 0: the unit is not seen."""
        self._several = np.zeros(UNITS, bool)

    def add(self, upstream: int, units: NDArray[np.int64]) -> None:
        """These units are seen through this upstream, perhaps among others."""
        mine = np.uint64(upstream + 1)
        before = self._first[units]
        self._several[units[(before > 0) & (before != mine)]] = True
        self._first[units[before == 0]] = mine

    def total(self) -> int:
        """How many units are seen through anybody."""
        return int(np.count_nonzero(self._first))

    def sole_ways(self) -> Counter[int]:
        """By upstream, how many units are seen through it and no other."""
        upstreams, counts = np.unique(self._first[(self._first > 0) & ~self._several], return_counts=True)
        return Counter(dict(zip((upstreams - np.uint64(1)).tolist(), counts.tolist(), strict=True)))
