"""The columns against pybgpkit-parser, a second oracle beside bgpdump, of path identifiers and long attributes.

It tells no path identifiers: what is compared is which routes there are. Generic tables (RFC 6396 section 4.3.3) it
passes over, as bgpdump does.
"""

from __future__ import annotations

import ipaddress
import struct
from collections import Counter
from pathlib import Path

import pybgpkit_parser
import pytest

from nightside.model.elements import Kind
from nightside.scenes.bgp_writer import address_bytes, common_attributes, nlri, update_ipv4
from nightside.scenes.mrt_writer import peer_index_record, session_header
from nightside.sources.local import open_pieces
from nightside.wire.decoder import Decoder

Told = tuple[int, str, str, int, str, tuple[int, ...]]
"""Second, kind, peer's address, its AS, prefix, path."""
TIME = 1_419_206_400
PEERS = {"192.0.2.1": 65001, "192.0.2.2": 65002, "2001:db8::3": 65003}
PATH = (65001, 4837, 131279)


def ours(path: Path) -> Counter[Told]:
    decoder = Decoder()
    found: Counter[Told] = Counter()
    for batches in (*(decoder.feed(piece) for piece in open_pieces(path)), decoder.finish()):
        for c in batches:
            for i in range(c.count):
                kind = Kind(int(c.kind[i]))
                if kind in (Kind.STATE, Kind.END_OF_RIB):
                    continue
                peer = decoder.peers[c.peer[i]]
                packed = (int(c.prefix_hi[i]) << 64 | int(c.prefix_lo[i])).to_bytes(16, "big")
                prefix = ipaddress.ip_address(packed[: 4 if c.family[i] == 4 else 16])
                start = int(c.path_start[i])
                way = tuple(c.paths[start : start + int(c.path_count[i])].tolist())
                letter = "W" if kind == Kind.WITHDRAW else "A"
                second = int(c.time_us[i]) // 1_000_000
                found[second, letter, peer.address, peer.asn, f"{prefix}/{c.prefix_len[i]}", way] += 1
    assert decoder.skipped == []
    return found


def theirs(path: Path) -> Counter[Told]:
    return Counter(
        (
            int(one.timestamp),
            one.elem_type,
            one.peer_ip,
            one.peer_asn,
            str(ipaddress.ip_network(one.prefix, strict=False)),
            tuple(map(int, (one.as_path or "").split())) if one.elem_type == "A" else (),
        )
        for one in pybgpkit_parser.Parser(url=str(path)).parse_all()
    )


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "routes"),
    [
        ("bview.ipv4_unicast_add_path.gz", 62),
        ("bview.ipv6_unicast_add_path.gz", 62),
        ("bview.64k_stream_overflow.gz", 23),
        ("local_only_updates.20240914.bz2", 268),
    ],
)
def test_real_files(shared_data: Path, name: str, routes: int) -> None:
    path = shared_data / "mrt" / name
    found = ours(path)
    assert found.total() == routes
    assert found == theirs(path)


def record(type: int, subtype: int, body: bytes) -> bytes:
    return struct.pack("!IHHI", TIME, type, subtype, len(body)) + body


def numbered(path_id: int, prefix: str) -> bytes:
    return struct.pack("!I", path_id) + nlri(prefix)


@pytest.mark.parametrize("subtype", [9, 11])
def test_messages_with_path_identifiers(tmp_path: Path, subtype: int) -> None:
    """RFC 8050 section 3; 11 is the collector's own."""
    message = update_ipv4(
        withdrawn=[numbered(7, "10.0.0.0/8"), numbered(8, "10.0.0.0/8")],
        attributes=common_attributes(PATH, next_hop_ipv4=address_bytes("192.0.2.1")),
        announced=[
            numbered(1, "175.45.176.0/24"),
            numbered(70_000, "175.45.176.0/24"),
            numbered(0, "0.0.0.0/0"),
        ],
    )
    path = tmp_path / "updates"
    path.write_bytes(record(16, subtype, session_header(65001, 12654, "192.0.2.1", "192.0.2.254") + message))
    found = ours(path)
    assert found.total() == 5
    assert found == theirs(path)


@pytest.mark.parametrize(("subtype", "prefix"), [(8, "175.45.176.0/24"), (10, "2001:db8::/32")])
def test_tables_with_path_identifiers(tmp_path: Path, subtype: int, prefix: str) -> None:
    """RFC 8050 section 4."""
    body = struct.pack("!I", 0) + nlri(prefix) + struct.pack("!H", 4)
    for index in (0, 1, 2, 1):
        block = common_attributes((*PATH, 65100 + index), next_hop_ipv4=address_bytes("192.0.2.1"))
        body += struct.pack("!HIIH", index, TIME, index + 9, len(block)) + block
    path = tmp_path / "bview"
    path.write_bytes(peer_index_record(TIME, "192.0.2.254", PEERS.items()) + record(13, subtype, body))
    found = ours(path)
    assert found.total() == 4
    assert found == theirs(path)
