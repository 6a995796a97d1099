"""Whose the units are when the origin AS decides, alone (`origin`) or with the registry (`both`), as of the start.

By the most specific prefix over each /24, so that nothing that happens later moves a unit from one country to another:
of those that at least half of the full-feed peer ASes hold in the first table of their collector; where none of these
covers a unit, of the others in these tables; then of those that sessions send as their whole table; then of any.
A prefix of several origins is the country's that most peer ASes see; a tie is the registry's where it is among them,
else nobody's. ASes without a country are nobody, who counts like a country.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nightside.engine.collect import Collected
from nightside.model.errors import UsageError
from nightside.model.settings import COUNTRY_BY, Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.log import EVENT_KINDS
from nightside.world.by_origin import NOT_ANNOUNCED, most_specific, snapshot_by
from nightside.world.snapshot import Snapshot
from nightside.world.units import asn_country, prefix_country

LOAD = EVENT_KINDS["LOAD"]
TRANSFER_FLIP = EVENT_KINDS["TRANSFER_FLIP"]
FLIPS = (EVENT_KINDS["FLIP"], TRANSFER_FLIP, EVENT_KINDS["TABLE_FLIP"])
BLOCK = 1 << 15
"""So many prefixes of several origins are counted at once."""

UInt8 = npt.NDArray[np.uint8]
UInt32 = npt.NDArray[np.uint32]


def require_basis(settings: Settings) -> None:
    """Raises UsageError where `country_by` is none of the three."""
    if settings.country_by not in COUNTRY_BY:
        raise UsageError(
            f"a country is taken by {', '.join(COUNTRY_BY)}, not by {settings.country_by!r}",
            advice="Choose one of these for country_by.",
        )


def by_basis(collected: Collected, snapshot: Snapshot, settings: Settings) -> tuple[Snapshot, Collected]:
    """The snapshot and the prefixes' countries by `country_by`; both as they are where the registry decides."""
    if settings.country_by == "registry":
        return snapshot, collected
    by_origin = _units_by_origin(collected, snapshot, settings)
    made = snapshot_by(settings.country_by, snapshot, by_origin)
    table = collected.prefix_table
    country = prefix_country(made, table.hi, table.length, table.family)
    return made, replace(collected, prefix_table=replace(table, country=country))


def _units_by_origin(collected: Collected, snapshot: Snapshot, settings: Settings) -> UInt8:
    """(2**24,): the index of the origin's country, NOT_ANNOUNCED where nobody ever announced the unit."""
    table = collected.prefix_table
    fits = (table.family == 4) & (table.length >= settings.shortest_cover_ipv4) & (table.length <= 24)
    home = asn_country(snapshot, collected.ways.origin).astype(np.uint8)
    home[0] = NOT_ANNOUNCED
    votes = _Votes(home, collected, snapshot, _first_tables(collected.logs, table.family == 4, settings))
    told = fits & (votes.held > 0)
    seen = told & (votes.held >= settings.visible_share * votes.voters)
    layers = [_Layer(np.flatnonzero(these), votes.country) for these in (seen, told & ~seen)]
    first = _first_routes(collected.logs, fits & ~told, home)
    layers += [_of_first_routes(first, transferred, collected, snapshot) for transferred in (True, False)]
    units = np.full(1 << 24, NOT_ANNOUNCED, np.uint8)
    for layer in layers:
        if len(layer.prefixes):
            of = layer.prefixes
            painted = most_specific(table.hi[of], table.length[of], layer.country[of])
            np.copyto(units, painted, where=units == NOT_ANNOUNCED)
    return units


@dataclass(frozen=True)
class _Layer:
    """Prefixes by number, and the countries of their origins by number of the prefix."""

    prefixes: npt.NDArray[np.int64]
    country: UInt8


# ---- tables ----------------------------------------------------------------------------------------------


def _first_tables(
    logs: Sequence[CollectorLog], ipv4: npt.NDArray[np.bool_], settings: Settings
) -> list[list[UInt32]]:
    """The IPv4 ways by prefix of every full-feed session in the first table of its collector, by peer AS."""
    found: dict[int, list[UInt32]] = {}
    sizes: dict[int, list[int]] = {}
    for log in logs:
        at = np.flatnonzero(log.kind == LOAD)
        at = at[log.prefix[at] == 4]
        at = at[log.second[at] == log.second[at].min(initial=np.iinfo(np.uint32).max)]
        for event in at.tolist():
            asn = log.peers[int(log.session[event])].asn
            load = np.asarray(log.loads[int(log.way[event])])
            found.setdefault(asn, []).append(load)
            sizes.setdefault(asn, []).append(int(np.count_nonzero(load[ipv4[: len(load)]])))
    fullest = max((max(of) for of in sizes.values()), default=0)
    least = max(settings.full_feed_share * fullest, 1)
    full = ([ld for ld, n in zip(found[asn], sizes[asn], strict=True) if n >= least] for asn in sorted(found))
    return [loads for loads in full if loads]


