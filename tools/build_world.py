"""Build the data that `nightside.world` ships: the countries of addresses and ASes, and AS names.

What is built, into src/nightside/world/data/:

    registry.npz        runs of IPv4 /24s, ranges of IPv6 and AS numbers, each with its country
    as_registered.npz   the registered name of each AS number

From what:

    PyPI `iptocc` 3.3.170 (MIT OR Apache-2.0), released 2026-10-27; it carries the delegation statistics of
        the five regional registries of that night. Countries of addresses, IPv4 and IPv6.
    npm `@ip-location-db/asn` 2.3.2026061719 (CC BY 4.0: RouteViews, DB-IP, NRO), of 2026-06-17. AS names, and
        which addresses an AS announces or holds.

How an AS gets a country: no package carries the registries' list of AS numbers with countries, so it is the
country in which most of the AS's IPv4 /24s are registered (iptocc); where it has none, most of its IPv6.
Ties: the lowest address. An AS without an address that has a country gets none. A carrier whose addresses
lie mostly with customers abroad is set right by the reviewed `country` of data/as_names.json.

How IPv6 is read: iptocc answers questions and gives no list. All /32s of the registries' blocks are asked
(2602::/16 by /36s, 2620::/23 by /44s), and every boundary that the npm package knows below that; where a /32
turns out not to be one country's, all its /44s (all its /48s in 2001::/16 and 2620::/16, where the registries
assign those). Where two neighbours differ, the boundary between them is found by bisection. What may be
missed are assignments longer than this between neighbours of one country (none found: docs/decisions/0002).

The statistics' own "EU" and "AP" are no countries: nobody.

How to run it (four minutes, 4.2 GB of memory), from the root of the checkout, iptocc installed:

    npm pack @ip-location-db/asn@2.3.2026061719 && tar xzf ip-location-db-asn-*.tgz
    python tools/build_world.py package --date 2026-10-27
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import numpy as np
from iptocc import country_code

DATA = Path(__file__).resolve().parent.parent / "src" / "nightside" / "world" / "data"
REGISTRY_IPV6_TWELVES = (0x2400, 0x2410, 0x2600, 0x2610, 0x2620, 0x2630, 0x2800, 0x2A00, 0x2A10, 0x2C00)
"""First 16 bits of the /12s that IANA gave to the registries; 2001::/16 and 2003::/16 came before them."""
CHUNK = 1 << 16
"""Addresses asked at once."""
SLASH_32, SLASH_44, SLASH_48 = 1 << 32, 1 << 20, 1 << 16
"""IPv6 prefixes counted in /64s."""
FINER_FIRST = (
    (0x2602 << 48, 0x2603 << 48, SLASH_44 << 8),
    (0x2620 << 48, (0x2620 << 48) + (SLASH_32 << 9), SLASH_44),
)
"""(first, end, step): ARIN's space for networks of /36 and of /48, where most /32s are many people's."""
FINE_SIXTEENS = (0x2001, 0x2620)
"""First 16 bits of the space where single /48s are assigned."""


def countries() -> tuple[str, ...]:
    """ISO 3166-1 as tzdata lists it, and XK (Kosovo); "" for nobody comes first."""
    text = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    codes = {line.split("\t")[0] for line in text.splitlines() if line and not line.startswith("#")}
    return ("", *sorted(codes | {"XK"}))


class Lookup:
    """Asks iptocc in bulk and answers in indexes into `codes`; counts the codes that are no countries."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.index: dict[str | None, int] = {code: i for i, code in enumerate(codes)}
        self.index[None] = 0
        self.no_country: dict[str, int] = {}

    def of(self, addresses: list[str]) -> np.ndarray:
        """uint8 index of each address's country, 0 for nobody."""
        answers = country_code(addresses)
        for answer in {a for a in answers if a not in self.index}:
            self.no_country[answer] = self.no_country.get(answer, 0) + answers.count(answer)
        return np.fromiter((self.index.get(a, 0) for a in answers), np.uint8, len(answers))

    def of_highs(self, highs: np.ndarray) -> np.ndarray:
        """uint8 index for each IPv6 address given by its high 64 bits (low bits zero)."""
        out = np.empty(len(highs), np.uint8)
        for at in range(0, len(highs), CHUNK):
            part = highs[at : at + CHUNK].tolist()
            out[at : at + CHUNK] = self.of(
                [f"{h >> 48:x}:{h >> 32 & 0xFFFF:x}:{h >> 16 & 0xFFFF:x}:{h & 0xFFFF:x}::" for h in part]
            )
        return out


