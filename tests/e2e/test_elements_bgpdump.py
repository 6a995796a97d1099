"""`nightside elements`, and the columns, against bgpdump on real files of 1999 to 2024."""

from __future__ import annotations

import gzip
import ipaddress
import json
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from nightside.model.elements import FLAG_NO_UPSTREAM, FLAG_ORIGIN_SET, Kind
from nightside.sources.local import open_pieces
from nightside.wire.decoder import Decoder

pytestmark = pytest.mark.shared_data

LINES = {
    "updates.20020722.2238.gz": 3_337,
    "updates.20070211.0141.gz": 53_657,
    "updates.20071015.1505.gz": 10_496,
    "updates.20100722.2015.gz": 5_654,
    "updates.et-header.2015.gz": 577_744,
    "rrc06.updates.20150401.0000.gz": 1_561,
    "bview.20020722.2337.gz": 115_521,
    "rib.20080501.0644.first-MiB.bz2": 139_291,
    "rib.20140523.0600.first-MiB.bz2": 270_005,
    # Long messages, long attribute blocks, LOCAL messages:
    "rrc15.updates.20100227.1610.gz": 7_485,
    "updates.long_withdrawal.gz": 4_096,
    "bview.64k_stream_overflow.gz": 23,
    "local_only_updates.20240914.bz2": 268,
    # Path identifiers; prefixes with bits behind their length, the last one cut; records without addresses:
    "bview.ipv4_unicast_add_path.gz": 62,
    "bview.ipv6_unicast_add_path.gz": 62,
    "updates.nlri_mask_trailing_bits.gz": 1,
    "rrc01.updates.20001104.0124.gz": 883,
    # Type 5:
    "rrc00.updates.19990903.1041.gz": 65_315,
    "rrc00.updates.20000102.2014.gz": 6_359,
}
"""Lines of `bgpdump -m` by the README of the data, or by counting."""

COLUMNS = (
    "updates.20020722.2238.gz",
    "updates.20071015.1505.gz",
    "updates.20100722.2015.gz",
    "rrc06.updates.20150401.0000.gz",
    "rrc15.updates.20100227.1610.gz",
    "bview.20020722.2337.gz",
)


@pytest.fixture(scope="module")
def bgpdump() -> str:
    found = shutil.which("bgpdump")
    if not found:
        pytest.skip("bgpdump is not installed (Debian: apt-get install bgpdump)")
    return found


