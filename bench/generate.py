"""A made-up routing table to measure with: TABLE_DUMP_V2 (RFC 6396, section 4.3), always the same bytes.

    python -m bench.generate table.gz --entries 300000 [--peers 40]

To a decompressor and a decoder it looks much as a real table does: 40 peers (28 over IPv4, 12 over IPv6),
about 70 bytes of attributes an entry, paths of 3 to 6 ASes that share their ends, communities out of a few
hundred sets. It is written in chunks, each of its own chance, on all cores; the file is one stream all the same.
"""

from __future__ import annotations

import argparse
import bz2
import multiprocessing
import os
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from isal import isal_zlib

WRITTEN = 1419120000
"""Seconds since the epoch in every record: 2014-12-21T00:00:00Z."""
PEERS = 40
SHARE_PEERS_IPV6 = 0.3
SHARE_IPV6 = 4
"""Every fourth prefix is IPv6's."""
TABLE_DUMP_V2 = 13
PEER_INDEX_TABLE, RIB_IPV4_UNICAST, RIB_IPV6_UNICAST = 1, 2, 4
SEED = 20141222
CHUNK = 60_000
"""About so many entries are made, and compressed, at a time."""

ORIGIN_IGP = b"\x40\x01\x01\x00"
LENGTHS_IPV4 = (24, 24, 24, 24, 24, 24, 23, 22, 22, 21, 20, 19)
LENGTHS_IPV6 = (48, 48, 48, 44, 40, 36, 32, 32)
MIDDLES, COMMUNITIES = 4096, 300
"""So many different parts in the middle of paths, and sets of communities."""


def record(subtype: int, body: bytes, written: int) -> bytes:
    """One MRT record (RFC 6396, section 2)."""
    return struct.pack(">IHHI", written, TABLE_DUMP_V2, subtype, len(body)) + body


def peer_asn(index: int) -> int:
    return 3000 + 7 * index


def peers_ipv6(peers: int) -> int:
    """How many of so many peers are heard over IPv6; they are the last."""
    return round(peers * SHARE_PEERS_IPV6)


def peer_address(index: int, ipv6: bool) -> bytes:
    if not ipv6:
        return bytes((193, 0, 4, 1 + index))
    return bytes.fromhex("200107f80001000000000000000000") + bytes((index,))


def peer_index(peers: int, written: int) -> bytes:
    """The record that numbers the peers, all with four-byte AS numbers."""
    first_ipv6 = peers - peers_ipv6(peers)
    entries = [
        struct.pack(">BI", 2 | (index >= first_ipv6), 0x0A000001 + index)
        + peer_address(index, index >= first_ipv6)
        + struct.pack(">I", peer_asn(index))
        for index in range(peers)
    ]
    body = struct.pack(">IHH", 0xC0000201, 0, peers) + b"".join(entries)
    return record(PEER_INDEX_TABLE, body, written)


