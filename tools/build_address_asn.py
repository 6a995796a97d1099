"""Build src/nightside/world/data/address_asn.npz: which AS announces an address.

From npm `@ip-location-db/asn` (CC BY 4.0: RouteViews, DB-IP, NRO). What is changed: where blocks overlap, the one
that begins later is right within it (the smaller one); blocks of IPv6 are brought to whole /64s, and what is
smaller is left out. IPv4 is kept to the single address.

What it holds: runs that together are all of IPv4, and ranges of the high 64 bits of IPv6; each with an index into
`asns`, which stand in the order of their first address, 0 for nobody. `planes` says how numbers are kept.

How to run it (ten seconds), from the root of the checkout:

    npm pack @ip-location-db/asn@2.3.2026061719 && tar xzf ip-location-db-asn-*.tgz
    python tools/build_address_asn.py package --date 2026-06-17
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parent.parent / "src" / "nightside" / "world" / "data"
IPV4_END = 1 << 32

Block = tuple[int, int, int]
"""(first, last, AS number)."""


def blocks(file: Path) -> Iterator[Block]:
    """The rows of one of the package's `-num` files, in the order of their first address."""
    with file.open(encoding="utf-8", newline="") as rows:
        for first, last, asn, _name in csv.reader(rows):
            yield int(first), int(last), int(asn)


def slash_64s(of_ipv6: Iterable[Block]) -> Iterator[Block]:
    """The same by the high 64 bits; blocks without a whole /64 are left out."""
    for first, last, asn in of_ipv6:
        low, high = (first + (1 << 64) - 1) >> 64, ((last + 1) >> 64) - 1
        if low <= high:
            yield low, high, asn


def without_overlap(sorted_blocks: Iterable[Block]) -> list[Block]:
    """Blocks in order, apart from each other, neighbours of one AS joined."""
    blocks = list(sorted_blocks)
    edges = sorted({edge for first, last, _ in blocks for edge in (first, last + 1)})
    out: list[Block] = []
    covering: list[tuple[int, int, int]] = []
    at = 0
    for begin, end in pairwise(edges):
        while at < len(blocks) and blocks[at][0] <= begin:
            first, last, asn = blocks[at]
            heappush(covering, (-first, last, asn))
            at += 1
        while covering and covering[0][1] < begin:
            heappop(covering)
        if covering:
            _join(out, (begin, end - 1, covering[0][2]))
    return out


def _join(out: list[Block], block: Block) -> None:
    if out and out[-1][2] == block[2] and out[-1][1] + 1 == block[0]:
        out[-1] = (out[-1][0], block[1], block[2])
    else:
        out.append(block)


def with_gaps(of_ipv4: Iterable[Block]) -> list[tuple[int, int]]:
    """(first, AS number) of runs that together are all of IPv4; 0 for nobody."""
    runs, end = [], 0
    for first, last, asn in of_ipv4:
        if first > end:
            runs.append((end, 0))
        runs.append((first, asn))
        end = last + 1
    if end < IPV4_END:
        runs.append((end, 0))
    return runs


def planes(values: np.ndarray) -> np.ndarray:
    """The first byte of each value, then the second of each, and so on: it compresses to half as much."""
    little = values.astype(values.dtype.newbyteorder("<"))
    return np.ascontiguousarray(little.view(np.uint8).reshape(len(values), -1).T)


def main() -> None:
    """Build the file."""
    parser = argparse.ArgumentParser(
        description="Build the table of addresses and ASes that nightside.world ships."
    )
    parser.add_argument("package", type=Path, help="the unpacked npm package @ip-location-db/asn")
    parser.add_argument("--date", required=True, help="the day on which it was released (YYYY-MM-DD)")
    said = parser.parse_args()
    runs = with_gaps(without_overlap(blocks(said.package / "asn-ipv4-num.csv")))
    ranges = without_overlap(slash_64s(blocks(said.package / "asn-ipv6-num.csv")))
    asns = list(dict.fromkeys(chain([0], (asn for _, asn in runs), (asn for *_, asn in ranges))))
    index = {asn: i for i, asn in enumerate(asns)}
    version = json.loads((said.package / "package.json").read_text(encoding="utf-8"))["version"]
    about = {"source": f"@ip-location-db/asn {version}", "date": said.date, "licence": "CC BY 4.0"}
    starts = np.array([first for first, _ in runs], np.uint64)
    first, last = (np.array([block[i] for block in ranges], np.uint64) for i in (0, 1))
    np.savez_compressed(
        DATA / "address_asn.npz",
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        asns=planes(np.array(asns, np.uint32)),
        ipv4_lengths=planes(np.diff(np.append(starts, np.uint64(IPV4_END))).astype(np.uint32)),
        ipv4_asns=planes(np.array([index[asn] for _, asn in runs], np.uint32)),
        ipv6_gaps=planes(np.diff(first, prepend=np.uint64(0))),
        ipv6_lengths=planes(last - first),
        ipv6_asns=planes(np.array([index[asn] for *_, asn in ranges], np.uint32)),
    )
    print(f"{about['source']}: {len(runs)} runs of IPv4, {len(ranges)} ranges of IPv6, {len(asns) - 1} ASes")


if __name__ == "__main__":
    main()
