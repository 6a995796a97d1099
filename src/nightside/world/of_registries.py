"""A snapshot from the delegation files of all registries.

Of what a /24 holds, the country of its first address counts, as in the shipped snapshot. Where two registries
claim the same (space that moved from one to the other while their files are of different days), the younger file
is right; where both are of one day and name different countries, it is nobody's.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightside.model.errors import InputError
from nightside.world.delegation import KINDS, REGISTRIES, Delegation, Kind, Ranges
from nightside.world.names import country_codes
from nightside.world.snapshot import Snapshot

AFRINIC_BEGAN = date(2005, 4, 8)
"""ICANN's recognition (ICP-2); before, Africa's space was RIPE NCC's, ARIN's and APNIC's."""
NOT_COVERED = 255
UNITS = 1 << 24

_Runs = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint8]]
"""(first, last, index into the codes or NOT_COVERED), sorted, without overlap."""


def snapshot_of(delegations: Sequence[Delegation]) -> tuple[Snapshot, dict[str, Any]]:
    """The snapshot, and what it says of itself. Its day is that of the youngest file.

    Raises InputError where a registry's file is missing, or there are two of one registry.
    """
    _require_all(delegations)
    codes = ("", *sorted(country_codes()))
    index = {code: i for i, code in enumerate(codes)}
    by_day = sorted(delegations, key=lambda d: (d.date, d.registry))
    merged = {kind: _merged([(d.date, _indexed(d, kind, index)) for d in by_day]) for kind in KINDS}
    day = by_day[-1].date
    content = hashlib.sha256("".join(sorted(d.sha256 for d in delegations)).encode()).hexdigest()
    asn_first, asn_last, asn_codes = _of_countries(merged["asn"])
    asn_sizes = (asn_last - asn_first).astype(np.int64) + 1
    before = np.cumsum(asn_sizes) - asn_sizes
    asns = np.repeat(asn_first.astype(np.int64) - before, asn_sizes) + np.arange(int(asn_sizes.sum()))
    ipv6_first, ipv6_last, ipv6_codes = _of_countries(merged["ipv6"])
    lengths, ipv4_codes = _stretches(merged["ipv4"])
    snapshot = Snapshot(
        name=f"registry-{day:%Y-%m} (delegations {content[:8]})",
        date=day.isoformat(),
        codes=codes,
        ipv4_lengths=lengths,
        ipv4_codes=ipv4_codes,
        asn_numbers=asns.astype(np.uint32),
        asn_codes=np.repeat(asn_codes, asn_sizes).astype(np.uint16),
        ipv6_first=ipv6_first,
        ipv6_last=ipv6_last,
        ipv6_codes=ipv6_codes.astype(np.uint16),
    )
    return snapshot, {"sources": _sources(delegations), "held": _held(delegations)}


def _require_all(delegations: Sequence[Delegation]) -> None:
    there = Counter(d.registry for d in delegations)
    for registry, n in sorted(there.items()):
        if n > 1:
            names = " and ".join(d.name for d in delegations if d.registry == registry)
            raise InputError(f"{n} files of {registry}: {names}", advice="Give one file of each registry.")
    day = max(d.date for d in delegations)
    missing = [r for r in REGISTRIES if r not in there and (r != "afrinic" or day >= AFRINIC_BEGAN)]
    if missing:
        raise InputError(
            f"no file of {', '.join(missing)}: the countries of that region would have no networks at all",
            advice="Give the files of all five registries, of about the same day.",
        )


def _indexed(delegation: Delegation, kind: Kind, index: dict[str, int]) -> _Runs:
    ranges = delegation.ranges[kind]
    codes = np.fromiter((index.get(code, 0) for code in ranges.codes), np.uint8, len(ranges.codes))
    if kind != "ipv4":
        return ranges.first, ranges.last, codes
    first, last = _units(ranges)
    some = first <= last
    return first[some], last[some], codes[some]


def _units(ranges: Ranges) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The /24s whose first address is in each range; first > last where there is none."""
    return (ranges.first + np.uint64(255)) >> np.uint64(8), ranges.last >> np.uint64(8)


def _merged(dated: Sequence[tuple[date, _Runs]]) -> _Runs:
    """All registries' ranges as one list; `dated` from the oldest to the youngest."""
    edges = [edge for _day, (first, last, _codes) in dated for edge in (first, last + np.uint64(1))]
    starts = np.unique(np.concatenate(edges))
    out = np.full(len(starts), NOT_COVERED, np.uint8)
    for _day, of_day in groupby(dated, key=lambda d: d[0]):
        layer = np.full(len(starts), NOT_COVERED, np.uint8)
        for _same, runs in of_day:
            here = _at(runs, starts)
            both = (here != NOT_COVERED) & (layer != NOT_COVERED) & (here != layer)
            layer = np.where(here == NOT_COVERED, layer, here)
            layer[both] = 0
        out = np.where(layer == NOT_COVERED, out, layer)
    if not len(starts):
        return starts, starts, out
    # Behind the last edge nothing is covered, so that the last one's own end does not matter.
    kept = np.flatnonzero(np.concatenate([[True], out[1:] != out[:-1]]))
    ends = np.append(starts[kept][1:], starts[-1]) - np.uint64(1)
    return starts[kept], ends, out[kept]


def _at(runs: _Runs, starts: NDArray[np.uint64]) -> NDArray[np.uint8]:
    first, last, codes = runs
    if not len(first):
        return np.full(len(starts), NOT_COVERED, np.uint8)
    at = np.searchsorted(first, starts, "right") - 1
    inside = (at >= 0) & (starts <= last[at])
    return np.where(inside, codes[at], NOT_COVERED).astype(np.uint8)


def _of_countries(runs: _Runs) -> _Runs:
    first, last, codes = runs
    some = (codes != NOT_COVERED) & (codes != 0)
    return first[some], last[some], codes[some]


def _stretches(runs: _Runs) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """(lengths, codes) of stretches of one country that together are all of IPv4."""
    first, last, codes = _of_countries(runs)
    edges = np.concatenate([[0], np.stack([first, last + np.uint64(1)], axis=1).reshape(-1), [UNITS]])
    values = np.zeros(len(edges) - 1, np.uint8)
    values[1::2] = codes
    lengths = np.diff(edges.astype(np.int64))
    lengths, values = lengths[lengths > 0], values[lengths > 0]
    heads = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return np.add.reduceat(lengths, heads).astype(np.uint32), values[heads]


def _sources(delegations: Sequence[Delegation]) -> list[dict[str, Any]]:
    return [
        {
            "registry": d.registry,
            "date": d.date.isoformat(),
            "file": d.name,
            "records": d.records,
            "sha256": d.sha256,
        }
        for d in sorted(delegations, key=lambda d: d.registry)
    ]


def _held(delegations: Sequence[Delegation]) -> dict[str, dict[str, list[int]]]:
    """By code (countries, `EU`, `AP`, former ones, "" for none) and registry: [records of IPv4, addresses]."""
    held: dict[str, dict[str, list[int]]] = {}
    for d in delegations:
        ranges = d.ranges["ipv4"]
        for code, size in zip(
            ranges.codes, (ranges.last - ranges.first + np.uint64(1)).tolist(), strict=True
        ):
            counts = held.setdefault(code, {}).setdefault(d.registry, [0, 0])
            counts[0] += 1
            counts[1] += size
    return {code: dict(sorted(held[code].items())) for code in sorted(held)}
