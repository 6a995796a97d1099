"""How fast a snapshot loads, and how fast a full table is mapped to countries; where registry and origin disagree.

    python -m bench.mapping TABLE [--day DAY] [--prefixes N] [--country CC]...

TABLE is in pyasn's format; the snapshot is the one that holds for DAY (see `nightside world show`). For N prefixes
the table's own come first, then the halves of each; they are mapped in one go, in an order by chance, which is the
slowest. The best of five is told: what else runs on the machine is not ours. Memory is the most that the mapping
holds at once, its answer included. Of each CC the announced units are told by registry, by origin AS and by both.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightside.engine.collect import Collected
from nightside.engine.country_by import by_basis
from nightside.model.elements import Peer
from nightside.model.settings import COUNTRY_BY, CountryBy, Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import PrefixTable, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.scenes.routes import RouteTable, read_routes
from nightside.sources.endpoints import read_endpoints
from nightside.world.by_origin import NOT_ANNOUNCED, most_specific, snapshot_by
from nightside.world.comparison import compare_countries
from nightside.world.names import country_name, require_country
from nightside.world.snapshot import Snapshot, read
from nightside.world.snapshots import choose, snapshot_for, snapshots
from nightside.world.units import asn_country, prefix_country

ROUNDS = 5
FEWEST = 100
"""Countries with fewer prefixes are not in the list."""


def best_s(work: Callable[[], object]) -> float:
    """The shortest of `ROUNDS` runs."""
    took = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        took.append(time.perf_counter() - begin)
    return min(took)


def many(table: RouteTable, count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """(address, length) of so many prefixes: the table's, then the halves of each, in an order by chance."""
    hi, length = table.hi, table.length
    while len(hi) < count:
        longer = length[length < 32] + np.uint8(1)
        low = hi[length < 32]
        high = low | (np.uint64(1) << (np.uint64(64) - longer.astype(np.uint64)))
        both = RouteTable.of(
            np.concatenate([hi, low, high]),
            np.concatenate([length, longer, longer]),
            np.zeros(len(hi) + 2 * len(low), np.uint32),
        )
        if len(both) == len(hi):
            break
        hi, length = both.hi, both.length
    order = np.random.default_rng(1).permutation(len(hi))[:count]
    return hi[order], length[order]


