"""Sets of /24s as stretches: those of a country, or of an AS, are few of these."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.world.snapshot import Snapshot

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Units:
    """Some /24s, as stretches from `first` to before `behind`; ascending."""

    first: Int64
    behind: Int64

    @classmethod
    def of(cls, units: Int64) -> Units:
        """Of these, ascending."""
        begins = np.flatnonzero(np.diff(units, prepend=-2) != 1)
        ends = np.append(begins[1:], len(units))[: len(begins)] - 1
        return cls(units[begins], units[ends] + 1)

    @classmethod
    def of_countries(cls, snapshot: Snapshot, numbers: Collection[int]) -> Units:
        """Of these countries, by number."""
        starts, codes = snapshot.ipv4_runs
        mine = np.flatnonzero(np.isin(codes, list(numbers)))
        ends = np.append(starts[1:], np.uint64(1 << 24))
        return cls(starts[mine].astype(np.int64), ends[mine].astype(np.int64))

    @classmethod
    def all(cls) -> Units:
        """Of everybody."""
        return cls(np.array([0]), np.array([1 << 24]))

    def overlap(self, first: Int64, behind: Int64) -> Bool:
        """Which of the stretches from `first` to before `behind` hold one of them."""
        begins = np.append(self.first, np.iinfo(np.int64).max)
        found: Bool = begins[np.searchsorted(self.behind, first, "right")] < behind
        return found

    def below(self, hi: npt.NDArray[np.uint64], length: UInt8, family: UInt8, shortest: int) -> Bool:
        """Which of these prefixes cover one of them."""
        fits = (family == 4) & (length >= shortest) & (length <= 24)
        first = (hi >> np.uint64(40)).astype(np.int64)
        behind = first + (np.int64(1) << (24 - np.minimum(length, 24).astype(np.int64)))
        covers: Bool = fits & self.overlap(first, behind)
        return covers