class _Votes:
    """Which country each prefix's origin is of, one vote for each peer AS that holds the prefix."""

    def __init__(
        self, home: UInt8, collected: Collected, snapshot: Snapshot, tables: Sequence[Sequence[UInt32]]
    ) -> None:
        self.home, self.tables, self.voters = home, tables, len(tables)
        count = len(collected.prefix_table.hi)
        self.held = np.zeros(count, np.uint16)
        self.country = np.full(count, NOT_ANNOUNCED, np.uint8)
        # Of what is one up, nobody's place is 0 and whoever has no route counts for nothing.
        highest = np.zeros(count, np.uint8)
        for said in self._each(None):
            self.held += said != NOT_ANNOUNCED
            np.minimum(self.country, said, out=self.country)
            np.maximum(highest, said + np.uint8(1), out=highest)
        several = np.flatnonzero((self.held > 0) & (self.country + np.uint8(1) != highest))
        for begin in range(0, len(several), BLOCK):
            self._count(several[begin : begin + BLOCK], collected, snapshot)

    def _each(self, only: npt.NDArray[np.int64] | None) -> Iterator[UInt8]:
        """What each AS says of all prefixes, or of these; where several of its sessions do, the first one's stands."""
        for loads in self.tables:
            said = np.full(len(self.held) if only is None else len(only), NOT_ANNOUNCED, np.uint8)
            for load in loads:
                if only is None:
                    part, ways = said[: len(load)], load
                else:
                    part, ways = said, np.where(only < len(load), load[np.minimum(only, len(load) - 1)], 0)
                np.copyto(part, self.home[ways], where=part == NOT_ANNOUNCED)
            yield said

    def _count(self, these: npt.NDArray[np.int64], collected: Collected, snapshot: Snapshot) -> None:
        counts = np.zeros((len(these), len(snapshot.codes)), np.uint16)
        for said in self._each(these):
            has = np.flatnonzero(said != NOT_ANNOUNCED)
            counts[has, said[has]] += 1
        self.country[these] = _winners(counts, these, collected, snapshot)


def _winners(
    counts: npt.NDArray[np.uint16], prefixes: npt.NDArray[np.int64], collected: Collected, snapshot: Snapshot
) -> UInt8:
    """The country with most votes for each of these prefixes (rows); a tie is the registry's, else nobody's."""
    table = collected.prefix_table
    most = counts.max(axis=1)
    winner: UInt8 = counts.argmax(axis=1).astype(np.uint8)
    tied = np.flatnonzero((counts == most[:, None]).sum(axis=1) > 1)
    of = prefixes[tied]
    registered = prefix_country(snapshot, table.hi[of], table.length[of], table.family[of])
    winner[tied] = np.where(counts[tied, registered] == most[tied], registered, 0)
    return winner


# ---- routes that stand in no table -----------------------------------------------------------------------


@dataclass(frozen=True)
class _FirstRoutes:
    """Of some prefixes the routes of the second in which the first was seen, in the order of prefixes."""

    prefix: npt.NDArray[np.int64]
    country: UInt8
    transferred: npt.NDArray[np.bool_]
    """By prefix of the row: whether any of its first routes came with a session's whole table."""


def _first_routes(logs: Sequence[CollectorLog], wanted: npt.NDArray[np.bool_], home: UInt8) -> _FirstRoutes:
    parts = []
    for log in logs:
        at = np.flatnonzero(np.isin(log.kind, FLIPS) & (log.way > 0))
        at = at[wanted[log.prefix[at]]]
        parts.append((log.prefix[at], log.second[at], home[log.way[at]], log.kind[at] == TRANSFER_FLIP))
    prefix, second, country, transfer = (np.concatenate(column) for column in zip(*parts, strict=True))
    first = np.full(len(wanted), np.iinfo(np.uint32).max, np.uint32)
    np.minimum.at(first, prefix, second)
    now = np.flatnonzero(second == first[prefix])
    came = np.zeros(len(wanted), bool)
    came[prefix[now][transfer[now]]] = True
    now = now[np.argsort(prefix[now], kind="stable")]
    return _FirstRoutes(prefix[now].astype(np.int64), country[now], came[prefix[now]])


def _of_first_routes(
    routes: _FirstRoutes, transferred: bool, collected: Collected, snapshot: Snapshot
) -> _Layer:
    mine = routes.transferred == transferred
    prefixes, row = np.unique(routes.prefix[mine], return_inverse=True)
    said = routes.country[mine]
    country = np.full(len(collected.prefix_table.hi), NOT_ANNOUNCED, np.uint8)
    for begin in range(0, len(prefixes), BLOCK):
        these = prefixes[begin : begin + BLOCK]
        inside = (begin <= row) & (row < begin + len(these))
        counts = np.zeros((len(these), len(snapshot.codes)), np.uint16)
        np.add.at(counts, (row[inside] - begin, said[inside]), 1)
        country[these] = _winners(counts, these, collected, snapshot)
    return _Layer(prefixes, country)
