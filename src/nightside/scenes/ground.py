"""The networks of a block: prefixes, the units they cover, the ways to them, and who usually has which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.audience import CORE, RESERVE, Audience
from nightside.scenes.chance import hashed, stream
from nightside.scenes.routes import RouteTable, unit_range
from nightside.world.snapshot import load
from nightside.world.units import prefix_country

GONE, USUAL, OTHER, LONGER, PREPENDED, SECOND = range(6)
"""What an AS has of a prefix: nothing, or a route by one of these ways. SECOND is by the second origin."""
_ORDINARY = 4
STRIDE = 5
"""Every path takes so many places in the flat array; its last may be unused."""

_REGIONAL_PER_THOUSAND, _ANYCAST_PER_THOUSAND = 15, 1
_REGIONAL_SHARE = 0.01
_HOVERING_ONE_IN = 1500


@dataclass(frozen=True, eq=False)
class Extras:
    """Prefixes that the first table does not have (children, covers), and second origins."""

    hi: NDArray[np.uint64]
    length: NDArray[np.uint8]
    origin: NDArray[np.uint32]
    stranger: NDArray[np.bool_]
    """Whether an extra prefix is announced by an AS that has no part in its units."""
    second_prefix: NDArray[np.int64]
    """Prefixes of the table that have a second origin for a while."""
    second_origin: NDArray[np.uint32]
    second_stranger: NDArray[np.bool_]


class Ground:
    """Prefixes by number: those of the table first, in its order, then the extras."""

    def __init__(self, routes: RouteTable, audience: Audience, extras: Extras, seed: int) -> None:
        self.routes, self.audience, self.seed = routes, audience, seed
        self.hi = np.concatenate([routes.hi, extras.hi])
        self.length = np.concatenate([routes.length, extras.length])
        self.origin = np.concatenate([routes.origin, extras.origin])
        self.stranger = np.concatenate([np.zeros(len(routes), bool), extras.stranger])
        """The prefix itself is a stranger's."""
        self.first_unit, self.size = unit_range(self.hi, self.length)
        self.country = prefix_country(load(), self.hi, self.length, np.full(len(self.hi), 4, np.uint8))
        self.anycast, self.regional, self.hovering = peculiar(routes, seed)
        self.second_origin = np.zeros(len(self.hi), np.uint32)
        self.second_origin[self.anycast] = np.roll(self.origin[self.anycast], 1)
        self.second_origin[extras.second_prefix] = extras.second_origin
        self.second_stranger = np.zeros(len(self.hi), bool)
        self.second_stranger[extras.second_prefix] = extras.second_stranger
        self._ways()

    def _ways(self) -> None:
        key = self.origin.astype(np.uint64) << np.uint64(16) | self.country
        groups, self.group = np.unique(key, return_inverse=True)
        self.n_groups = len(groups)
        origin, country = (groups >> np.uint64(16)).astype(np.uint32), groups & np.uint64(0xFFFF)
        first, second = upstreams(origin, country, self.seed)
        self.second_place = np.zeros(len(self.hi), np.int64)
        has_second = np.flatnonzero(self.second_origin)
        self.second_place[has_second] = np.arange(len(has_second))
        by_second = first[self.group[has_second]]
        clash = by_second == self.second_origin[has_second]
        by_second = np.where(clash, np.uint32(RESERVE), by_second)
        self.way_origin = np.concatenate([np.tile(origin, _ORDINARY), self.second_origin[has_second]])
        self.way_upstream = np.concatenate([first, second, first, first, by_second])
        n_longer = np.repeat([4, 4, 5, 5], self.n_groups)
        self.way_length = np.concatenate([n_longer, np.full(len(has_second), 4)]).astype(np.uint16)

    def way(self, prefix: NDArray[np.int64], value: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The number of the way that an AS with this value has to the prefix (undefined for GONE)."""
        of_value = np.maximum(value, USUAL).astype(np.int64) - USUAL
        ordinary: NDArray[np.int64] = of_value * self.n_groups + self.group[prefix]
        second = np.flatnonzero(value == SECOND)
        if len(second):
            ordinary[second] = _ORDINARY * self.n_groups + self.second_place[prefix[second]]
        return ordinary

    def paths(self, asns: list[int]) -> NDArray[np.uint32]:
        """Flat AS paths: way `w` of the i-th AS begins at (i * ways + w) * STRIDE."""
        core = np.array(CORE, np.uint32)
        n, g = len(self.way_origin), self.n_groups
        flat = np.zeros((len(asns), n, STRIDE), np.uint32)
        longer, prepended = slice(2 * g, 3 * g), slice(3 * g, 4 * g)
        for i, asn in enumerate(asns):
            one = flat[i]
            near = int(hashed(self.seed, "transit", asn)[0] % np.uint64(len(core)))
            transit, detour, spare = (core[(near + k) % len(core)] for k in (0, 7, 11))
            one[:, 0] = asn
            one[:, 1] = np.where(self.way_upstream == transit, spare, transit)
            one[:, 2] = self.way_upstream
            one[:, 3] = self.way_origin
            one[longer, 2] = np.where(self.way_upstream[longer] == detour, np.uint32(RESERVE), detour)
            one[longer, 3] = self.way_upstream[longer]
            one[longer, 4] = self.way_origin[longer]
            one[prepended, 4] = self.way_origin[prepended]
        return flat.reshape(-1)

    @cached_property
    def usual(self) -> NDArray[np.uint8]:
        """What each full-feed AS has of each prefix before anything happens: (ASes, prefixes)."""
        n = len(self.hi)
        found = np.zeros((len(self.audience.asns), n), np.uint8)
        table = np.arange(len(self.routes))
        for place, row in enumerate(found):
            chance = hashed(self.seed, "usual", table, place)
            value = np.where(chance >> np.uint64(8) & np.uint64(3), np.uint8(USUAL), np.uint8(OTHER))
            value[self.anycast] = np.where(
                chance[self.anycast] & np.uint64(1 << 12), np.uint8(SECOND), np.uint8(USUAL)
            )
            value[chance >> np.uint64(16) & np.uint64(1023) < np.uint64(4)] = GONE
            part = chance >> np.uint64(32) & np.uint64(255)
            value[self.regional[part[self.regional] > np.uint64(85)]] = GONE
            row[: len(table)] = value
        # About a half, give or take one AS, whichever they are.
        ranks = np.argsort(
            hashed(self.seed, "hovering", self.hovering, np.arange(len(found))[:, None]), axis=0
        )
        some = len(found) // 2 + 1 - (self.hovering % 3)
        found[:, self.hovering] = np.where(ranks < some, np.uint8(USUAL), np.uint8(GONE))
        return found

    def counts(self, value: NDArray[np.uint8], prefix: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether such a route to the prefix counts: it is there, and no stranger's."""
        by_stranger = self.stranger[prefix] | ((value == SECOND) & self.second_stranger[prefix])
        found: NDArray[np.bool_] = (value > GONE) & ~by_stranger
        return found


def peculiar(routes: RouteTable, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Numbers of prefixes that are anycast, that a third of the ASes sees, and that hover about a half.

    Only small parts of a country are regional or hover: no country stands or falls with them.
    """
    first, size = unit_range(routes.hi, routes.length)
    country = prefix_country(load(), routes.hi, routes.length, np.full(len(routes), 4, np.uint8))
    whole = np.bincount(country, weights=size)
    small = size < _REGIONAL_SHARE * whole[country]
    drawn = hashed(seed, "peculiar", first, routes.length) % np.uint64(1000)
    anycast = np.flatnonzero(drawn < np.uint64(_ANYCAST_PER_THOUSAND))
    upper = np.uint64(_ANYCAST_PER_THOUSAND + _REGIONAL_PER_THOUSAND)
    regional = np.flatnonzero((drawn >= np.uint64(_ANYCAST_PER_THOUSAND)) & (drawn < upper) & small)
    others = np.flatnonzero(small & (drawn >= upper))
    rng = stream(seed, "hovering")
    hovering = np.sort(rng.choice(others, min(len(others), len(routes) // _HOVERING_ONE_IN), replace=False))
    return anycast, regional, hovering


def upstreams(
    origin: NDArray[np.uint32], country: NDArray[np.uint64], seed: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The usual and the other upstream of each origin in a country, of the two to four that country has."""
    core = np.array(CORE, np.uint32)
    of_country = hashed(seed, "upstreams", country)
    number = (np.uint64(2) + of_country % np.uint64(3)).astype(np.int64)
    start = (of_country >> np.uint64(8)) % np.uint64(len(core))
    chance = hashed(seed, "homing", origin, country)
    usual = (chance % number.astype(np.uint64)).astype(np.int64)
    other = (usual + 1 + (chance >> np.uint64(16)).astype(np.int64) % (number - 1)) % number
    found = []
    for pick in (usual, other):
        asn = core[(start.astype(np.int64) + 3 * pick) % len(core)]
        found.append(np.where(asn == origin, np.uint32(RESERVE), asn))
    return found[0], found[1]


def single_homed(origin: NDArray[np.uint32], seed: int) -> NDArray[np.bool_]:
    """Whether an origin has but its usual upstream."""
    return hashed(seed, "single-homed", origin) % np.uint64(10) < np.uint64(6)
