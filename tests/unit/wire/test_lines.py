"""Lines: the words of `bgpdump -m`, on records made by hand; bgpdump itself is asked where it is installed."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nightside.wire.lines import Lines


def lines_of(data: bytes) -> list[str]:
    lines = Lines()
    lines.start()
    text = b"".join(lines.feed(data)) + b"".join(lines.finish())
    return text.decode().splitlines()


def test_one_line_of_each_kind(mrt: Any) -> None:
    block = mrt.attribute(1, b"\0") + mrt.path(65001, 4837, 131279) + mrt.attribute(3, b"\xc0\0\2\x09")
    data = (
        mrt.bgp4mp(mrt.update(("175.45.176.0/24",), block, ("10.0.0.0/8",)))
        + mrt.bgp4mp(mrt.update((), block + mrt.reach(("2001:db8::/32",))), us=42)
        + mrt.state(6, 1)
        + mrt.peer_table([("2001:db8::7", 4200000000)])
        + mrt.rib("175.45.176.0/24", [(0, block)])
        + mrt.table_dump("175.45.177.0/24", mrt.path(65001, 131, width=2))
    )
    assert lines_of(data) == [
        "BGP4MP|1419264900|W|192.0.2.1|65001|10.0.0.0/8",
        "BGP4MP|1419264900|A|192.0.2.1|65001|175.45.176.0/24|65001 4837 131279|IGP|192.0.2.9|0|0||NAG||",
        "BGP4MP_ET|1419264900.000042|A|192.0.2.1|65001|2001:db8::/32|65001 4837 131279|IGP|2001:db8::1|0|0||NAG||",
        "BGP4MP|1419264900|STATE|192.0.2.1|65001|6|1",
        "TABLE_DUMP2|1419264900|B|2001:db8::7|4200000000|175.45.176.0/24|65001 4837 131279|IGP|192.0.2.9|0|0||NAG||",
        "TABLE_DUMP|1419264900|B|192.0.2.1|65001|175.45.177.0/24|65001 131|INCOMPLETE|255.255.255.255|0|0||NAG||",
    ]


def test_end_of_rib_is_no_line(mrt: Any) -> None:
    assert lines_of(mrt.bgp4mp(mrt.update()) + mrt.bgp4mp(mrt.update((), mrt.unreach(())))) == []


def test_what_can_be_read_of_a_bad_record_becomes_lines(mrt: Any) -> None:
    message = mrt.message(2, b"\0\0\0\0" + b"\x08\x0a" + b"\x21\x0a\0\0\0\0")
    bad_rib = mrt.rib("11.0.0.0/8", [(9, mrt.path(1)), (0, mrt.path(1)), (0, b"\x40\x01\x09")])
    lines = lines_of(mrt.bgp4mp(message) + mrt.peer_table([("192.0.2.1", 1)]) + bad_rib)
    assert [line.split("|")[5] for line in lines] == ["10.0.0.0/8", "11.0.0.0/8"]


@pytest.mark.parametrize(("subtype", "name"), [(10, "BGP4MP_LOCAL_AP"), (11, "BGP4MP_LOCAL_AP")])
def test_a_message_of_the_collector_names_the_peer(mrt: Any, subtype: int, name: str) -> None:
    """bgpdump 1.6.2 writes the collector's own address here, and leaves out that the message is its own."""
    message = mrt.message(2, b"\0\x09\0\0\0\x07\x20\x0a\0\0\1\0\0")
    body = mrt.session("192.0.2.1", 65001, 2 if subtype == 10 else 4) + message
    assert lines_of(mrt.record(16, subtype, body)) == [f"{name}|1419264900|W|192.0.2.1|65001|10.0.0.1/32|7"]


def test_a_record_of_more_lines_than_a_batch_takes(mrt: Any) -> None:
    prefixes = [f"10.{i >> 8}.{i & 255}.0/24" for i in range(4000)]
    path = mrt.path(*range(4_000_000_000, 4_000_000_200))
    lines = Lines()
    lines.start()
    data = mrt.bgp4mp(mrt.update(prefixes, path, prefixes))
    chunks = [*lines.feed(data), *lines.finish()]
    assert len(chunks) > 10
    assert max(map(len, chunks)) < 300_000
    said = b"".join(chunks).decode().splitlines()
    assert [line.split("|")[5] for line in said] == prefixes * 2
    assert lines.records == 1


# ---- bgpdump as the oracle ------------------------------------------------------------------------------

SET, SEQUENCE, CONFED_SEQUENCE, CONFED_SET = 1, 2, 3, 4
ADDRESSES = (
    "2001:db8::1",
    "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1::1",
    "fe80::",
    "::1.2.3.4",
    "::ffff:192.0.2.1",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:0",
    "0:2:3:4:5:6:7:8",
    "::",
    "::1",
    "::2",
    "::1:0:0",
)


