"""Path identifiers (RFC 7911, RFC 8050), and what the collector itself sent."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from nightside.model.elements import FLAG_LOCAL, FLAG_PATH_ID, Kind
from nightside.wire.decoder import Decoder
from nightside.wire.lines import Lines

LAST_ID = 4294967295


def with_ids(mrt: Any, paths: list[tuple[int, str]]) -> bytes:
    return b"".join(struct.pack("!I", path_id) + mrt.prefix(prefix) for path_id, prefix in paths)


def message_with_ids(
    mrt: Any,
    announced: list[tuple[int, str]] = [],  # noqa: B006 - never written to
    withdrawn: list[tuple[int, str]] = [],  # noqa: B006
    attributes: bytes = b"",
) -> bytes:
    gone = with_ids(mrt, withdrawn)
    body = struct.pack("!H", len(gone)) + gone + struct.pack("!H", len(attributes)) + attributes
    return mrt.message(2, body + with_ids(mrt, announced))


def record(mrt: Any, subtype: int, message: bytes) -> bytes:
    width = 2 if subtype in (1, 6, 8, 10) else 4
    return mrt.record(16, subtype, mrt.session("192.0.2.1", 65001, width) + message)


def said(reading: Any) -> list[tuple[Kind, str, int, int]]:
    return [(row.kind, row.prefix, row.path_id, row.flags) for row in reading.rows]


@pytest.mark.parametrize(("subtype", "local"), [(8, 0), (9, 0), (10, FLAG_LOCAL), (11, FLAG_LOCAL)])
def test_messages_with_path_identifiers(mrt: Any, decode: Any, subtype: int, local: int) -> None:
    path = mrt.path(65001, 4837, width=2 if subtype in (8, 10) else 4)
    message = message_with_ids(
        mrt, [(1, "175.45.176.0/24"), (LAST_ID, "175.45.176.0/24")], [(0, "10.0.0.0/8")], path
    )
    flags = local | FLAG_PATH_ID
    assert said(decode(record(mrt, subtype, message))) == [
        (Kind.WITHDRAW, "10.0.0.0/8", 0, flags),
        (Kind.ANNOUNCE, "175.45.176.0/24", 1, flags),
        (Kind.ANNOUNCE, "175.45.176.0/24", LAST_ID, flags),
    ]


def test_path_identifiers_in_mp_attributes(mrt: Any, decode: Any) -> None:
    reach = mrt.attribute(
        14, b"\0\2\1\x10" + mrt.address("2001:db8::1") + b"\0" + with_ids(mrt, [(7, "2001:db8::/32")]), 0x80
    )
    unreach = mrt.attribute(15, b"\0\2\1" + with_ids(mrt, [(8, "::/0")]), 0x80)
    message = mrt.update((), mrt.path(65001, 131279) + reach + unreach)
    assert said(decode(record(mrt, 9, message))) == [
        (Kind.WITHDRAW, "::/0", 8, FLAG_PATH_ID),
        (Kind.ANNOUNCE, "2001:db8::/32", 7, FLAG_PATH_ID),
    ]


@pytest.mark.parametrize("subtype", [6, 7])
def test_local_messages_say_so(mrt: Any, decode: Any, subtype: int) -> None:
    path = mrt.path(12654, 4837, width=2 if subtype == 6 else 4)
    message = mrt.update(("192.0.2.0/24",), path, ("10.0.0.0/8",))
    assert said(decode(record(mrt, subtype, message) + record(mrt, subtype, mrt.update()))) == [
        (Kind.WITHDRAW, "10.0.0.0/8", 0, FLAG_LOCAL),
        (Kind.ANNOUNCE, "192.0.2.0/24", 0, FLAG_LOCAL),
        (Kind.END_OF_RIB, "0.0.0.0/0", 0, FLAG_LOCAL),
    ]


def test_end_of_rib_has_no_path_identifier(mrt: Any, decode: Any) -> None:
    assert said(decode(record(mrt, 9, mrt.update()))) == [(Kind.END_OF_RIB, "0.0.0.0/0", 0, 0)]


@pytest.mark.parametrize(("subtype", "prefix"), [(8, "175.45.176.0/24"), (10, "2001:db8::/32")])
def test_tables_with_path_identifiers(mrt: Any, decode: Any, subtype: int, prefix: str) -> None:
    block = mrt.path(65001, 131279)
    entries = [
        struct.pack("!HIIH", peer, 1, path_id, len(block)) + block
        for peer, path_id in ((1, 5), (0, 0), (1, 6))
    ]
    body = struct.pack("!I", 7) + mrt.prefix(prefix) + struct.pack("!H", 3) + b"".join(entries)
    reading = decode(
        mrt.peer_table([("192.0.2.1", 65001), ("192.0.2.2", 65002)]) + mrt.record(13, subtype, body)
    )
    assert [(row.kind, row.peer.asn, row.prefix, row.path_id, row.flags) for row in reading.rows] == [
        (Kind.ROUTE, 65002, prefix, 5, FLAG_PATH_ID),
        (Kind.ROUTE, 65001, prefix, 0, FLAG_PATH_ID),
        (Kind.ROUTE, 65002, prefix, 6, FLAG_PATH_ID),
    ]
    assert [row.path for row in reading.rows] == [[65001, 131279]] * 3


def test_no_path_identifier_is_left_for_those_who_have_none(mrt: Any, decode: Any) -> None:
    path = mrt.path(65001, 131279)
    many = message_with_ids(mrt, [(i + 1, "10.0.0.0/8") for i in range(20)], attributes=path)
    plain = mrt.bgp4mp(mrt.update(("192.0.2.0/24",) * 30, path))
    data = plain + record(mrt, 9, many) + plain
    for capacity in (1, 25, 1000):
        ids = [row.path_id for row in decode(data, decoder=Decoder(capacity=capacity)).rows]
        assert ids == [0] * 30 + list(range(1, 21)) + [0] * 30


def test_a_cut_path_identifier_is_a_fault(mrt: Any, decode: Any) -> None:
    message = mrt.message(2, b"\0\0\0\0" + b"\0\0\0")
    reading = decode(record(mrt, 9, message))
    assert reading.rows == []
    assert [skip.reason for skip in reading.skipped] == [
        "prefix of 5 bytes is over the 3 bytes that are left"
    ]


# ---- path identifiers where a record says that there are none -------------------------------------------


@pytest.mark.parametrize(
    "paths",
    [
        # What bgpdump makes of such messages: 250.0.0.0/208, 0.0.0.0/238, 160.0.0.0/160, 80.0.0.0/127.
        [(0x0003FAD0, "175.45.176.0/24")],
        [(238, "175.45.176.0/24"), (1, "10.0.0.0/8")],
        # Plain, this would be 0.0.0.0/0 three times, 0.0.0.0/1 and 0.0.0.0/10.
        [(1, "10.0.0.0/24")],
        [(7, "0.0.0.0/0"), (8, "0.0.0.0/0")],
    ],
)
def test_path_identifiers_in_a_plain_record_are_found(
    mrt: Any, decode: Any, paths: list[tuple[int, str]]
) -> None:
    message = message_with_ids(mrt, paths, paths[:1], mrt.path(65001, 131279))
    reading = decode(mrt.bgp4mp(message))
    assert said(reading) == [
        (Kind.WITHDRAW, paths[0][1], paths[0][0], FLAG_PATH_ID),
        *((Kind.ANNOUNCE, prefix, path_id, FLAG_PATH_ID) for path_id, prefix in paths),
    ]
    assert reading.skipped == []
    lines = Lines()
    lines.start()
    text = (b"".join(lines.feed(mrt.bgp4mp(message))) + b"".join(lines.finish())).decode().splitlines()
    assert [line.split("|")[:3:2] + line.split("|")[5:7] for line in text] == [
        ["BGP4MP_AP", "W", paths[0][1], str(paths[0][0])],
        *(["BGP4MP_AP", "A", prefix, str(path_id)] for path_id, prefix in paths),
    ]


def test_path_identifiers_of_ipv6_in_a_plain_record_are_found(mrt: Any, decode: Any) -> None:
    reach = b"\0\2\1\x10" + mrt.address("2001:db8::1") + b"\0" + with_ids(mrt, [(3, "2001:db8::/32")])
    message = mrt.update((), mrt.path(65001, 131279) + mrt.attribute(14, reach))
    assert said(decode(mrt.bgp4mp(message))) == [(Kind.ANNOUNCE, "2001:db8::/32", 3, FLAG_PATH_ID)]


def test_plain_prefixes_stay_plain(mrt: Any, decode: Any) -> None:
    for prefixes in (
        ("0.0.0.0/0",),
        ("0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24"),
        ("0.0.0.0/1", "128.0.0.0/1"),
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    ):
        reading = decode(mrt.bgp4mp(mrt.update(prefixes, mrt.path(65001, 131279))))
        assert said(reading) == [(Kind.ANNOUNCE, prefix, 0, 0) for prefix in prefixes]


# ---- tables that name their address family ---------------------------------------------------------------


def generic(mrt: Any, subtype: int, afi: int, prefix: str, safi: int = 1) -> bytes:
    block = mrt.path(65001, 131279)
    middle = struct.pack("!I", 9) if subtype == 12 else b""
    entry = struct.pack("!HI", 0, 1) + middle + struct.pack("!H", len(block)) + block
    body = struct.pack("!IHB", 7, afi, safi) + mrt.prefix(prefix) + struct.pack("!H", 2) + entry * 2
    return mrt.record(13, subtype, body)


@pytest.mark.parametrize("subtype", [6, 12])
@pytest.mark.parametrize(("afi", "prefix"), [(1, "175.45.176.0/24"), (2, "2001:db8::/32")])
def test_generic_tables(mrt: Any, decode: Any, subtype: int, afi: int, prefix: str) -> None:
    reading = decode(mrt.peer_table([("192.0.2.1", 65001)]) + generic(mrt, subtype, afi, prefix))
    expected = (Kind.ROUTE, prefix, 9, FLAG_PATH_ID) if subtype == 12 else (Kind.ROUTE, prefix, 0, 0)
    assert said(reading) == [expected] * 2
    assert (reading.skipped, reading.rows[0].path) == ([], [65001, 131279])


def test_generic_tables_of_other_families_are_counted(mrt: Any, decode: Any) -> None:
    table = mrt.peer_table([("192.0.2.1", 65001)])
    reading = decode(table + generic(mrt, 6, 1, "10.0.0.0/8", safi=128) + generic(mrt, 6, 25, "10.0.0.0/8"))
    assert reading.rows == []
    assert [skip.reason for skip in reading.skipped] == [
        "routes of address family 1, subsequent family 128 are not read",
        "routes of address family 25, subsequent family 1 are not read",
    ]


@pytest.mark.parametrize("subtype", [3, 5, 9, 11])
def test_multicast_tables_are_counted(mrt: Any, decode: Any, subtype: int) -> None:
    reading = decode(mrt.record(13, subtype, bytes(20)))
    assert [skip.reason for skip in reading.skipped] == [f"subtype {subtype} of MRT type 13 is not read"]


def test_where_peers_stand_on_the_earth_is_no_element(mrt: Any, decode: Any) -> None:
    reading = decode(mrt.record(13, 7, bytes(20)))
    assert (reading.rows, reading.skipped, reading.records) == ([], [], 1)
