"""MRT bytes by hand (RFC 6396, RFC 4271), and the decoder's columns as plain rows."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from nightside.model.elements import FLAG_NO_UPSTREAM, Kind, Peer, Skip
from nightside.wire.decoder import Decoder

TIME = 1419264900  # 2014-12-22T16:15:00Z


class Mrt:
    """Bytes of records and their parts."""

    TIME = TIME

    @staticmethod
    def record(type: int, subtype: int, body: bytes, time: int = TIME) -> bytes:
        return struct.pack("!IHHI", time, type, subtype, len(body)) + body

    @staticmethod
    def address(text: str) -> bytes:
        return ipaddress.ip_address(text).packed

    @staticmethod
    def prefix(text: str) -> bytes:
        address, length = text.split("/")
        bits = int(length)
        return bytes([bits]) + ipaddress.ip_address(address).packed[: (bits + 7) // 8]

    @classmethod
    def prefixes(cls, texts: Iterable[str]) -> bytes:
        return b"".join(cls.prefix(text) for text in texts)

    @staticmethod
    def attribute(type: int, value: bytes, flags: int | None = None) -> bytes:
        """With the flags that its type must have, where none are given; types above 18 are optional and transitive."""
        if flags is None:
            flags = 0x40 if type in (1, 2, 3, 5, 6) else 0x80 if type in (4, 9, 10, 14, 15) else 0xC0
        if len(value) > 255:
            return struct.pack("!BBH", flags | 0x10, type, len(value)) + value
        return struct.pack("!BBB", flags, type, len(value)) + value

    @staticmethod
    def segment(type: int, asns: Sequence[int], width: int) -> bytes:
        return bytes([type, len(asns)]) + b"".join(asn.to_bytes(width, "big") for asn in asns)

    @classmethod
    def path(cls, *asns: int, width: int = 4) -> bytes:
        """AS_PATH of one AS_SEQUENCE."""
        return cls.attribute(2, cls.segment(2, asns, width))

    @classmethod
    def reach(cls, prefixes: Iterable[str], next_hop: str = "2001:db8::1", safi: int = 1) -> bytes:
        hop = cls.address(next_hop)
        afi = 1 if len(hop) == 4 else 2
        return cls.attribute(
            14, struct.pack("!HBB", afi, safi, len(hop)) + hop + b"\0" + cls.prefixes(prefixes), 0x80
        )

    @classmethod
    def unreach(cls, prefixes: Iterable[str], afi: int = 2, safi: int = 1) -> bytes:
        return cls.attribute(15, struct.pack("!HB", afi, safi) + cls.prefixes(prefixes), 0x80)

    @staticmethod
    def message(type: int, body: bytes) -> bytes:
        return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), type) + body

    @classmethod
    def update(
        cls, nlri: Iterable[str] = (), attributes: bytes = b"", withdrawn: Iterable[str] = ()
    ) -> bytes:
        gone = cls.prefixes(withdrawn)
        body = struct.pack("!H", len(gone)) + gone + struct.pack("!H", len(attributes)) + attributes
        return cls.message(2, body + cls.prefixes(nlri))

    @classmethod
    def session(cls, peer: str, asn: int, width: int) -> bytes:
        own = "192.0.2.254" if ":" not in peer else "2001:db8::fe"
        afi = 1 if ":" not in peer else 2
        asns = asn.to_bytes(width, "big") + (12654).to_bytes(width, "big")
        return asns + struct.pack("!HH", 0, afi) + cls.address(peer) + cls.address(own)

    @classmethod
    def bgp4mp(
        cls,
        message: bytes,
        peer: str = "192.0.2.1",
        asn: int = 65001,
        width: int = 4,
        time: int = TIME,
        us: int | None = None,
    ) -> bytes:
        body = cls.session(peer, asn, width) + message
        subtype = 4 if width == 4 else 1
        if us is None:
            return cls.record(16, subtype, body, time)
        return cls.record(17, subtype, struct.pack("!I", us) + body, time)

    @classmethod
    def state(cls, old: int, new: int, peer: str = "192.0.2.1", asn: int = 65001, width: int = 4) -> bytes:
        body = cls.session(peer, asn, width) + struct.pack("!HH", old, new)
        return cls.record(16, 5 if width == 4 else 0, body)

    @classmethod
    def peer_table(cls, peers: Iterable[tuple[str, int]]) -> bytes:
        entries = [
            bytes([2 | (":" in address)]) + b"\x0a\0\0\1" + cls.address(address) + struct.pack("!I", asn)
            for address, asn in peers
        ]
        head = b"\x0a\0\0\2" + struct.pack("!H", 4) + b"view" + struct.pack("!H", len(entries))
        return cls.record(13, 1, head + b"".join(entries))

    @classmethod
    def rib(cls, prefix: str, entries: Iterable[tuple[int, bytes]]) -> bytes:
        listed = [struct.pack("!HIH", index, 1, len(block)) + block for index, block in entries]
        body = struct.pack("!I", 7) + cls.prefix(prefix) + struct.pack("!H", len(listed)) + b"".join(listed)
        return cls.record(13, 4 if ":" in prefix else 2, body)

    @classmethod
    def table_dump(cls, prefix: str, attributes: bytes, peer: str = "192.0.2.1", asn: int = 65001) -> bytes:
        address, length = prefix.split("/")
        body = struct.pack("!HH", 0, 1) + cls.address(address) + bytes([int(length), 1])
        body += (
            struct.pack("!I", 1) + cls.address(peer) + struct.pack("!HH", asn, len(attributes)) + attributes
        )
        return cls.record(12, 2 if ":" in prefix else 1, body)


@dataclass
class Row:
    """One element, in plain words."""

    time_us: int
    kind: Kind
    peer: Peer
    family: int
    prefix: str
    origin: int
    upstream: int | None
    flags: int
    path_id: int
    path: list[int]
    states: tuple[int, int]
    attributes: tuple[int, int]
    record: int


@dataclass
class Reading:
    """What a decoder made of one file."""

    rows: list[Row]
    skipped: list[Skip]
    records: int
    truncated: bool
    table_peers: list[Peer]


def _prefix(family: int, high: int, low: int, length: int) -> str:
    if family == 0:
        return ""
    number = high >> 32 if family == 4 else high << 64 | low
    address = ipaddress.IPv4Address(number) if family == 4 else ipaddress.IPv6Address(number)
    return f"{address}/{length}"


def _rows(columns: Any, peers: list[Peer]) -> list[Row]:
    rows = []
    for i in range(columns.count):
        start, flags = int(columns.path_start[i]), int(columns.flags[i])
        rows.append(
            Row(
                int(columns.time_us[i]),
                Kind(int(columns.kind[i])),
                peers[int(columns.peer[i])],
                int(columns.family[i]),
                _prefix(
                    int(columns.family[i]),
                    int(columns.prefix_hi[i]),
                    int(columns.prefix_lo[i]),
                    int(columns.prefix_len[i]),
                ),
                int(columns.origin[i]),
                None if flags & FLAG_NO_UPSTREAM else int(columns.upstream[i]),
                flags,
                int(columns.path_id[i]),
                columns.paths[start : start + int(columns.path_count[i])].tolist(),
                (int(columns.old_state[i]), int(columns.new_state[i])),
                (int(columns.attr_offset[i]), int(columns.attr_length[i])),
                int(columns.record_offset[i]),
            )
        )
    return rows


def decode(data: bytes, pieces: Sequence[bytes] | None = None, decoder: Decoder | None = None) -> Reading:
    """Everything that a decoder says about a file, fed in pieces (else whole)."""
    decoder = decoder or Decoder()
    decoder.start("some.mrt")
    rows: list[Row] = []
    for piece in [data] if pieces is None else pieces:
        for columns in decoder.feed(piece):
            rows += _rows(columns, decoder.peers)
    for columns in decoder.finish():
        rows += _rows(columns, decoder.peers)
    named = [decoder.peers[i] for i in decoder.table_peers]
    return Reading(rows, decoder.skipped, decoder.records, decoder.truncated, named)


@pytest.fixture(scope="session")
def mrt() -> type[Mrt]:
    return Mrt


@pytest.fixture(scope="session", name="decode")
def decode_fixture() -> Any:
    return decode


@pytest.fixture(scope="session")
def one_of_each(mrt: type[Mrt]) -> bytes:
    """A file with every kind of record and element that is read, and some that are not."""
    plain = mrt.attribute(1, b"\0") + mrt.path(65001, 3356, 131279) + mrt.attribute(3, b"\xc0\0\2\1")
    old = mrt.attribute(1, b"\0") + mrt.path(65001, 23456, width=2)
    old += mrt.attribute(17, mrt.segment(2, (200000,), 4), 0xC0)
    with_set = mrt.attribute(2, mrt.segment(2, (65001, 3356), 4) + mrt.segment(1, (7, 8), 4))
    return b"".join(
        (
            mrt.peer_table((("192.0.2.1", 65001), ("2001:db8::7", 4200000000))),
            mrt.rib("175.45.176.0/24", ((0, plain), (1, plain), (0, with_set))),
            mrt.rib("2001:db8:100::/40", ((1, plain),)),
            mrt.table_dump("175.45.177.0/24", old),
            mrt.table_dump("2001:db8:200::/40", old, peer="2001:db8::9"),
            mrt.state(1, 6),
            mrt.state(6, 1, peer="2001:db8::7", asn=64999, width=2),
            mrt.bgp4mp(mrt.update(("175.45.178.0/24", "0.0.0.0/0"), plain, ("10.0.0.0/8",)), us=250000),
            mrt.bgp4mp(mrt.update((), plain + mrt.reach(("2001:db8:300::/48",)))),
            mrt.bgp4mp(mrt.update((), mrt.unreach(("2001:db8:300::/48", "::/0")))),
            mrt.bgp4mp(mrt.update(("198.51.100.0/24",), old), width=2),
            mrt.bgp4mp(mrt.update()),
            mrt.bgp4mp(mrt.message(4, b"")),
            mrt.record(9, 1, b"an old record"),
            mrt.bgp4mp(mrt.update(withdrawn=("175.45.178.0/24",))),
        )
    )
