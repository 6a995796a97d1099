"""A made-up archive to measure replays with: two collectors, a table, hours of churn, and outages; always the same.

    python -m bench.churned FOLDER [--prefixes N] [--hours N] [--rate N]

Prefixes lie all over the space that the registries have given away, and each has an origin AS of its country with two
upstreams. What peers say of a route that they have is shared out as in real archives (seven files of 2000 to 2015,
54,315 announcements of such: 49 % the same path again, 33 % a path that differs elsewhere, 18 % another AS beside the
origin; and a withdrawal for each seven of them). Countries of all sizes are cut off for half an hour each.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from struct import pack

import numpy as np
from bench import generate

from nightside.scenes.bgp_writer import address_bytes, common_attributes, update_ipv4
from nightside.scenes.mrt_writer import (
    message_record,
    peer_index_record,
    rib_entry,
    rib_record,
    session_header,
)
from nightside.world.snapshot import load
from nightside.world.units import prefix_country

SEED = 11
BEGIN = generate.WRITTEN
COLLECTORS = ("rrc00", "rrc01")
PEERS = 6
"""At each collector, each of an AS of its own."""
LOCAL_ASN = 12654
FILE_S = 300
OUTAGES, FEWEST, MOST = 20, 4, 3_000
"""So many countries are cut off, of so many prefixes each."""
CUT_S, SPREAD_S, QUIET_S = 1_800, 45, 900
"""How long each is, over how long the peers say so, and how long the country has no churn before and behind."""
WITHDRAWN, ELSEWHERE, BESIDE = 0.22, 0.26, 0.14
"""Of the routes that churn so many are taken back and announced in turn, change elsewhere, change their upstream; the
others are said again. A half of what is said of the first is a withdrawal."""
POOL = 30_000
"""Groups of prefixes that churn, each of one origin."""
SPACE = 1_800_000
"""About so many prefixes of these lengths fill the unicast space."""


@dataclass(frozen=True, slots=True)
class Group:
    """Prefixes of one origin, and by which paths they are reached from anywhere."""

    country: int
    prefixes: tuple[bytes, ...]
    usual: tuple[int, ...]
    other: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """All prefixes of a country are gone from `begin` to `end`."""

    country: int
    begin: int
    end: int


def groups(count: int, chance: random.Random) -> list[Group]:
    """About so many prefixes, in the order of addresses."""
    snapshot = load()
    kept = [p for p in islice(generate.prefixes(False, chance), SPACE) if chance.random() < count / SPACE]
    hi = np.array([int.from_bytes(p[1:].ljust(4, b"\0"), "big") << 32 for p in kept], np.uint64)
    length = np.array([p[0] for p in kept], np.uint8)
    country = prefix_country(snapshot, hi, length, np.full(len(kept), 4, np.uint8))
    asns: dict[int, list[int]] = defaultdict(list)
    for asn, code in zip(snapshot.asn_numbers.tolist(), snapshot.asn_codes.tolist(), strict=True):
        asns[code].append(asn)
    transits = [chance.randrange(100, 60_000) for _ in range(300)]
    found: list[Group] = []
    at = 0
    while at < len(kept):
        size = chance.choice((1, 1, 2, 3, 6))
        code = int(country[at])
        some = tuple(
            p for p, c in zip(kept[at : at + size], country[at : at + size], strict=True) if c == code
        )
        origin = chance.choice(asns.get(code) or transits)
        ways = [
            (*chance.choices(transits, k=chance.randrange(3)), chance.choice(transits), origin) for _ in "ab"
        ]
        found.append(Group(code, some, *ways))
        at += len(some)
    return found


def cuts(all_groups: Sequence[Group], hours: float, chance: random.Random) -> list[Cut]:
    """The outages, spread over sizes and over the time."""
    size: dict[int, int] = defaultdict(int)
    for group in all_groups:
        size[group.country] += len(group.prefixes)
    fit = sorted((n, code) for code, n in size.items() if code and FEWEST <= n <= MOST)
    chosen = [fit[i * (len(fit) - 1) // (OUTAGES - 1)][1] for i in range(min(OUTAGES, len(fit)))]
    room = round(hours * 3600) - CUT_S - 3 * QUIET_S
    begins = [BEGIN + QUIET_S + chance.randrange(room) for _ in chosen]
    return [Cut(code, at, at + CUT_S) for code, at in zip(dict.fromkeys(chosen), begins, strict=False)]


class _Collector:
    """Writes what one collector hears."""

    def __init__(self, place: int, folder: Path) -> None:
        self.peers = [(f"192.0.{2 + place}.{i + 1}", 3_000 + 7 * (place * PEERS + i)) for i in range(PEERS)]
        self.address = f"193.0.4.{place + 1}"
        self.headers = [session_header(asn, LOCAL_ASN, peer, self.address) for peer, asn in self.peers]
        self.hops = [address_bytes(peer) for peer, _asn in self.peers]
        self.folder = folder / COLLECTORS[place] / f"{datetime.fromtimestamp(BEGIN, UTC):%Y.%m}"
        self.folder.mkdir(parents=True)

    def attributes(self, peer: int, path: tuple[int, ...]) -> bytes:
        return common_attributes((self.peers[peer][1], *path), next_hop_ipv4=self.hops[peer])

    def write(self, kind: str, second: int, records: list[bytes]) -> None:
        path = self.folder / f"{kind}.{datetime.fromtimestamp(second, UTC):%Y%m%d.%H%M}.gz"
        path.write_bytes(zlib.compress(b"".join(records), level=1, wbits=31))

    def table(self, all_groups: Sequence[Group]) -> None:
        records = [peer_index_record(BEGIN, self.address, self.peers)]
        for group in all_groups:
            entries = [rib_entry(i, BEGIN - 86_400, self.attributes(i, group.usual)) for i in range(PEERS)]
            for prefix in group.prefixes:
                records.append(rib_record(BEGIN, len(records), 4, prefix, entries))
        self.write("bview", BEGIN, records)

    def says(self, peer: int, message: bytes) -> bytes:
        """A record without its time."""
        return message_record(0, self.headers[peer], message)[4:]

    def announce(self, peer: int, group: Group, path: tuple[int, ...]) -> bytes:
        return self.says(peer, update_ipv4(attributes=self.attributes(peer, path), announced=group.prefixes))

    def withdraw(self, peer: int, group: Group) -> bytes:
        return self.says(peer, update_ipv4(withdrawn=group.prefixes))

    def churn(self, some: Sequence[Group], chance: random.Random) -> list[tuple[int, tuple[bytes, ...]]]:
        """What may be said at any time, with the country it is about."""
        found = []
        for group in some:
            peer = chance.randrange(PEERS)
            usual, other = (self.announce(peer, group, path) for path in (group.usual, group.other))
            kind = chance.random()
            said: tuple[bytes, ...] = (usual, usual)
            if kind < WITHDRAWN:
                said = (self.withdraw(peer, group), usual)
            elif kind < WITHDRAWN + ELSEWHERE:
                said = (self.announce(peer, group, (*group.usual, group.usual[-1])), usual)
            elif kind < WITHDRAWN + ELSEWHERE + BESIDE:
                said = (other, usual)
            found.append((group.country, said))
        return found


def _cut_off(collector: _Collector, cut: Cut, all_groups: Sequence[Group]) -> Iterator[tuple[int, bytes]]:
    for number, group in enumerate(g for g in all_groups if g.country == cut.country):
        for peer in range(PEERS):
            late = (7 * number + 11 * peer) % SPREAD_S
            yield cut.begin + late, collector.withdraw(peer, group)
            yield cut.end + late, collector.announce(peer, group, group.usual)


def write(folder: Path, *, prefixes: int, hours: float, rate: float) -> int:
    """Write the archive into a new folder; returns how many routes and updates it has."""
    chance = random.Random(SEED)
    all_groups = groups(prefixes, chance)
    outages = cuts(all_groups, hours, chance)
    quiet = {c.country: (c.begin - QUIET_S, c.end + QUIET_S) for c in outages}
    count = 0
    for place in range(len(COLLECTORS)):
        collector = _Collector(place, folder)
        collector.table(all_groups)
        count += PEERS * sum(len(g.prefixes) for g in all_groups)
        events: dict[int, list[bytes]] = defaultdict(list)
        for cut in outages:
            for second, record in _cut_off(collector, cut, all_groups):
                events[second].append(record)
        pool = collector.churn([chance.choice(all_groups) for _ in range(POOL)], chance)
        turn = [0] * len(pool)
        for begin in range(BEGIN, BEGIN + round(hours * 3600), FILE_S):
            records = []
            for second in range(begin, begin + FILE_S):
                time = pack(">I", second)
                for _ in range(round(rate / len(COLLECTORS))):
                    # A few are never quiet, most are seldom heard of.
                    i = int(len(pool) * chance.random() ** 2)
                    country, said = pool[i]
                    if country in quiet and quiet[country][0] <= second <= quiet[country][1]:
                        continue
                    records.append(time + said[turn[i]])
                    turn[i] ^= 1
                records += [time + record for record in events.get(second, ())]
            collector.write("updates", begin, records)
            count += len(records)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prefixes", type=int, default=250_000)
    parser.add_argument("--hours", type=float, default=12)
    parser.add_argument("--rate", type=float, default=200)
    asked = parser.parse_args()
    print(f"{write(asked.folder, prefixes=asked.prefixes, hours=asked.hours, rate=asked.rate):,} records")


if __name__ == "__main__":
    main()
