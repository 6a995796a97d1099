"""What the snapshots here say: which there are, for which days each is used, and what a country holds in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from nightside.sources.endpoints import read_endpoints
from nightside.world.names import country_codes, country_name, require_country
from nightside.world.overrides import kept_overrides, overridden
from nightside.world.snapshot import Snapshot
from nightside.world.snapshots import Dated, about, choose, snapshot_for, snapshots
from nightside.world.units import units_per_country

SCHEMA = "nightside.snapshot/1"
SLASH_48 = 16
"""Bits by which the high 64 bits of an address of IPv6 are longer than a /48's."""


def shown(day: date | None, countries: Sequence[str]) -> list[dict[str, Any]]:
    """Each snapshot in the shape nightside.snapshot/1, oldest first; with a day only the one that holds for it.

    With countries, what each of them holds, and with a day what the overrides of that day move. Raises UsageError for
    a code that is none, InputError where there are overrides that cannot be used.
    """
    codes = [require_country(code) for code in countries]
    folder = read_endpoints().world_folder
    there = snapshots(folder)
    wanted = there if day is None else [choose(there, day)]
    rows = kept_overrides(folder)
    overrides = {
        "rows": len(rows),
        "holding": None if day is None else sum(row.begin <= day <= row.end for row in rows),
    }
    told = []
    for dated in wanted:
        said = about(dated)
        told.append(
            {
                "schema": SCHEMA,
                "name": said["name"],
                "date": said["date"],
                "later_than_input": None if day is None else dated.day > day,
                "used_from": None if dated == there[0] else dated.day.isoformat(),
                "used_to": _last_day(there, dated),
                "file": None if dated.path is None else str(dated.path),
                "sources": said.get("sources", []),
                "no_country": _no_country(said),
                "overrides": overrides,
                "countries": [],
            }
        )
        if codes:
            snapshot = snapshot_for(dated.day, folder)
            by_reader = None if day is None else overridden(snapshot, day, folder)
            told[-1]["countries"] = _countries(codes, snapshot, by_reader, said)
    return told


def _last_day(there: Sequence[Dated], dated: Dated) -> str | None:
    """The day before the next one's; None for the last of them."""
    at = there.index(dated)
    return None if at == len(there) - 1 else (there[at + 1].day - timedelta(days=1)).isoformat()


def _no_country(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Codes of the files that are no country's, with the addresses of IPv4 that they hold."""
    countries = country_codes()
    return [
        {"code": code, "addresses": sum(addresses for _records, addresses in by_registry.values())}
        for code, by_registry in said.get("held", {}).items()
        if code not in countries
    ]


def _countries(
    codes: Sequence[str], snapshot: Snapshot, by_reader: Snapshot | None, said: dict[str, Any]
) -> list[dict[str, Any]]:
    units = units_per_country(snapshot)
    rows = []
    for code in codes:
        index = snapshot.index_of(code)
        six = snapshot.ipv6_codes == index
        sizes = (snapshot.ipv6_last[six] - snapshot.ipv6_first[six]) >> np.uint64(SLASH_48)
        held = said["held"].get(code, {}) if "held" in said else None
        rows.append(
            {
                "code": code,
                "name": country_name(code),
                "units": int(units[index]),
                "ipv6_units": int((sizes + np.uint64(1)).sum()),
                "asns": snapshot.asn_numbers[snapshot.asn_codes == index].tolist(),
                "delegations": None
                if held is None
                else [
                    {"registry": registry, "records": records, "addresses": addresses}
                    for registry, (records, addresses) in held.items()
                ],
                "moved": None if by_reader is None else _moved(index, snapshot, by_reader),
            }
        )
    return rows


def _moved(index: int, snapshot: Snapshot, by_reader: Snapshot) -> dict[str, Any]:
    """What a reader's overrides give to a country and take from it."""
    before, after = snapshot.ipv4 == index, by_reader.ipv4 == index
    had = snapshot.asn_numbers[snapshot.asn_codes == index]
    has = by_reader.asn_numbers[by_reader.asn_codes == index]
    return {
        "units_gained": int(np.count_nonzero(after & ~before)),
        "units_lost": int(np.count_nonzero(before & ~after)),
        "asns_gained": np.setdiff1d(has, had).tolist(),
        "asns_lost": np.setdiff1d(had, has).tolist(),
    }