def said_by_bgpdump(bgpdump: str, path: Path) -> list[str]:
    done = subprocess.run([bgpdump, "-m", str(path)], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


def without_prefix_of_withdrawals(line: str) -> str:
    """Of a withdrawal in a record of type 5, bgpdump 1.6.2 writes the peer's address where the prefix's belongs."""
    if not line.startswith("BGP|") or line.split("|")[2] != "W":
        return line
    begin, _, prefix = line.rpartition("|")
    return f"{begin}|{prefix.partition('/')[2]}"


@pytest.mark.parametrize("name", LINES)
def test_lines_are_those_of_bgpdump(bgpdump: str, shared_data: Path, name: str) -> None:
    path = shared_data / "mrt" / name
    ours = subprocess.run(
        [sys.executable, "-c", "from nightside.cli.main import main; main()", "elements", str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    lines = ours.stdout.splitlines()
    assert len(lines) == LINES[name]
    theirs = said_by_bgpdump(bgpdump, path)
    differing = Counter(map(without_prefix_of_withdrawals, lines))
    differing.subtract(map(without_prefix_of_withdrawals, theirs))
    assert {line: count for line, count in differing.items() if count} == {}
    if not any(line.startswith("BGP|") for line in theirs):
        assert lines == theirs
    assert ("cut off" in ours.stderr) == ("first-MiB" in name)


def path_of(text: str) -> tuple[tuple[int, ...], int | None, int | None, bool]:
    """Flat path, origin, upstream and whether the origin is one of a set, from the text of an AS path."""
    text = re.sub(r"\([^)]*\)|\[[^]]*\]", "", text)
    parts = re.findall(r"\{[^}]*\}|\d+", text)
    if not parts:
        return (), None, None, False
    groups = [[int(asn) for asn in re.findall(r"\d+", part)] for part in parts]
    origin = groups[-1][0]
    before = [asn for group in groups[:-1] for asn in group]
    upstream = next((asn for asn in reversed(before) if asn != origin), None)
    return tuple(asn for group in groups for asn in group), origin, upstream, len(groups[-1]) > 1


def expected(line: str) -> tuple[object, ...]:
    """What the columns must say of one line of bgpdump."""
    parts = line.split("|")
    seconds, _, fraction = parts[1].partition(".")
    time_us = int(seconds) * 1_000_000 + int(fraction or 0)
    peer = (str(ipaddress.ip_address(parts[3])), int(parts[4]))
    if parts[2] == "STATE":
        return (time_us, Kind.STATE, peer, int(parts[5]), int(parts[6]))
    prefix = str(ipaddress.ip_network(parts[5], strict=False))
    if parts[2] == "W":
        return (time_us, Kind.WITHDRAW, peer, prefix)
    kind = Kind.ANNOUNCE if parts[2] == "A" else Kind.ROUTE
    path, origin, upstream, in_set = path_of(parts[6])
    return (time_us, kind, peer, prefix, path, peer[1] if origin is None else origin, upstream, in_set)


def said_by_columns(path: Path) -> list[tuple[object, ...]]:
    decoder = Decoder()
    found: list[tuple[object, ...]] = []
    pieces = list(open_pieces(path))
    for batches in (*(decoder.feed(piece) for piece in pieces), decoder.finish()):
        for c in batches:
            for i in range(c.count):
                kind = Kind(int(c.kind[i]))
                peer = decoder.peers[c.peer[i]]
                begin = (int(c.time_us[i]), kind, (peer.address, peer.asn))
                if kind == Kind.STATE:
                    found.append((*begin, int(c.old_state[i]), int(c.new_state[i])))
                    continue
                if kind == Kind.END_OF_RIB:
                    continue
                high, low = int(c.prefix_hi[i]), int(c.prefix_lo[i])
                packed = (high << 64 | low).to_bytes(16, "big")[: 4 if c.family[i] == 4 else 16]
                prefix = f"{ipaddress.ip_address(packed)}/{c.prefix_len[i]}"
                if kind == Kind.WITHDRAW:
                    found.append((*begin, prefix))
                    continue
                start = int(c.path_start[i])
                way = tuple(c.paths[start : start + int(c.path_count[i])].tolist())
                upstream = None if c.flags[i] & FLAG_NO_UPSTREAM else int(c.upstream[i])
                in_set = bool(c.flags[i] & FLAG_ORIGIN_SET)
                found.append((*begin, prefix, way, int(c.origin[i]), upstream, in_set))
    return found


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_say_what_bgpdump_says(bgpdump: str, shared_data: Path, name: str) -> None:
    path = shared_data / "mrt" / name
    differing = Counter(said_by_columns(path))
    differing.subtract(expected(line) for line in said_by_bgpdump(bgpdump, path))
    assert {row: count for row, count in differing.items() if count} == {}


@pytest.mark.parametrize("name", COLUMNS)
def test_summary_counts_the_lines_of_bgpdump(bgpdump: str, shared_data: Path, name: str) -> None:
    path = shared_data / "mrt" / name
    run = [
        sys.executable,
        "-c",
        "from nightside.cli.main import main; main()",
        "elements",
        "--summary",
        str(path),
    ]
    found = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)
    rows = [expected(line) for line in said_by_bgpdump(bgpdump, path)]
    kinds = Counter(row[1] for row in rows)
    routed = [row for row in rows if row[1] in (Kind.ANNOUNCE, Kind.ROUTE)]
    assert found["announcements"] == kinds[Kind.ANNOUNCE]
    assert found["withdrawals"] == kinds[Kind.WITHDRAW]
    assert found["states"] == kinds[Kind.STATE]
    assert found["routes"] == kinds[Kind.ROUTE]
    assert found["prefixes"] == len({row[3] for row in rows if row[1] != Kind.STATE})
    assert found["origins"] == len({row[5] for row in routed})
    assert found["peers"] == len({row[2] for row in rows})


def routes_by_hand(content: bytes) -> list[tuple[str, str, int, tuple[int, ...]]]:
    """Prefix, peer, its AS and the AS path of each route of a table of January 2000, read by hand.

    A record has view and sequence number, then route behind route; its length does not count the first four bytes.
    """
    found = []
    at = 0
    while at < len(content):
        end = at + 16 + int.from_bytes(content[at + 8 : at + 12], "big")
        at += 16
        while at < end:
            prefix = f"{ipaddress.IPv4Address(content[at : at + 4])}/{content[at + 4]}"
            peer = str(ipaddress.IPv4Address(content[at + 10 : at + 14]))
            asn, size = struct.unpack_from("!HH", content, at + 14)
            path: tuple[int, ...] = ()
            attribute, at = at + 18, at + 18 + size
            while attribute < at:
                flags, type_, length = content[attribute : attribute + 3]
                attribute += 3
                if flags & 0x10:
                    length = length << 8 | content[attribute]
                    attribute += 1
                segment, stop = attribute, attribute + length
                while type_ == 2 and segment < stop:
                    path += struct.unpack_from(f"!{content[segment + 1]}H", content, segment + 2)
                    segment += 2 + 2 * content[segment + 1]
                attribute = stop
            found.append((prefix, peer, asn, path))
    return found


def test_a_table_of_short_lengths_is_read_whole(shared_data: Path) -> None:
    """bgpdump stops after one of its routes."""
    path = shared_data / "mrt" / "rrc00.bview.20000111.0032.gz"
    expected = routes_by_hand(gzip.decompress(path.read_bytes()))
    decoder = Decoder()
    found = []
    for batches in (*(decoder.feed(piece) for piece in open_pieces(path)), decoder.finish()):
        for c in batches:
            n = c.count
            assert (c.kind[:n] == Kind.ROUTE).all()
            starts, counts = c.path_start[:n].tolist(), c.path_count[:n].tolist()
            addresses, lengths = (c.prefix_hi[:n] >> 32).tolist(), c.prefix_len[:n].tolist()
            paths = c.paths[: max(map(sum, zip(starts, counts, strict=True)))].tolist()
            peers = [decoder.peers[peer] for peer in c.peer[:n].tolist()]
            found += [
                (address, length, peer.address, peer.asn, tuple(paths[start : start + count]))
                for address, length, peer, start, count in zip(
                    addresses, lengths, peers, starts, counts, strict=True
                )
            ]
    assert decoder.skipped == []
    assert len(found) == len(expected) > 450_000
    assert found == [
        (network_number(prefix), int(prefix.partition("/")[2]), peer, asn, way)
        for prefix, peer, asn, way in expected
    ]


def network_number(prefix: str) -> int:
    """The address of a prefix without its host bits."""
    address, _, length = prefix.partition("/")
    return int(ipaddress.IPv4Address(address)) >> (32 - int(length)) << (32 - int(length))