def some_attributes(mrt: Any, random: random.Random, width: int) -> bytes:
    """Attributes as routers send them, each present or not."""
    top = 65535 if width == 2 else 4294967295
    parts = [
        (kind, [random.choice((0, 1, 23456, random.randint(2, top))) for _ in range(random.randint(1, 4))])
        for kind in random.choices((SEQUENCE, SEQUENCE, SEQUENCE, SET), k=random.randint(1, 3))
    ]
    if random.random() < 0.2:
        parts.insert(0, (random.choice((CONFED_SEQUENCE, CONFED_SET)), [64512, 64513]))
    block = mrt.attribute(1, bytes([random.choice((0, 1, 2))]))
    block += mrt.attribute(2, b"".join(mrt.segment(kind, asns, width) for kind, asns in parts))
    if random.random() < 0.9:
        block += mrt.attribute(3, random.randbytes(4))
    for kind in (4, 5):
        if random.random() < 0.5:
            block += mrt.attribute(
                kind, random.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", random.randbytes(4)))
            )
    if random.random() < 0.4:
        block += mrt.attribute(6, b"")
    if random.random() < 0.5:
        asn = random.choice((23456, 7018))
        block += mrt.attribute(7, asn.to_bytes(width, "big") + random.randbytes(4), 0xC0)
        if width == 2 and random.random() < 0.7:
            block += mrt.attribute(18, struct.pack("!I", 200000) + random.randbytes(4), 0xC0)
    if random.random() < 0.6:
        known = (0xFFFFFF01, 0xFFFFFF02, 0xFFFFFF03, 0xFFFF0000, 0x0D1C0001, 0)
        chosen = random.choices(known, k=random.randint(1, 5))
        block += mrt.attribute(8, b"".join(struct.pack("!I", value) for value in chosen), 0xC0)
    # bgpdump 1.6.2 merges wrongly where AS_PATH has several segments: it repeats the first one.
    if random.random() < 0.4 and len(parts) == 1:
        block += mrt.attribute(17, mrt.segment(SEQUENCE, [200000] * random.randint(1, 3), 4), 0xC0)
    return bytes(block)


def with_ids(mrt: Any, random: random.Random, prefixes: list[str]) -> bytes:
    """Prefixes, each behind a path identifier."""
    return b"".join(
        struct.pack("!I", random.choice((0, 1, 70000, 4294967295))) + mrt.prefix(prefix)
        for prefix in prefixes
    )


def some_message_with_ids(
    mrt: Any, random: random.Random, block: bytes, some: list[str], wide: list[str]
) -> bytes:
    """An UPDATE with path identifiers before all of its prefixes."""
    hop = b"\0\2\1\x10" + mrt.address("2001:db8::1") + b"\0"
    block += mrt.attribute(14, hop + with_ids(mrt, random, wide))
    block += mrt.attribute(15, b"\0\2\1" + with_ids(mrt, random, wide))
    gone = with_ids(mrt, random, some)
    body = struct.pack("!H", len(gone)) + gone + struct.pack("!H", len(block)) + block
    return mrt.message(2, body + with_ids(mrt, random, some))


def some_table_with_ids(mrt: Any, random: random.Random, prefix: str, peers: int, block: bytes) -> bytes:
    """Three entries with path identifiers (RFC 8050 section 4.1)."""
    body = struct.pack("!I", 7) + mrt.prefix(prefix) + struct.pack("!H", 3)
    for _ in range(3):
        body += struct.pack("!HIIH", random.randrange(peers), 1, random.getrandbits(32), len(block)) + block
    return mrt.record(13, 10 if ":" in prefix else 8, body)


def some_old_record(mrt: Any, random: random.Random, some: list[str]) -> bytes:
    """A record of type 5 that bgpdump reads right: a state, or announcements without communities."""
    session = struct.pack("!H", 3333) + mrt.address("193.0.0.56")
    if random.random() < 0.3:
        return mrt.record(5, 3, session + struct.pack("!HH", random.randint(1, 6), random.randint(1, 6)))
    if random.random() < 0.2:
        return mrt.record(5, 7, session + bytes(6))
    block = mrt.attribute(1, b"\0") + mrt.path(3333, 286, width=2) + mrt.attribute(3, b"\xc1\0\0\x38")
    block += mrt.attribute(7, struct.pack("!H", 286) + b"\xc1\0\0\1")
    body = struct.pack("!HH", 0, len(block)) + block + mrt.prefixes(some)
    return mrt.record(5, 1, session + bytes(6) + body)


