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


def test_a_bad_record_leaves_no_line(mrt: Any) -> None:
    message = mrt.message(2, b"\0\0\0\0" + b"\x08\x0a" + b"\x21\x0a\0\0\0\0")
    bad_rib = mrt.rib("10.0.0.0/8", [(0, mrt.path(1)), (9, mrt.path(1))])
    assert lines_of(mrt.bgp4mp(message) + mrt.peer_table([("192.0.2.1", 1)]) + bad_rib) == []


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
        kind = random.randrange(7)
        if kind == 0:
            message = mrt.update(some, block, random.sample(prefixes, 2))
        elif kind == 1:
            message = mrt.update(some, block + mrt.reach(some_wide, hop, random.choice((1, 2))))
        elif kind == 2:
            message = mrt.update((), mrt.unreach(some_wide, 2, random.choice((1, 2))))
        elif kind == 3:
            message = mrt.update((), mrt.unreach(some, 1, random.choice((1, 2))))
        if kind <= 3:
            records.append(mrt.bgp4mp(message, peer, 23456, width, us=us))
        elif kind == 4:
            records.append(mrt.state(random.randint(1, 8), random.randint(1, 8), peer, 7018, width))
        elif kind == 5:
            narrow = some_attributes(mrt, random, 2)
            records.append(mrt.table_dump(random.choice(prefixes), narrow))
            abbreviated = bytes([16]) + mrt.address(hop)
            records.append(
                mrt.table_dump(some_wide[0], narrow + mrt.attribute(14, abbreviated, 0x80), "2001:db8::9")
            )
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
    assert sorted(said) == sorted(done.stdout.splitlines())


def test_a_next_hop_too_short_to_be_one_costs_a_table_no_route(mrt: Any) -> None:
    """The elements have the route (the path is sound), so the lines have it too."""
    for value in (b"\0", b"\0\2", b"\0\2\1\x10"):
        block = mrt.attribute(1, b"\0") + mrt.path(65001, 1) + mrt.attribute(14, value, 0x80)
        data = mrt.peer_table([("192.0.2.1", 65001)]) + mrt.rib("2001:db8::/32", [(0, block)])
        assert [line.split("|")[5:9] for line in lines_of(data)] == [["2001:db8::/32", "65001 1", "IGP", ""]]
