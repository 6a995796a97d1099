"""Who sees what at the end of an input: the peer ASes with a full feed, and their ways to every IPv4 prefix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from nightside.engine.collect import Collected
from nightside.model.errors import InputError
from nightside.model.settings import Settings
from nightside.routing.renumbering import LastTable
from nightside.world.comparison import CountryNetworks, compare_countries
from nightside.world.snapshot import Snapshot
from nightside.world.units import asn_country


@dataclass(frozen=True, slots=True)
class Observer:
    """One peer AS, and the ways (0: none) that it holds to the prefixes that were asked for."""

    asn: int
    ways: list[int]


@dataclass(frozen=True, slots=True)
class Observed:
    """What the peer ASes see: of some prefixes each one's way, of all countries how many networks are visible."""

    observers: list[Observer]
    countries: list[CountryNetworks]


@dataclass(frozen=True, slots=True)
class _Session:
    asn: int
    address: str
    routes: int
    standing: str
    table: LastTable
    peer: int


def observe_now(
    collected: Collected,
    snapshot: Snapshot,
    prefixes: npt.NDArray[np.int64],
    settings: Settings,
    warn: Callable[[str], None],
) -> Observed:
    """The ways to `prefixes` by peer AS, and the visible networks of all countries.

    A peer AS is one with a full feed: half of the routes that the fullest session holds now, or more. Raises
    InputError where nobody's table is known.
    """
    table = collected.prefix_table
    fits = (table.family == 4) & (table.length >= settings.shortest_cover_ipv4) & (table.length <= 24)
    ids = np.flatnonzero(fits).astype(np.uint32)
    asked = np.searchsorted(ids, prefixes)
    own = table.country[ids]
    home_of_way = asn_country(snapshot, collected.ways.origin)
    held = np.zeros(len(ids), np.uint32)
    elsewhere, known = np.zeros(len(ids), bool), np.zeros(len(ids), bool)
    observers = []
    # One AS at a time: all ways of all peers at once would be gigabytes.
    for asn, ways in _ways_by_as(_full_feeds(collected, settings, warn), ids):
        has = ways > 0
        origin = np.where(has, home_of_way[ways], 0)
        held += has
        known |= origin > 0
        elsewhere |= (origin > 0) & (origin != own)
        observers.append(Observer(asn, ways[asked].tolist()))
    visible = (held > 0) & (held >= settings.visible_share * len(observers))
    return Observed(observers, compare_countries(own[visible], elsewhere[visible], known[visible]))


def _full_feeds(collected: Collected, settings: Settings, warn: Callable[[str], None]) -> list[_Session]:
    sessions = []
    for log, reading in zip(collected.logs, collected.readings, strict=True):
        table = reading.table
        if table is None:
            raise ValueError("what sessions hold at the end was not kept")
        for peer, who in enumerate(log.peers):
            standing = "unknown" if peer >= table.n_peers else table.standing(peer, 4)
            if standing != "unknown":
                routes = table.held_routes(peer, 4)
                sessions.append(_Session(who.asn, who.address, routes, standing, table, peer))
    fullest = max((s.routes for s in sessions), default=0)
    if fullest == 0:
        raise InputError(
            "no table and no table transfer in the input: nobody's routes are known",
            advice="Give a table too (bview.… or rib.…) from before the updates.",
        )
    full = [s for s in sessions if s.routes >= settings.full_feed_share * fullest]
    for session in full:
        if session.standing == "transfer":
            warn(f"AS{session.asn} at {session.address} was still sending its table when the input ends")
    return full


def _ways_by_as(
    sessions: list[_Session], ids: npt.NDArray[np.uint32]
) -> Iterator[tuple[int, npt.NDArray[np.uint32]]]:
    """Each AS once, ascending; where several of its sessions have a route, the first one's stands."""
    for asn, mine in groupby(sorted(sessions, key=lambda s: s.asn), key=lambda s: s.asn):
        ways = np.zeros(len(ids), np.uint32)
        for session in mine:
            ways = np.where(ways > 0, ways, session.table.routes(session.peer, ids))
        yield asn, ways
