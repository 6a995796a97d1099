"""How fast a snapshot loads, and how fast a full table is mapped to countries; where registry and origin disagree.

    python -m bench.mapping TABLE [--day DAY] [--prefixes N]

TABLE is in pyasn's format; the snapshot is the one that holds for DAY (see `nightside world show`). For N prefixes
the table's own come first, then the halves of each; they are mapped in one go, in an order by chance, which is the
slowest. The best of five is told: what else runs on the machine is not ours. Memory is the most that the mapping
holds at once, its answer included.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nightside.scenes.routes import RouteTable, read_routes
from nightside.sources.endpoints import read_endpoints
from nightside.world.comparison import compare_countries
from nightside.world.names import country_name
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


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--day", type=date.fromisoformat, default=date(2014, 5, 13))
    parser.add_argument("--prefixes", type=int, default=1_200_000)
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
