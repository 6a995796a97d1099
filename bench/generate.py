"""A made-up routing table to measure with: TABLE_DUMP_V2 (RFC 6396, section 4.3), always the same bytes.

    python -m bench.generate table.gz --entries 300000

To a decompressor and a decoder it looks much as a real table does: 40 peers (28 over IPv4, 12 over IPv6),
about 70 bytes of attributes an entry, paths of 3 to 6 ASes that share their ends, communities out of a few
hundred sets.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import random
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

WRITTEN = 1419120000
"""Seconds since the epoch in every record: 2014-12-21T00:00:00Z."""
PEERS_IPV4, PEERS_IPV6 = 28, 12
SHARE_IPV6 = 4
"""Every fourth prefix is IPv6's."""
TABLE_DUMP_V2 = 13
PEER_INDEX_TABLE, RIB_IPV4_UNICAST, RIB_IPV6_UNICAST = 1, 2, 4

ORIGIN_IGP = b"\x40\x01\x01\x00"
LENGTHS_IPV4 = (24, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20, 19)
LENGTHS_IPV6 = (48, 48, 48, 44, 40, 36, 32, 32)


def record(subtype: int, body: bytes) -> bytes:
    """One MRT record (RFC 6396, section 2)."""
    return struct.pack(">IHHI", WRITTEN, TABLE_DUMP_V2, subtype, len(body)) + body


def peer_asn(index: int) -> int:
    return 3000 + 7 * index


def peer_address(index: int) -> bytes:
    if index < PEERS_IPV4:
        return bytes((193, 0, 4, 1 + index))
    return bytes.fromhex("200107f8000100000000000000000000")[:15] + bytes((index,))


def peer_index() -> bytes:
    """The record that numbers the peers, all with four-byte AS numbers."""
    count = PEERS_IPV4 + PEERS_IPV6
    entries = [
        struct.pack(">BI", 2 | (index >= PEERS_IPV4), 0x0A000001 + index)
        + peer_address(index)
        + struct.pack(">I", peer_asn(index))
        for index in range(count)
    ]
    return record(PEER_INDEX_TABLE, struct.pack(">IHH", 0xC0000201, 0, count) + b"".join(entries))


def community_sets(chance: random.Random) -> list[bytes]:
    """COMMUNITIES attributes (RFC 1997) of 3 to 10 values each."""
    sets = []
    for _ in range(300):
        asn, count = chance.randrange(1000, 60000), chance.randrange(3, 11)
        values = b"".join(struct.pack(">HH", asn, chance.randrange(10, 5000)) for _ in range(count))
        sets.append(b"\xc0\x08" + bytes((len(values),)) + values)
    return sets


def prefixes(ipv6: bool, chance: random.Random) -> Iterator[bytes]:
    """Prefixes in ascending order, none twice, as length and the bytes that length needs."""
    bits, lengths, at = (48, LENGTHS_IPV6, 0x240000000000) if ipv6 else (32, LENGTHS_IPV4, 0x01000000)
    while True:
        length = chance.choice(lengths)
        size = 1 << (bits - length)
        at = (at + size - 1) // size * size
        yield bytes((length,)) + at.to_bytes(bits // 8, "big")[: (length + 7) // 8]
        at += size


def rib_records(entries: int, ipv6: bool, chance: random.Random) -> Iterator[bytes]:
    """Records of one family with `entries` RIB entries in all; all its peers see each prefix."""
    peers = range(PEERS_IPV4, PEERS_IPV4 + PEERS_IPV6) if ipv6 else range(PEERS_IPV4)
    subtype = RIB_IPV6_UNICAST if ipv6 else RIB_IPV4_UNICAST
    communities = community_sets(chance)
    transits = [struct.pack(">I", chance.randrange(100, 60000)) for _ in range(300)]
    heads = [struct.pack(">HI", index, WRITTEN - 86400 * (1 + index)) for index in peers]
    firsts = [struct.pack(">I", peer_asn(index)) for index in peers]
    # In a table dump MP_REACH_NLRI holds the next hop alone (RFC 6396, section 4.3.4).
    hops = [(b"\x80\x0e\x11\x10" if ipv6 else b"\x40\x03\x04") + peer_address(index) for index in peers]
    for sequence, prefix in enumerate(prefixes(ipv6, chance)):
        here = min(len(peers), entries)
        if not here:
            return
        entries -= here
        origin = struct.pack(">I", chance.randrange(1000, 400000))
        ends = [chance.choice(transits) + origin for _ in range(2)]
        parts = [struct.pack(">I", sequence), prefix, struct.pack(">H", here)]
        for head, first, hop in zip(heads[:here], firsts, hops, strict=False):
            path = first + b"".join(chance.choices(transits, k=chance.randrange(4))) + chance.choice(ends)
            as_path = struct.pack(">BBBBB", 0x40, 2, len(path) + 2, 2, len(path) // 4) + path
            attributes = ORIGIN_IGP + as_path + hop + chance.choice(communities)
            parts += (head, struct.pack(">H", len(attributes)), attributes)
        yield record(subtype, b"".join(parts))


def table(entries: int) -> Iterator[bytes]:
    """The records of a table with `entries` RIB entries in all, the peer index first."""
    chance = random.Random(20141222)
    ipv6 = entries * PEERS_IPV6 // (PEERS_IPV6 + PEERS_IPV4 * (SHARE_IPV6 - 1))
    yield peer_index()
    yield from rib_records(entries - ipv6, ipv6=False, chance=chance)
    yield from rib_records(ipv6, ipv6=True, chance=chance)


def write(path: Path, entries: int) -> None:
    """Write the table, compressed as the name says: `.gz`, `.bz2`, else not at all."""
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("wb"))
        out: BinaryIO | gzip.GzipFile | bz2.BZ2File = raw
        if path.suffix == ".gz":
            # No time and no name in the header: the same table is the same bytes.
            out = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
        elif path.suffix == ".bz2":
            out = stack.enter_context(bz2.BZ2File(raw, "wb"))
        for piece in table(entries):
            out.write(piece)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.generate", description="Write a made-up routing table."
    )
    parser.add_argument("file", type=Path, nargs="+", help="compressed as its name says: .gz, .bz2")
    parser.add_argument(
        "--entries", type=int, default=300_000, help="RIB entries in all (default: %(default)s)"
    )
    asked = parser.parse_args()
    for path in asked.file:
        write(path, asked.entries)


if __name__ == "__main__":
    main()