def some_file(mrt: Any, random: random.Random) -> bytes:
    prefixes = ("0.0.0.0/0", "10.0.0.0/8", "10.1.2.0/23", "10.1.2.3/32", "192.0.2.255/25", "224.0.0.0/4")
    wide = [f"{address}/{length}" for address in ADDRESSES for length in (1, 32, 64, 127, 128)]
    peers = [("192.0.2.1", 65001), *((address, 4200000000) for address in ADDRESSES)]
    records = [mrt.peer_table(peers)]
    for _ in range(400):
        width = random.choice((2, 4))
        block = some_attributes(mrt, random, width)
        some = random.sample(prefixes, random.randint(1, 3))
        some_wide = random.sample(wide, random.randint(1, 3))
        peer = random.choice(("192.0.2.1", *ADDRESSES))
        us = random.choice((None, 0, 5, 999999))
        hop = random.choice(ADDRESSES)
        kind = random.randrange(10)
        if kind == 0:
            message = mrt.update(some, block, random.sample(prefixes, 2))
        elif kind == 1:
            message = mrt.update(some, block + mrt.reach(some_wide, hop, random.choice((1, 2))))
        elif kind == 2:
            message = mrt.update((), mrt.unreach(some_wide, 2, random.choice((1, 2))))
        elif kind == 3:
            message = mrt.update((), mrt.unreach(some, 1, random.choice((1, 2))))
        if kind <= 3:
            subtype = 1 if width == 2 else 4
            # Of the collector's own withdrawals of IPv6 to a peer of IPv4, bgpdump mistakes the peer's address.
            if (kind == 0 or ":" in peer) and random.random() < 0.5:
                subtype = 6 if width == 2 else 7
            body = mrt.session(peer, 23456, width) + message
            if us is None:
                records.append(mrt.record(16, subtype, body))
            else:
                records.append(mrt.record(17, subtype, struct.pack("!I", us) + body))
        elif kind == 4:
            records.append(mrt.state(random.randint(1, 8), random.randint(1, 8), peer, 7018, width))
        elif kind == 5:
            narrow = some_attributes(mrt, random, 2)
            records.append(mrt.table_dump(random.choice(prefixes), narrow))
            abbreviated = bytes([16]) + mrt.address(hop)
            records.append(
                mrt.table_dump(some_wide[0], narrow + mrt.attribute(14, abbreviated, 0x80), "2001:db8::9")
            )
        elif kind == 6:
            message = some_message_with_ids(mrt, random, block, some, some_wide)
            records.append(mrt.record(16, 8 if width == 2 else 9, mrt.session(peer, 23456, width) + message))
        elif kind == 7:
            block = some_attributes(mrt, random, 4)
            for prefix in (random.choice(prefixes), random.choice(some_wide)):
                records.append(some_table_with_ids(mrt, random, prefix, len(peers), block))
        elif kind == 8:
            records.append(some_old_record(mrt, random, some))
        else:
            block = some_attributes(mrt, random, 4)
            entries = [(random.randrange(len(peers)), block) for _ in range(3)]
            records.append(mrt.rib(random.choice(prefixes), entries))
            abbreviated = mrt.attribute(14, bytes([16]) + mrt.address(hop), 0x80)
            whole = mrt.reach((), hop)
            records.append(mrt.rib(some_wide[0], [(0, block + abbreviated), (1, block + whole)]))
    return b"".join(records)


@pytest.mark.parametrize("seed", range(5))
def test_made_up_files_give_the_lines_of_bgpdump(mrt: Any, tmp_path: Path, seed: int) -> None:
    bgpdump = shutil.which("bgpdump")
    if not bgpdump:
        pytest.skip("bgpdump is not installed (Debian: apt-get install bgpdump)")
    path = tmp_path / "made.mrt"
    path.write_bytes(some_file(mrt, random.Random(seed)))
    done = subprocess.run([bgpdump, "-m", str(path)], capture_output=True, check=True, text=True)
    said = lines_of(path.read_bytes())
    assert len(said) > 500
    assert said == done.stdout.splitlines()


def test_a_next_hop_too_short_to_be_one_costs_a_table_no_route(mrt: Any) -> None:
    """The elements have the route (the path is sound), so the lines have it too."""
    for value in (b"\0", b"\0\2", b"\0\2\1\x10"):
        block = mrt.attribute(1, b"\0") + mrt.path(65001, 1) + mrt.attribute(14, value, 0x80)
        data = mrt.peer_table([("192.0.2.1", 65001)]) + mrt.rib("2001:db8::/32", [(0, block)])
        assert [line.split("|")[5:9] for line in lines_of(data)] == [["2001:db8::/32", "65001 1", "IGP", ""]]