def prefixes(ipv6: bool, chance: random.Random) -> Iterator[bytes]:
    """Prefixes in ascending order, none twice, as length and the bytes that length needs."""
    bits, lengths, at = (48, LENGTHS_IPV6, 0x240000000000) if ipv6 else (32, LENGTHS_IPV4, 0x01000000)
    while True:
        length = chance.choice(lengths)
        size = 1 << (bits - length)
        at = (at + size - 1) // size * size
        yield bytes((length,)) + at.to_bytes(bits // 8, "big")[: (length + 7) // 8]
        at += size


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes of one family are put together from."""

    heads: list[bytes]
    """By peer: its number and since when."""
    firsts: list[bytes]
    """By peer: its AS."""
    tails: list[list[bytes]]
    """By peer and set of communities: the attributes behind the path."""
    middles: list[bytes]
    transits: list[bytes]


@lru_cache(maxsize=2)
def parts_of(ipv6: bool, peers: int, written: int) -> Parts:
    """The parts of one family; COMMUNITIES (RFC 1997) have 3 to 10 values."""
    chance = random.Random(SEED)
    sets = []
    for _ in range(COMMUNITIES):
        asn, count = chance.randrange(1000, 60000), chance.randrange(3, 11)
        values = b"".join(struct.pack(">HH", asn, chance.randrange(10, 5000)) for _ in range(count))
        sets.append(b"\xc0\x08" + bytes((len(values),)) + values)
    transits = [struct.pack(">I", chance.randrange(100, 60000)) for _ in range(300)]
    middles = [b"".join(chance.choices(transits, k=chance.randrange(4))) for _ in range(MIDDLES)]
    first_ipv6 = peers - peers_ipv6(peers)
    mine = range(first_ipv6, peers) if ipv6 else range(first_ipv6)
    # In a table dump MP_REACH_NLRI holds the next hop alone (RFC 6396, section 4.3.4).
    hop = b"\x80\x0e\x11\x10" if ipv6 else b"\x40\x03\x04"
    return Parts(
        heads=[struct.pack(">HI", index, written - 86400 * (1 + index)) for index in mine],
        firsts=[struct.pack(">I", peer_asn(index)) for index in mine],
        tails=[[hop + peer_address(index, ipv6) + some for some in sets] for index in mine],
        middles=middles,
        transits=transits,
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the table that is made by itself."""

    ipv6: bool
    peers: int
    written: int
    sequence: int
    prefixes: list[bytes]
    entries: int


def chunk_bytes(chunk: Chunk) -> bytes:
    """The records of a chunk; all peers of the family have a route to each prefix, but for the last one's rest."""
    chance = random.Random(SEED * 2 + chunk.sequence * 2 + chunk.ipv6)
    parts = parts_of(chunk.ipv6, chunk.peers, chunk.written)
    subtype = RIB_IPV6_UNICAST if chunk.ipv6 else RIB_IPV4_UNICAST
    heads, firsts, tails, middles = parts.heads, parts.firsts, parts.tails, parts.middles
    lengths = [struct.pack(">H", length) for length in range(256)]
    paths = [ORIGIN_IGP + bytes((0x40, 2, 2 + 4 * count, 2, count)) for count in range(8)]
    bits, choose = chance.getrandbits, chance.choice
    left = chunk.entries
    out = []
    for number, prefix in enumerate(chunk.prefixes, chunk.sequence):
        here = min(len(heads), left)
        left -= here
        origin = struct.pack(">I", chance.randrange(1000, 400000))
        ends = (choose(parts.transits) + origin, choose(parts.transits) + origin)
        body = [struct.pack(">I", number), prefix, struct.pack(">H", here)]
        for peer in range(here):
            drawn = bits(32)
            middle = middles[drawn & (MIDDLES - 1)]
            tail = tails[peer][(drawn >> 13) * COMMUNITIES >> 19]
            hops = 3 + len(middle) // 4
            body += (
                heads[peer],
                lengths[9 + 4 * hops + len(tail)],
                paths[hops],
                firsts[peer],
                middle,
                ends[drawn >> 12 & 1],
                tail,
            )
        out.append(record(subtype, b"".join(body), chunk.written))
    return b"".join(out)


def chunks(entries: int, peers: int, written: int) -> Iterator[Chunk]:
    """The stretches of a table with `entries` RIB entries in all, in order."""
    six = peers_ipv6(peers)
    ipv6_entries = entries * six // (six + (peers - six) * (SHARE_IPV6 - 1))
    for ipv6, left in ((False, entries - ipv6_entries), (True, ipv6_entries)):
        each = six if ipv6 else peers - six
        space = prefixes(ipv6, random.Random(SEED + ipv6))
        sequence = 0
        while left:
            some = list(islice(space, min(CHUNK // each, -(-left // each))))
            here = min(left, len(some) * each)
            yield Chunk(ipv6, peers, written, sequence, some, here)
            sequence += len(some)
            left -= here


def packed(chunk: Chunk) -> tuple[bytes, int, int]:
    """A chunk as a part of a gzip stream (RFC 1951); CRC-32 and length of what it unpacks to."""
    content = chunk_bytes(chunk)
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (
        packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH),
        isal_zlib.crc32(content),
        len(content),
    )


def write_gz(path: Path, index: bytes, some: Iterator[tuple[bytes, int, int]]) -> None:
    """One gzip member (RFC 1952). No time and no name in its header: the same table is the same bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    crc, length = isal_zlib.crc32(index), len(index)
    with path.open("wb") as out:
        out.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        out.write(packer.compress(index) + packer.flush(zlib.Z_SYNC_FLUSH))
        for content, its_crc, its_length in some:
            out.write(content)
            crc = isal_zlib.crc32_combine(crc, its_crc, its_length)
            length += its_length
        # An empty last block.
        out.write(b"\x03\0" + struct.pack("<II", crc, length & 0xFFFFFFFF))


def write(path: Path, entries: int, peers: int = PEERS) -> None:
    """Write the table, compressed as the name says: `.gz`, `.bz2`, else not at all."""
    index = peer_index(peers, WRITTEN)
    wanted = chunks(entries, peers, WRITTEN)
    partial = path.with_name(path.name + ".part")
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        if path.suffix == ".gz":
            write_gz(partial, index, pool.imap(packed, wanted))
        else:
            with bz2.open(partial, "wb") if path.suffix == ".bz2" else partial.open("wb") as out:
                out.write(index)
                for content in pool.imap(chunk_bytes, wanted):
                    out.write(content)
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.generate", description="Write a made-up routing table."
    )
    parser.add_argument("file", type=Path, nargs="+", help="compressed as its name says: .gz, .bz2")
    parser.add_argument(
        "--entries", type=int, default=300_000, help="RIB entries in all (default: %(default)s)"
    )
    parser.add_argument("--peers", type=int, default=PEERS, help="(default: %(default)s)")
    asked = parser.parse_args()
    for path in asked.file:
        write(path, asked.entries, asked.peers)


if __name__ == "__main__":
    main()
