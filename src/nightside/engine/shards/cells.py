"""Which prefixes a shard needs, so that what it tells of its countries is what the whole tells (docs/decisions/0023).

What a prefix tells of a unit may hang on any other unit below it (who is a stranger goes by how much of the prefix is
reachable), so a shard needs, of each outermost prefix that holds a unit of its countries, all prefixes within it.
These lie in one *cell*: the prefixes that share the first eight bits of their addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.engine.unit_stretches import Units
from nightside.world.snapshot import Snapshot

CELLS = 256
EVERY = CELLS
"""The cell of prefixes that are too short to count as cover, and of what concerns sessions: every shard's."""
NOBODY = CELLS + 1
"""The cell of what no replay looks at: IPv6, and what is longer than a unit."""
SHORTEST = 8
"""Where shorter prefixes count as cover, cells do not hold together."""

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]
UInt16 = npt.NDArray[np.uint16]
UInt64 = npt.NDArray[np.uint64]


def cells_of(hi: UInt64, length: UInt8, family: UInt8) -> UInt16:
    """The cell of each prefix."""
    cell = (hi >> np.uint64(56)).astype(np.uint16)
    cell[length < SHORTEST] = EVERY
    cell[(family != 4) | (length > 24)] = NOBODY
    return cell


def cells_with(units: Units) -> list[int]:
    """The cells of these /24s, ascending, and EVERY behind them."""
    first = np.arange(CELLS) << 16
    return [*np.flatnonzero(units.overlap(first, first + (1 << 16))).tolist(), EVERY]


@dataclass(frozen=True)
class Stretches:
    """Ranges of units that do not overlap, ascending: each an outermost prefix that is needed."""

    first: Int64
    behind: Int64

    def hold(self, hi: UInt64, length: UInt8) -> Bool:
        """Which of these IPv4 prefixes lie within one of them, or are too short to count as cover."""
        unit = (hi >> np.uint64(40)).astype(np.int64)
        if not len(self.first):
            return length < SHORTEST
        at = np.maximum(np.searchsorted(self.first, unit, "right") - 1, 0)
        inside: Bool = (self.first[at] <= unit) & (unit < self.behind[at])
        return inside | (length < SHORTEST)


def stretches(parts: Sequence[tuple[UInt64, UInt8]], units: Units) -> Stretches:
    """The outermost of all parts' IPv4 prefixes (address, length), of those that hold one of the units."""
    hi = np.concatenate([hi for hi, _length in parts] or [np.empty(0, np.uint64)])
    length = np.concatenate([length for _hi, length in parts] or [np.empty(0, np.uint8)])
    covers = (length >= SHORTEST) & (length <= 24)
    first = (hi[covers] >> np.uint64(40)).astype(np.int64)
    behind = first + (np.int64(1) << (24 - length[covers].astype(np.int64)))
    # Prefixes lie within each other or apart: an outermost one begins behind all that begin before it.
    order = np.lexsort((-behind, first))
    first, behind = first[order], behind[order]
    outermost = first >= np.append(0, np.maximum.accumulate(behind)[:-1])[: len(first)]
    first, behind = first[outermost], behind[outermost]
    mine = units.overlap(first, behind)
    return Stretches(first[mine], behind[mine])


def shards_of(snapshot: Snapshot, countries: Sequence[int], count: int) -> list[list[int]]:
    """Countries by number in so many groups of about as many units; none is empty, none holds a country twice."""
    units = np.bincount(snapshot.ipv4_codes, snapshot.ipv4_lengths, len(snapshot.codes))
    groups: list[list[int]] = [[] for _ in range(max(1, min(count, len(countries))))]
    size = [0.0] * len(groups)
    for number in sorted(countries, key=lambda n: (-units[n], n)):
        # The first of those that have least: where they have as many, the emptiest.
        least = min(range(len(groups)), key=lambda i: (size[i], len(groups[i])))
        groups[least].append(number)
        size[least] += units[number]
    return [sorted(group) for group in groups]
