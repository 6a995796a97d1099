"""Each country's share every five minutes, by dicts and sets, as one would write it without Nightside.

A prefix is visible while at least half of the peer ASes have it; a /24 is reachable while a visible prefix covers it;
a country's share is its reachable /24s over those that it had in the table. So it holds for a made-up archive: all
peers have a full feed and are known from the table on, and an origin never changes. IPv4 alone, as in
docs/definitions.md.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

STEP_S = 300


def files_of(folder: Path) -> tuple[list[Path], list[Path], int]:
    """The tables and the updates of an archive in the order of time, and the second in which it ends."""
    tables = sorted(folder.glob("rrc*/*/bview.*"))
    updates = sorted(folder.glob("rrc*/*/updates.*"), key=lambda path: path.name)
    last = datetime.strptime(updates[-1].name, "updates.%Y%m%d.%H%M.gz").replace(tzinfo=UTC)
    return tables, updates, int(last.timestamp()) + STEP_S


class Shares:
    """Who has what, and what follows for each country."""

    def __init__(self, countries: Path) -> None:
        self.codes = json.loads(countries.with_suffix(".json").read_text())
        self.country = array("H")
        self.country.frombytes(countries.read_bytes())
        self.holders: dict[str, set[int]] = defaultdict(set)
        self.cover: dict[int, int] = defaultdict(int)
        self.units: dict[int, int] = defaultdict(int)
        self.baseline: dict[int, int] = {}
        self.peers = 0
        self.next = 0

    def table(self, rows) -> None:
        """Take (peer AS, prefix) of all tables."""
        peers = set()
        for asn, prefix in rows:
            if ":" not in prefix:
                self.holders[prefix].add(asn)
                peers.add(asn)
        self.peers = len(peers)
        for prefix, holders in self.holders.items():
            if 2 * len(holders) >= self.peers:
                self.move(prefix, 1)
        self.baseline = dict(self.units)

    def move(self, prefix: str, by: int) -> None:
        """A prefix has become visible (1), or is no more (-1)."""
        address, _, length = prefix.partition("/")
        a, b, c, _d = address.split(".")
        first = int(a) << 16 | int(b) << 8 | int(c)
        for unit in range(first, first + (1 << (24 - int(length)))):
            before = self.cover[unit]
            self.cover[unit] = before + by
            if not before or not before + by:
                self.units[self.country[unit]] += by

    def announce(self, asn: int, prefix: str) -> None:
        holders = self.holders[prefix]
        if asn not in holders:
            holders.add(asn)
            if 2 * (len(holders) - 1) < self.peers <= 2 * len(holders):
                self.move(prefix, 1)

    def withdraw(self, asn: int, prefix: str) -> None:
        holders = self.holders[prefix]
        if asn in holders:
            holders.discard(asn)
            if 2 * len(holders) < self.peers <= 2 * (len(holders) + 1):
                self.move(prefix, -1)

    def tell(self, second: float) -> None:
        """Print all shares up to this second, which is the next element's, or behind the end."""
        while self.next < second:
            for country, baseline in self.baseline.items():
                if country and baseline:
                    print(self.next, self.codes[country], self.units[country], baseline)
            self.next += STEP_S


def main(table, elements) -> None:
    """`table(file)` gives (second, peer AS, prefix), `elements(file)` gives (second, "A" or "W", peer AS, prefix)."""
    folder, countries = Path(sys.argv[1]), Path(sys.argv[2])
    tables, updates, end = files_of(folder)
    shares = Shares(countries)
    seconds = []

    def rows():
        for file in tables:
            for second, asn, prefix in table(file):
                seconds.append(second) if not seconds else None
                yield asn, prefix

    shares.table(rows())
    shares.next = -(-seconds[0] // STEP_S) * STEP_S
    for file in updates:
        for second, kind, asn, prefix in elements(file):
            if second > shares.next:
                shares.tell(second)
            if ":" in prefix:
                continue
            if kind == "A":
                shares.announce(asn, prefix)
            elif kind == "W":
                shares.withdraw(asn, prefix)
    shares.tell(end + 1)
