"""The networks of a country at one instant: prefixes, origins, upstreams, and who depends on whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nightside.engine.collect import Collected, collect
from nightside.engine.files import bytes_to_read
from nightside.engine.subjects import country_subjects, subject_prefixes
from nightside.engine.world_of_day import world_of_input
from nightside.model.errors import InputError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.ways import NO_ASN
from nightside.signals.networks import Network, entity_networks
from nightside.sources.layout import find_inputs
from nightside.world.names import as_name, registered_as_name, require_country
from nightside.world.snapshot import label

SCHEMA = "nightside.networks/1"
FEWEST_PEERS_FOR_DEPENDENCE = 5


@dataclass(frozen=True, slots=True)
class _Observer:
    """One peer AS's session, and the ways it holds to the country's networks."""

    asn: int
    ways: list[int]


def networks(
    country: str,
    inputs: Sequence[Path],
    *,
    at: int | None = None,
    settings: Settings | None = None,
    warn: Callable[[str], None] = lambda _text: None,
    started: Callable[[int], None] = lambda _total_bytes: None,
    advance: Callable[[int], None] = lambda _bytes: None,
) -> dict[str, Any]:
    """The shape `nightside.networks/1`; `at` (seconds) is the end of the input unless given. IPv4 alone.

    Raises InputError where the input holds no table and no transfer of one.
    """
    settings = settings or Settings()
    code = require_country(country)
    if not inputs:
        raise InputError(
            "no routing data given",
            advice=f"Give a table or updates, e.g. nightside networks {code} rrc00/2014.12/bview.20141222.1600.gz",
        )
    found = find_inputs([Path(i) for i in inputs])
    started(bytes_to_read(found))
    end = None if at is None else at + 1
    snapshot = world_of_input(found, at, end, settings.table_margin_s)
    collected = collect(
        found, snapshot, settings, begin=at, end=end, warn=warn, advance=advance, to_the_end=False
    )
    subjects = country_subjects(snapshot, [code])
    number = snapshot.index_of(code)
    subject = subject_prefixes(collected, [subjects], settings.shortest_cover_ipv4)
    own = [int(p) for p in np.flatnonzero(subject) if collected.prefix_table.country[p] == number]
    texts = [collected.prefixes.text(p) for p in own]
    candidates = entity_networks(own, collected.prefix_table, texts, subjects.entity_of_unit, number)
    observers = _observers(collected, [n.number for n in candidates], settings, warn)
    return {
        "schema": SCHEMA,
        "country": code,
        "at": iso(collected.end if at is None else at),
        "snapshot": label(snapshot, collected.first_day),
        "observed_peers": len(observers),
        **_told(collected, candidates, observers, settings),
    }


def _observers(
    collected: Collected, prefixes: Sequence[int], settings: Settings, warn: Callable[[str], None]
) -> list[_Observer]:
    """The peer ASes with a full feed: half of the routes that the fullest session holds now, or more."""
    sessions = []
    for log, table in zip(collected.logs, collected.tables, strict=True):
        for peer, who in enumerate(log.peers):
            standing = "unknown" if peer >= table.n_peers else table.standing(peer, 4)
            if standing != "unknown":
                sessions.append((table.held_routes(peer, 4), standing, who, table, peer))
    fullest = max((s[0] for s in sessions), default=0)
    if fullest == 0:
        raise InputError(
            "no table and no table transfer in the input: nobody's routes are known",
            advice="Give a table too (bview.… or rib.…) from before the updates.",
        )
    by_as: dict[int, list[int]] = {}
    ids = np.array(prefixes, np.uint32)
    for routes, standing, who, table, peer in sessions:
        if routes < settings.full_feed_share * fullest:
            continue
        if standing == "transfer":
            warn(f"AS{who.asn} at {who.address} was still sending its table when the input ends")
        ways = table.routes(peer, ids).tolist()
        mine = by_as.setdefault(who.asn, ways)
        by_as[who.asn] = [a or b for a, b in zip(mine, ways, strict=True)]
    return [_Observer(asn, ways) for asn, ways in sorted(by_as.items())]


def _told(
    collected: Collected, candidates: Sequence[Network], observers: Sequence[_Observer], settings: Settings
) -> dict[str, Any]:
    ways = collected.ways
    through: Counter[int] = Counter()
    ways_in: dict[int, set[int]] = defaultdict(set)
    pairs = 0
    shown = []
    for i, network in enumerate(candidates):
        held = [o.ways[i] for o in observers if o.ways[i]]
        if not held or len(held) < settings.visible_share * len(observers):
            continue
        pairs += len(held)
        beside = Counter(int(ways.upstream[w]) for w in held)
        for way in held:
            border = int(ways.border[way])
            through[border] += 1
            for unit in network.units.tolist():
                ways_in[unit].add(border)
        shown.append(
            {
                "prefix": network.text,
                "units": len(network.units),
                "origin_asns": sorted({int(ways.origin[w]) for w in held}),
                "upstreams": [
                    {"asn": asn, "name": as_name(asn), "share": round(n / len(held), 6)}
                    for asn, n in sorted(beside.items(), key=lambda item: (-item[1], item[0]))
                    if asn != NO_ASN
                ],
            }
        )
    sole = Counter(next(iter(who)) for who in ways_in.values() if len(who) == 1)
    enough = len(observers) >= FEWEST_PEERS_FOR_DEPENDENCE
    upstreams = [
        {
            "asn": asn,
            "name": as_name(asn),
            "registered_name": registered_as_name(asn),
            "share": round(n / pairs, 6),
            "sole_way_share": round(sole[asn] / len(ways_in), 6) if enough else None,
        }
        for asn, n in sorted(through.items(), key=lambda item: (-item[1], item[0]))
        if asn != NO_ASN
    ]
    return {"networks": shown, "upstreams": upstreams}
