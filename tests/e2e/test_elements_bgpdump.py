"""`nightside elements`, and the columns, against bgpdump on real files of 1999 to 2024."""

from __future__ import annotations

import gzip
import ipaddress
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
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


@dataclass
class Routes:
    """Routes as columns: network number, prefix length, peer's address, its AS, ASes of the path; all paths joined."""

    columns: list[npt.NDArray[np.int64]]
    paths: npt.NDArray[np.int64]


def routes_by_hand(content: bytes) -> Routes:
    """The routes of a table of January 2000, read by hand, field by field for all routes at once.

    A record has view and sequence number, then route behind route; its length does not count the first four bytes.
    """
    begins = []
    at = 0
    while at < len(content):
        end = at + 16 + int.from_bytes(content[at + 8 : at + 12], "big")
        at += 16
        while at < end:
            begins.append(at)
            at += 18 + (content[at + 16] << 8 | content[at + 17])
    data = np.frombuffer(content, np.uint8)

    def number(where: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
        return sum(data[where + n].astype(np.int64) << 8 * (size - 1 - n) for n in range(size))  # type: ignore[return-value]

    route = np.array(begins)
    stop = route + 18 + number(route + 16, 2)
    path_at, path_end = np.zeros_like(route), np.zeros_like(route)
    attribute = route + 18
    while (more := np.flatnonzero(attribute < stop)).size:
        here = attribute[more]
        long = (data[here] & 0x10) != 0
        length = np.where(long, number(here + 2, 2), data[here + 2])
        value = here + 3 + long
        is_path = data[here + 1] == 2
        path_at[more[is_path]], path_end[more[is_path]] = value[is_path], (value + length)[is_path]
        attribute[more] = value + length
    owner, segment = [], []
    while (more := np.flatnonzero(path_at < path_end)).size:
        owner.append(more)
        segment.append(path_at[more])
        path_at[more] += 2 + 2 * data[path_at[more] + 1].astype(np.int64)
    owners, segments = np.concatenate(owner), np.concatenate(segment)
    order = np.lexsort((segments, owners))
    owners, segments = owners[order], segments[order]
    sizes = data[segments + 1].astype(np.int64)
    length = data[route + 4].astype(np.int64)
    network = number(route, 4) >> (32 - length) << (32 - length)
    return Routes(
        [
            network,
            length,
            number(route + 10, 4),
            number(route + 14, 2),
            np.bincount(owners, sizes, len(route)).astype(np.int64),
        ],
        number(joined(segments + 2, sizes, 2), 2),
    )


def joined(begins: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], step: int) -> npt.NDArray[np.int64]:
    """So many places from each begin on, one behind the other."""
    first = np.cumsum(sizes) - sizes
    return np.repeat(begins, sizes) + step * (np.arange(sizes.sum()) - np.repeat(first, sizes))


def routes_of_columns(path: Path) -> Routes:
    decoder = Decoder()
    batches: list[tuple[npt.NDArray[np.int64], ...]] = []
    paths = []
    for given in (*(decoder.feed(piece) for piece in open_pieces(path)), decoder.finish()):
        for c in given:
            n = c.count
            assert (c.kind[:n] == Kind.ROUTE).all()
            address = np.array([int(ipaddress.IPv4Address(peer.address)) for peer in decoder.peers])
            asn = np.array([peer.asn for peer in decoder.peers])
            sizes = c.path_count[:n].astype(np.int64)
            batches.append(
                (
                    (c.prefix_hi[:n] >> np.uint64(32)).astype(np.int64),
                    c.prefix_len[:n].astype(np.int64),
                    address[c.peer[:n]],
                    asn[c.peer[:n]],
                    sizes,
                )
            )
            paths.append(c.paths[joined(c.path_start[:n].astype(np.int64), sizes, 1)].astype(np.int64))
    assert decoder.skipped == []
    return Routes([np.concatenate(column) for column in zip(*batches, strict=True)], np.concatenate(paths))


def test_a_table_of_short_lengths_is_read_whole(shared_data: Path) -> None:
    """bgpdump stops after one of its routes."""
    path = shared_data / "mrt" / "rrc00.bview.20000111.0032.gz"
    expected, found = routes_by_hand(gzip.decompress(path.read_bytes())), routes_of_columns(path)
    assert len(found.columns[0]) == len(expected.columns[0]) > 450_000
    for ours, theirs in zip(found.columns, expected.columns, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(expected.paths) > 1_000_000
    np.testing.assert_array_equal(found.paths, expected.paths)
