"""Countries as the table covers them: how many units each has, and what the loss of networks takes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nightside.model.settings import Settings
from nightside.scenes.ground import peculiar
from nightside.scenes.routes import RouteTable, unit_range
from nightside.world.snapshot import load
from nightside.world.units import prefix_country

UNITS = 1 << 24


class Territory:
    """Made once for a table; countries go by their index in the snapshot's codes."""

    def __init__(self, routes: RouteTable, seed: int) -> None:
        self.routes, self.seed = routes, seed
        snapshot = load()
        self.of_unit = snapshot.ipv4
        self.first, self.size = unit_range(routes.hi, routes.length)
        self.country = prefix_country(snapshot, routes.hi, routes.length, np.full(len(routes), 4, np.uint8))
        self.anycast, regional, hovering = peculiar(routes, seed)
        self.steady = routes.length >= Settings().shortest_cover_ipv4
        self.steady[regional] = self.steady[hovering] = False
        """Prefixes that are visible throughout, and long enough to count."""
        self.cover = covers(self.first[self.steady], self.size[self.steady])
        self.units = np.bincount(self.of_unit[self.cover > 0], minlength=len(snapshot.codes))
        """Units of each country in the first table."""
        self.prefixes = np.bincount(self.country, minlength=len(snapshot.codes))

    @cached_property
    def _by_country(self) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        order = np.argsort(self.country, kind="stable")
        return order, self.country[order]

    def own(self, country: int) -> NDArray[np.int64]:
        """The prefixes of which most belongs to the country."""
        order, countries = self._by_country
        return order[slice(*np.searchsorted(countries, [country, country + 1]))]

    @cached_property
    def mixed(self) -> NDArray[np.bool_]:
        """For each prefix, whether its units are of more than one country."""
        starts, _ = load().ipv4_runs
        runs = np.searchsorted(starts, np.stack([self.first, self.first + self.size - 1]), "right")
        found: NDArray[np.bool_] = runs[0] != runs[1]
        return found

    @cached_property
    def foreign(self) -> NDArray[np.bool_]:
        """For each /24, whether a prefix covers it that mostly belongs to another country."""
        found = np.zeros(UNITS, bool)
        for p in np.flatnonzero(self.mixed & self.steady).tolist():
            units = slice(int(self.first[p]), int(self.first[p] + self.size[p]))
            found[units] |= self.of_unit[units] != self.country[p]
        return found

    def holding(self, country: int) -> Holding:
        """The country's networks and what hangs on them."""
        own = self.own(country)
        steady = np.flatnonzero(self.steady[own])
        owner, unit = spread(self.first[own[steady]], self.size[own[steady]])
        mine = (self.of_unit[unit] == country) & ~self.foreign[unit]
        owner, unit = steady[owner[mine]], unit[mine]
        order = np.argsort(unit, kind="stable")
        unit = unit[order]
        starts = (
            np.flatnonzero(np.append(True, unit[1:] != unit[:-1])) if len(unit) else np.empty(0, np.int64)
        )
        return Holding(own, owner[order], starts)


@dataclass(frozen=True, eq=False)
class Holding:
    """A country's networks, and which of them cover each of its units that no other prefix covers."""

    own: NDArray[np.int64]
    """Prefixes of which most belongs to the country."""
    coverers: NDArray[np.int64]
    """Places in `own`, unit by unit; `starts` says where each unit's begin."""
    starts: NDArray[np.int64]

    def lost_after(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many units are lost once the first 1, 2, … of these places in `own` are gone."""
        if len(self.starts) == 0 or len(order) == 0:
            return np.zeros(max(1, len(order)), np.int64)
        rank = np.full(len(self.own), len(order))
        rank[order] = np.arange(len(order))
        last = np.maximum.reduceat(rank[self.coverers], self.starts)
        return np.cumsum(np.bincount(last[last < len(order)], minlength=len(order)))


def spread(first: NDArray[np.int64], size: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(place of the prefix, /24) for each /24 of each prefix, prefix by prefix."""
    owner = np.repeat(np.arange(len(first)), size)
    begins = np.cumsum(size) - size
    return owner, np.arange(len(owner)) - begins[owner] + first[owner]


def covers(first: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.int32]:
    """For each /24 of all IPv4, how many of these prefixes cover it."""
    steps = np.bincount(first, minlength=UNITS + 1) - np.bincount(first + size, minlength=UNITS + 1)
    return np.cumsum(steps[:UNITS], dtype=np.int32)
