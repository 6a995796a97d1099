"""What the judge of visibility must know of each prefix and way by its number, while both grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.observation import PrefixTable, UInt16, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.ways import WayIndex


@dataclass(frozen=True)
class Ground:
    """What the map says: of each /24, of prefixes from a number on, and of ASes."""

    unit_country: UInt16
    prefix_country: Callable[[PrefixIndex, int], UInt16]
    """The countries of all prefixes from this number on."""
    subject: Callable[[PrefixIndex, int], UInt8]
    """The same: 1 where changes of a prefix are to be told."""
    as_country: Callable[[UInt32], UInt16]
    home_asns: frozenset[int] = frozenset()
    """Origins that were asked about themselves."""


class Numbered:
    """Columns with room to spare, so that one prefix more does not copy a million."""

    def __init__(self, ground: Ground, prefixes: PrefixIndex, ways: WayIndex) -> None:
        self.ground, self.prefixes, self.ways = ground, prefixes, ways
        self.n_prefixes = self.n_ways = 0
        self.hi, self.lo = np.zeros((2, 1024), np.uint64)
        self.length, self.family, self.subject = np.zeros((3, 1024), np.uint8)
        self.country = np.zeros(1024, np.uint16)
        self.way = WayTable(*ways.columns())
        self.way_country = np.zeros(0, np.uint16)
        self.way_home = np.zeros(0, np.uint8)

    def renew_prefixes(self) -> bool:
        """Learn what is new of prefixes; whether anything is."""
        count, before = self.prefixes.count, self.n_prefixes
        if count == before:
            return False
        for name in ("hi", "lo", "length", "family", "subject", "country"):
            setattr(self, name, _room(getattr(self, name), count))
        new = slice(before, count)
        self.hi[new], self.lo[new], self.length[new], self.family[new] = self.prefixes.columns(before)
        self.country[new] = self.ground.prefix_country(self.prefixes, before)
        self.subject[new] = self.ground.subject(self.prefixes, before)
        self.n_prefixes = count
        return True

    def renew_ways(self) -> bool:
        """Learn what is new of ways; whether anything is."""
        count, before = self.ways.count, self.n_ways
        if count == before:
            return False
        self.way = WayTable(*self.ways.columns())
        new = self.way.origin[before:]
        self.way_country = np.concatenate([self.way_country, self.ground.as_country(new)])
        home = np.isin(new, np.array(sorted(self.ground.home_asns), np.uint32))
        self.way_home = np.concatenate([self.way_home, home.astype(np.uint8)])
        self.n_ways = count
        return True

    def columns(self) -> dict[str, Any]:
        """What `Visibility.grow` takes."""
        return {
            "hi": self.hi,
            "length": self.length,
            "subject": self.subject,
            "prefix_country": self.country,
            "way_origin": self.way.origin,
            "way_country": self.way_country,
            "way_home": self.way_home,
        }

    def table(self) -> PrefixTable:
        """The prefixes there are now."""
        n = self.n_prefixes
        return PrefixTable(
            self.hi[:n].copy(),
            self.lo[:n].copy(),
            self.length[:n].copy(),
            self.family[:n].copy(),
            self.country[:n].copy(),
        )


def _room(column: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    if count <= len(column):
        return column
    grown = np.zeros(count + count // 4, column.dtype)
    grown[: len(column)] = column
    return grown
