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
from nightside.routing.saved import checked, must
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
        self._origin, self._upstream, self._border = np.zeros((3, 1024), np.uint32)
        self._way_country = np.zeros(1024, np.uint16)
        self._way_home = np.zeros(1024, np.uint8)

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
        for name in ("_origin", "_upstream", "_border", "_way_country", "_way_home"):
            setattr(self, name, _room(getattr(self, name), count))
        new = slice(before, count)
        self._origin[new], self._upstream[new], self._border[new] = self.ways.columns(before)
        self._way_country[new] = self.ground.as_country(self._origin[new])
        self._way_home[new] = np.isin(self._origin[new], np.array(sorted(self.ground.home_asns), np.uint32))
        self.n_ways = count
        return True

    @property
    def way(self) -> WayTable:
        """The ways there are now."""
        n = self.n_ways
        return WayTable(self._origin[:n], self._upstream[:n], self._border[:n])

    def check(self) -> None:
        """Raises ValueError where, in a state that was saved, the columns are not those of the prefixes and ways."""
        must(
            self.n_prefixes <= self.prefixes.count and self.n_ways <= self.ways.count,
            "fewer prefixes or ways",
        )
        for name in ("hi", "lo", "length", "family", "subject", "country"):
            checked(getattr(self, name), getattr(self, name).dtype, self.n_prefixes, "prefixes")
        for name in ("_origin", "_upstream", "_border", "_way_country", "_way_home"):
            checked(getattr(self, name), getattr(self, name).dtype, self.n_ways, "ways")

    def columns(self) -> dict[str, Any]:
        """What `Visibility.grow` takes."""
        return {
            "hi": self.hi,
            "length": self.length,
            "subject": self.subject,
            "prefix_country": self.country,
            "way_origin": self._origin,
            "way_country": self._way_country,
            "way_home": self._way_home,
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