def map_all(snapshot: Snapshot, hi: NDArray[np.uint64], length: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The country of each prefix, with nothing known from before."""
    return prefix_country(replace(snapshot), hi, length, np.full(len(hi), 4, np.uint8))


def most_mib(work: Callable[[], object]) -> float:
    """The most memory that is held while it works (numpy tells tracemalloc of its arrays)."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / (1 << 20)
    finally:
        tracemalloc.stop()


def tables_of(table: RouteTable, count: int, peers: int = 40) -> Collected:
    """So many prefixes (as `many`) in the tables of so many peers: a thirtieth of them has more than one origin."""
    hi, length = many(table, count)
    some = np.random.default_rng(1)
    by_address = np.argsort(table.hi, kind="stable")
    at = np.searchsorted(table.hi[by_address], hi, "right") - 1
    usual = (by_address[np.maximum(at, 0)] + 1).astype(np.uint32)
    several = some.random(count) < 1 / 30
    loads = []
    for _ in range(peers):
        other = several & (some.random(count) < 0.3)
        way = np.where(other, some.permutation(usual), usual)
        loads.append(np.where(some.random(count) < 0.01, np.uint32(0), way))
    origin = np.concatenate([[0], table.origin]).astype(np.uint32)
    each = np.arange(peers, dtype=np.uint32)
    log = CollectorLog(
        "made up",
        [Peer(f"192.0.2.{n}", n + 1) for n in range(peers)],
        np.ones(peers, np.uint32),
        np.full(peers, EVENT_KINDS["LOAD"], np.uint8),
        each,
        np.full(peers, 4, np.uint32),
        each,
        loads,
        [],
        [],
        [],
    )
    prefixes = PrefixTable(
        hi, np.zeros(count, np.uint64), length, np.full(count, 4, np.uint8), np.zeros(count, np.uint16)
    )
    ways = WayTable(origin, origin, origin)
    return Collected([log], PrefixIndex(), prefixes, ways, [], [], 0, 1)


def announced(table: RouteTable, snapshot: Snapshot, country: str) -> dict[CountryBy, int]:
    """How many units of a country the table's prefixes of /8 to /24 announce, by each basis."""
    fits = np.flatnonzero((table.length >= 8) & (table.length <= 24))
    home = asn_country(snapshot, table.origin[fits]).astype(np.uint8)
    by_origin = most_specific(table.hi[fits], table.length[fits], home)
    there, number = by_origin != NOT_ANNOUNCED, snapshot.index_of(country)
    maps = {
        basis: snapshot if basis == "registry" else snapshot_by(basis, snapshot, by_origin)
        for basis in COUNTRY_BY
    }
    return {basis: int(np.count_nonzero(there & (m.ipv4 == number))) for basis, m in maps.items()}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=date(2014, 5, 13))
    parser.add_argument("--prefixes", type=int, default=1_200_000)
    parser.add_argument("--country", metavar="CC", action="append", type=require_country, default=[])
    said = parser.parse_args()
    table = read_routes(said.table)
    folder = read_endpoints().world_folder
    snapshot = snapshot_for(said.day, folder)
    print(f"{snapshot.name}, {snapshot.date}: {len(snapshot.ipv4_codes):,} stretches of one country")
    if path := choose(snapshots(folder), said.day).path:

        def load() -> None:
            with path.open("rb") as file:
                read(file)

        print(f"loads in {1e3 * best_s(load):.1f} ms")
    hi, length = many(table, said.prefixes)
    took, held = (
        best_s(lambda: map_all(snapshot, hi, length)),
        most_mib(lambda: map_all(snapshot, hi, length)),
    )
    print(f"{len(hi):,} prefixes are mapped in {took:.2f} s, with {held:.0f} MiB")
    tables = tables_of(table, len(hi))
    for basis in COUNTRY_BY[1:]:
        work = partial(by_basis, tables, snapshot, Settings(country_by=basis))
        took, held = best_s(work), most_mib(work)
        print(
            f"so are those of {len(tables.logs[0].loads)} peers, by {basis}, in {took:.2f} s, with {held:.0f} MiB"
        )
    own = map_all(snapshot, table.hi, table.length)
    print(
        f"the table's own {len(table):,} in {best_s(lambda: map_all(snapshot, table.hi, table.length)):.2f} s"
    )
    origin = asn_country(snapshot, table.origin)
    rows = compare_countries(own, (origin > 0) & (origin != own), origin > 0)
    known = sum(row.networks - row.origin_unknown for row in rows)
    other = sum(row.origin_elsewhere for row in rows)
    print(
        f"registry and origin AS are of different countries for {other:,} of {known:,} prefixes "
        f"({100 * other / known:.2f} %); of {len(table) - known:,} one or the other is not known"
    )
    for code in said.country:
        counts = ", ".join(f"{basis} {n:,}" for basis, n in announced(table, snapshot, code).items())
        print(f"{country_name(code)}: units announced by {counts}")
    large = [row for row in rows if row.networks - row.origin_unknown >= FEWEST]
    for row in sorted(large, key=lambda row: -row.origin_elsewhere / (row.networks - row.origin_unknown))[
        :10
    ]:
        count = row.networks - row.origin_unknown
        share = 100 * row.origin_elsewhere / count
        print(
            f"  {country_name(snapshot.codes[row.index])}: {row.origin_elsewhere:,} of {count:,} "
            f"have an origin AS of another country ({share:.1f} %)"
        )


if __name__ == "__main__":
    main()
