"""The networks of a country at one instant: prefixes, origins, upstreams, and who depends on whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightside.engine.collect import Collected, collect
from nightside.engine.country_by import by_basis, require_basis
from nightside.engine.files import bytes_to_read
from nightside.engine.observers import Observer, observe_now
from nightside.engine.subjects import country_subjects, subject_prefixes
from nightside.engine.ways_in import WaysIn
from nightside.engine.world_of_day import world_of_input
from nightside.model.errors import InputError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.ways import NO_ASN
from nightside.signals.networks import Network, entity_networks
from nightside.sources.layout import find_inputs
from nightside.world.comparison import CountryNetworks
from nightside.world.names import as_name, country_name, registered_as_name, require_country
from nightside.world.operators import operator_card
from nightside.world.snapshot import Snapshot, label
from nightside.world.units import units_per_country

SCHEMA = "nightside.networks/1"
FEWEST_PEERS_FOR_DEPENDENCE = 5


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
    require_basis(settings)
    code = require_country(country)
    if not inputs:
        raise InputError(
            "no routing data given",
            advice=f"Give a table or updates, e.g. nightside networks {code} rrc00/2014.12/bview.20141222.1600.gz",
        )
    found = find_inputs([Path(i) for i in inputs])
    started(bytes_to_read(found))
    end = None if at is None else at + 1
    registry = world_of_input(found, at, end, settings.table_margin_s)
    collected = collect(
        found, registry, settings, begin=at, end=end, warn=warn, advance=advance, to_the_end=False
    )
    snapshot, collected = by_basis(collected, registry, settings)
    subjects = country_subjects(snapshot, [code])
    number = snapshot.index_of(code)
    subject = subject_prefixes(collected, [subjects], settings.shortest_cover_ipv4)
    own = [int(p) for p in np.flatnonzero(subject) if collected.prefix_table.country[p] == number]
    texts = [collected.prefixes.text(p) for p in own]
    candidates = entity_networks(own, collected.prefix_table, texts, subjects.entity_of_unit, number)
    numbers = np.array([n.number for n in candidates], np.int64)
    observed = observe_now(collected, snapshot, numbers, settings, warn)
    at = collected.end if at is None else at
    return {
        "schema": SCHEMA,
        "country": code,
        "at": iso(at),
        "snapshot": label(snapshot, collected.first_day),
        "country_by": settings.country_by,
        "observed_peers": len(observed.observers),
        **_told(collected, candidates, observed.observers, settings, datetime.fromtimestamp(at, UTC).date()),
        "registered_units": int(units_per_country(registry)[number]),
        "countries": _countries(observed.countries, snapshot),
        "reconstruction": found.reconstruction,
        "note": found.note,
    }


def _countries(rows: Sequence[CountryNetworks], snapshot: Snapshot) -> list[dict[str, Any]]:
    return [
        {
            "code": snapshot.codes[row.index],
            "name": country_name(snapshot.codes[row.index]),
            "rank": 1 + sum(other.networks > row.networks for other in rows),
            "networks": row.networks,
            "origin_elsewhere": row.origin_elsewhere,
            "origin_unknown": row.origin_unknown,
        }
        for row in rows
    ]


def _told(
    collected: Collected,
    candidates: Sequence[Network],
    observers: Sequence[Observer],
    settings: Settings,
    day: date,
) -> dict[str, Any]:
    ways = collected.ways
    through: Counter[int] = Counter()
    ways_in = WaysIn()
    announced: Counter[int] = Counter()
    units_of: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
    pairs = 0
    shown = []
    for i, network in enumerate(candidates):
        held = [o.ways[i] for o in observers if o.ways[i]]
        if not held or len(held) < settings.visible_share * len(observers):
            continue
        pairs += len(held)
        beside = Counter(int(ways.upstream[w]) for w in held)
        origins = sorted({int(ways.origin[w]) for w in held})
        for origin in origins:
            announced[origin] += 1
            units_of[origin].append(network.units)
        borders = Counter(int(ways.border[way]) for way in held)
        through.update(borders)
        for border in borders:
            ways_in.add(border, network.units)
        shown.append(
            {
                "prefix": network.text,
                "units": len(network.units),
                "origin_asns": origins,
                "upstreams": [
                    {"asn": asn, "name": as_name(asn), "share": round(n / len(held), 6)}
                    for asn, n in _most_first(beside)
                ],
            }
        )
    sole, total = ways_in.sole_ways(), ways_in.total()
    held_by = Counter({asn: len(np.unique(np.concatenate(units))) for asn, units in units_of.items()})
    enough = len(observers) >= FEWEST_PEERS_FOR_DEPENDENCE
    upstreams = [
        {
            "asn": asn,
            "name": as_name(asn),
            "registered_name": registered_as_name(asn),
            "share": round(n / pairs, 6),
            "sole_way_share": round(sole[asn] / total, 6) if enough else None,
        }
        for asn, n in _most_first(through)
    ]
    return {
        "networks": shown,
        "upstreams": upstreams,
        "units": total,
        "operators": [
            {
                "asn": asn,
                "name": as_name(asn),
                "registered_name": registered_as_name(asn),
                "networks": announced[asn],
                "units": n,
                "card": _card(asn),
            }
            for asn, n in _most_first(held_by)
        ],
        "known_upstreams": _known_upstreams(sorted(announced), set(through), day),
    }


def _most_first(counts: Counter[int]) -> list[tuple[int, int]]:
    """(AS, count), highest first, then by AS; without those that are none."""
    return sorted(((a, n) for a, n in counts.items() if a != NO_ASN), key=lambda item: (-item[1], item[0]))


def _card(asn: int) -> dict[str, Any] | None:
    card = operator_card(asn)
    if card is None:
        return None
    return {
        "role": card.role,
        "owners": list(card.owners),
        "source": card.source,
        "url": card.url,
        "date": card.date.isoformat(),
    }


def _known_upstreams(operators: Sequence[int], seen: Collection[int], day: date) -> list[dict[str, Any]]:
    """What sources say about the operators' upstreams until that day, whether these are in the routes or not."""
    return [
        {
            "asn": known.asn,
            "name": as_name(known.asn),
            "of_asn": card.asn,
            "seen": known.asn in seen,
            "says": known.says,
            "source": known.source,
            "url": known.url,
            "date": known.date.isoformat(),
        }
        for card in map(operator_card, operators)
        if card is not None
        for known in card.known_upstreams(day)
    ]