def ipv4_units(lookup: Lookup) -> np.ndarray:
    """uint8 (2**24,): the country of each /24's first address."""
    units = np.empty(1 << 24, np.uint8)
    for high in range(256):
        asked = [f"{high}.{mid}.{low}.0" for mid in range(256) for low in range(256)]
        units[high << 16 : (high + 1) << 16] = lookup.of(asked)
    return units


def asn_rows(package: Path, name: str) -> Iterator[tuple[int, int, int, str]]:
    """(first address, last address, ASN, AS name) of one file of the npm package."""
    parse = IPv6Address if "ipv6" in name else IPv4Address
    with (package / name).open(encoding="utf-8", newline="") as file:
        for first, last, asn, registered in csv.reader(file):
            yield int(parse(first)), int(parse(last)), int(asn), registered.strip()


def inside_mixed(asked: np.ndarray, codes: np.ndarray) -> Iterator[np.ndarray]:
    """The /44s or /48s of each /32 that was found to hold more than one answer; high 64 bits."""
    inside = (codes[1:] != codes[:-1]) & (asked[1:] % SLASH_32 != 0)
    for block in np.unique(asked[1:][inside] // SLASH_32).tolist():
        step = SLASH_48 if block >> 16 in FINE_SIXTEENS else SLASH_44
        yield np.arange(block * SLASH_32, (block + 1) * SLASH_32, step, dtype=np.uint64)


def ipv6_ranges(lookup: Lookup, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(first, last, code) of the ranges that have a country; high 64 bits, inclusive, sorted, merged.

    `known` are boundaries (uint64, high 64 bits) that are worth asking beside those of every /32.
    """
    blocks = [top + i for top in REGISTRY_IPV6_TWELVES for i in range(16)] + [0x2001, 0x2003]
    grid = [np.arange(b << 48, (b + 1) << 48, SLASH_32, dtype=np.uint64) for b in blocks]
    grid += [np.arange(first, end, step, dtype=np.uint64) for first, end, step in FINER_FIRST]
    # Next to every boundary stands the address before it, so that a range's last address is asked too.
    asked = np.unique(np.concatenate([*grid, known, known - np.uint64(1)]))
    codes = lookup.of_highs(asked)
    asked = np.unique(np.concatenate([asked, *inside_mixed(asked, codes)]))
    codes = lookup.of_highs(asked)
    low = np.flatnonzero(codes[1:] != codes[:-1])
    # Between asked[low] and asked[low + 1] the country changes: bisect until they are neighbours.
    left, right = asked[low], asked[low + 1]
    left_codes, right_codes = codes[low], codes[low + 1]
    extra: list[tuple[np.ndarray, np.ndarray]] = []
    # A registry's range mostly ends where the next /32 begins: ask there first, it saves most of the work.
    middle = right - np.uint64(1)
    while len(left):
        found = lookup.of_highs(middle)
        extra.append((middle, found))
        goes_right = found == left_codes
        ask_left = ~goes_right & (middle - left > 1)
        ask_right = goes_right & (right - middle > 1)
        # Where the middle is neither, both halves hold a change.
        also_right = ~goes_right & (found != right_codes) & (right - middle > 1)
        left, right, left_codes, right_codes = (
            np.concatenate([left[ask_left], middle[ask_right], middle[also_right]]),
            np.concatenate([middle[ask_left], right[ask_right], right[also_right]]),
            np.concatenate([left_codes[ask_left], found[ask_right], found[also_right]]),
            np.concatenate([found[ask_left], right_codes[ask_right], right_codes[also_right]]),
        )
        middle = left + (right - left) // np.uint64(2)
    points = np.concatenate([asked, *(m for m, _ in extra)])
    answers = np.concatenate([codes, *(c for _, c in extra)])
    points, first_seen = np.unique(points, return_index=True)
    answers = answers[first_seen]
    changes = np.flatnonzero(np.concatenate([[True], answers[1:] != answers[:-1]]))
    first, code = points[changes], answers[changes]
    last = np.concatenate([first[1:] - np.uint64(1), points[-1:]])
    held = code > 0
    return first[held], last[held], code[held]


def majority(weights: dict[int, int]) -> int:
    """The code with the most weight; ties: the one that was met first, the lowest address."""
    return max(weights, key=weights.__getitem__) if weights else 0


def asn_countries(
    package: Path, units: np.ndarray, ipv6: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[dict[int, int], dict[int, str]]:
    """(country index by ASN, registered name by ASN)."""
    names: dict[int, str] = {}
    v4: dict[int, dict[int, int]] = {}
    for first, last, asn, name in asn_rows(package, "asn-ipv4.csv"):
        names.setdefault(asn, name)
        weights = v4.setdefault(asn, {})
        for code, count in zip(
            *np.unique(units[first >> 8 : (last >> 8) + 1], return_counts=True), strict=True
        ):
            if code:
                weights[int(code)] = weights.get(int(code), 0) + int(count)
    v6: dict[int, dict[int, int]] = {}
    starts, ends, codes = ipv6
    for first, last, asn, name in asn_rows(package, "asn-ipv6.csv"):
        names.setdefault(asn, name)
        weights = v6.setdefault(asn, {})
        low, high = first >> 64, last >> 64
        for i in range(int(np.searchsorted(ends, np.uint64(low))), len(starts)):
            if int(starts[i]) > high:
                break
            size = min(high, int(ends[i])) - max(low, int(starts[i])) + 1
            weights[int(codes[i])] = weights.get(int(codes[i]), 0) + size
    found = {asn: majority(v4.get(asn, {})) or majority(v6.get(asn, {})) for asn in names}
    return {asn: code for asn, code in found.items() if code}, names


def main() -> None:
    """Build both files."""
    parser = argparse.ArgumentParser(description="Build the data that nightside.world ships.")
    parser.add_argument("package", type=Path, help="the unpacked npm package @ip-location-db/asn")
    parser.add_argument(
        "--date", required=True, help="the day on which this iptocc was released (YYYY-MM-DD)"
    )
    said = parser.parse_args()
    codes = countries()
    lookup = Lookup(codes)
    units = ipv4_units(lookup)
    starts = np.flatnonzero(np.concatenate([[True], units[1:] != units[:-1]]))
    ipv6_rows = asn_rows(said.package, "asn-ipv6.csv")
    known = [edge for first, last, _, _ in ipv6_rows for edge in (first >> 64, (last >> 64) + 1)]
    ipv6 = ipv6_ranges(lookup, np.array(known, np.uint64))
    by_asn, names = asn_countries(said.package, units, ipv6)
    for asn, known_as in json.loads((DATA / "as_names.json").read_text(encoding="utf-8")).items():
        if "country" in known_as:
            by_asn[int(asn)] = codes.index(known_as["country"])
    asns = sorted(by_asn)
    asn_version = json.loads((said.package / "package.json").read_text())["version"]
    about = {
        "name": f"registry-{said.date[:7]} (iptocc {version('iptocc')})",
        "date": said.date,
        "asn_source": f"@ip-location-db/asn {asn_version}",
    }
    np.savez_compressed(
        DATA / "registry.npz",
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        codes=np.frombuffer(",".join(codes).encode(), np.uint8),
        ipv4_lengths=np.diff(np.append(starts, 1 << 24)).astype(np.uint32),
        ipv4_codes=units[starts],
        ipv6_first=ipv6[0],
        ipv6_last=ipv6[1],
        ipv6_codes=ipv6[2],
        asn_numbers=np.array(asns, np.uint32),
        asn_codes=np.array([by_asn[a] for a in asns], np.uint8),
    )
    named = sorted(asn for asn, name in names.items() if name)
    encoded = [names[asn].encode() for asn in named]
    np.savez_compressed(
        DATA / "as_registered.npz",
        numbers=np.array(named, np.uint32),
        lengths=np.array([len(e) for e in encoded], np.uint16),
        text=np.frombuffer(b"".join(encoded), np.uint8),
    )
    print(
        f"{about['name']}: {len(starts)} runs of /24s, {len(ipv6[0])} IPv6 ranges, {len(asns)} ASes, "
        f"{len(named)} AS names; answers that are no countries: {lookup.no_country}"
    )


if __name__ == "__main__":
    main()
