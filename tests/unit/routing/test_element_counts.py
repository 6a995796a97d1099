"""The numbers of `nightside elements --summary`, against the same numbers counted with NumPy on the columns."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nightside.model.elements import Kind
from nightside.routing.counts import ElementCounts
from nightside.wire.decoder import Decoder

TIME = 1419264900


def record(kind: int, subtype: int, body: bytes) -> bytes:
    return struct.pack("!IHHI", TIME, kind, subtype, len(body)) + body


def path(*asns: int) -> bytes:
    sequence = struct.pack(f"!BB{len(asns)}I", 2, len(asns), *asns) if asns else b""
    return struct.pack("!BBB", 0x40, 2, len(sequence)) + sequence


def session(peer: int, width: int = 4) -> bytes:
    asn = struct.pack("!II" if width == 4 else "!HH", 65000 + peer, 12654)
    return asn + struct.pack("!HH4s4s", 0, 1, bytes((192, 0, 2, peer)), bytes((192, 0, 2, 254)))


def update(peer: int, withdrawn: bytes, attributes: bytes, routes: bytes) -> bytes:
    message = struct.pack("!H", len(withdrawn)) + withdrawn + struct.pack("!H", len(attributes)) + attributes
    message += routes
    header = b"\xff" * 16 + struct.pack("!HB", 19 + len(message), 2)
    return record(16, 4, session(peer) + header + message)


def table(peers: int, prefixes: list[bytes], chance: random.Random, subtype: int = 2) -> bytes:
    entries = [struct.pack("!BI4sI", 2, 1, bytes((10, 0, 0, i)), 65000 + i) for i in range(peers)]
    out = record(13, 1, struct.pack("!IHH", 0, 0, peers) + b"".join(entries))
    for prefix in prefixes:
        here = chance.sample(range(peers), chance.randrange(peers + 1))
        body = struct.pack("!I", 0) + prefix + struct.pack("!H", len(here))
        for peer in here:
            asns = chance.choices((0, 7, 65535, 65536, 4_200_000_000, 4294967295), k=chance.randrange(12))
            body += struct.pack("!HIH", peer, TIME, len(path(*asns))) + path(*asns)
        out += record(13, subtype, body)
    return out


def mixed() -> bytes:
    chance = random.Random(5)
    ipv4 = [bytes((24, 10, i, j)) for i in range(20) for j in range(20)] + [
        b"\0",
        b"\x18\x0a\0\0",
        b"\x10\x0a\0",
    ]
    ipv6 = [b"\x20\x20\x01\x0d\xb8", b"\0", b"\x30\x20\x01\x0d\xb8\0\1", b"\x20\x20\x01\x0d\xb8"]
    out = table(9, ipv4, chance) + table(9, ipv6, chance, subtype=4)
    out += record(16, 5, session(200) + struct.pack("!HH", 6, 1))
    for peer in range(40):
        routes = b"".join(chance.choices(ipv4, k=5))
        out += update(peer, b"".join(chance.choices(ipv4, k=3)), b"\x40\1\1\0" + path(1, 2, peer), routes)
    return out + update(3, b"", b"", b"")  # the end of a table (RFC 4724)


def counted(data: bytes, capacity: int, piece: int) -> tuple[dict[str, int], dict[str, int]]:
    """Ours, and the numbers by NumPy and Python's sets."""
    ours, decoder = ElementCounts(), Decoder(capacity)
    kinds = np.zeros(max(Kind) + 1, np.int64)
    peers: set[int] = set()
    prefixes: set[tuple[int, ...]] = set()
    origins: set[int] = set()
    for at in range(0, len(data) + 1, piece):
        for c in decoder.feed(data[at : at + piece]) if at < len(data) else ():
            count(c, kinds, peers, prefixes, origins)
            ours.add(c)
    for c in decoder.finish():
        count(c, kinds, peers, prefixes, origins)
        ours.add(c)
    assert decoder.skipped == []
    return ours.to_json(), {
        "announcements": int(kinds[Kind.ANNOUNCE]),
        "withdrawals": int(kinds[Kind.WITHDRAW]),
        "states": int(kinds[Kind.STATE]),
        "routes": int(kinds[Kind.ROUTE]),
        "peers": len(peers),
        "prefixes": len(prefixes),
        "origins": len(origins),
    }


def count(c, kinds, peers, prefixes, origins) -> None:  # type: ignore[no-untyped-def]
    n = c.count
    kinds += np.bincount(c.kind[:n], minlength=len(kinds))
    peers.update(c.peer[:n].tolist())
    routed = np.isin(c.kind[:n], (Kind.ANNOUNCE, Kind.ROUTE))
    origins.update(c.origin[:n][routed].tolist())
    named = np.isin(c.kind[:n], (Kind.ANNOUNCE, Kind.ROUTE, Kind.WITHDRAW))
    columns = (c.family[:n], c.prefix_hi[:n], c.prefix_lo[:n], c.prefix_len[:n])
    prefixes.update(zip(*(column[named].tolist() for column in columns), strict=True))


@pytest.mark.parametrize(("capacity", "piece"), [(65536, 1 << 20), (1, 1 << 20), (37, 1000)])
def test_counts_are_those_of_numpy(capacity: int, piece: int) -> None:
    ours, expected = counted(mixed(), capacity, piece)
    assert ours == expected
    assert ours["withdrawals"] == 120
    assert ours["announcements"] == 200
    assert ours["states"] == 1
    assert ours["prefixes"] <= 400 + 2 + 3
    assert ours["routes"] > 1000


def test_nothing_counted() -> None:
    assert set(ElementCounts().to_json().values()) == {0}


def test_counting_needs_no_numpy(tmp_path: Path) -> None:
    (tmp_path / "rib").write_bytes(mixed())
    script = (
        "import sys; from nightside.cli.main import main; sys.argv = ['nightside', 'elements', '--summary', 'rib'];\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pyarrow', 'rich', 'duckdb', 'hashlib', 'typer', 'pydantic'}\n"
        "print(heavy & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "set()"
