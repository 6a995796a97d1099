"""Path identifiers (RFC 7911, RFC 8050), and what the collector itself sent."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from nightside.model.elements import FLAG_LOCAL, FLAG_PATH_ID, Kind
from nightside.wire.decoder import Decoder

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
    """Neither of a batch before, nor of a record that turned out bad."""
    path = mrt.path(65001, 131279)
    many = message_with_ids(mrt, [(i + 1, "10.0.0.0/8") for i in range(20)], attributes=path)
    bad = message_with_ids(mrt, [(9, "10.0.0.0/8")] * 5 + [(9, "10.0.0.0/33")], attributes=path)
    plain = mrt.bgp4mp(mrt.update(("192.0.2.0/24",) * 30, path))
    data = plain + record(mrt, 9, many) + record(mrt, 9, bad) + plain
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
