"""What collectors wrote before 2001: MRT type 5, several routes in one TABLE_DUMP record, records without addresses."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from nightside.model.elements import Kind, Peer
from nightside.wire.decoder import Decoder
from nightside.wire.lines import Lines


def lines_of(data: bytes) -> list[str]:
    lines = Lines()
    lines.start()
    return (b"".join(lines.feed(data)) + b"".join(lines.finish())).decode().splitlines()


def old(mrt: Any, subtype: int, body: bytes, peer: str = "193.0.0.56", asn: int = 3333) -> bytes:
    return mrt.record(5, subtype, struct.pack("!H", asn) + mrt.address(peer) + body)


COLLECTOR = struct.pack("!H", 12654) + b"\xc1\0\0\1"


def test_updates_and_states_of_type_5(mrt: Any, decode: Any) -> None:
    block = mrt.attribute(1, b"\0") + mrt.path(3333, 286, width=2) + mrt.attribute(3, b"\xc1\0\0\x38")
    community = mrt.attribute(8, b"\x02\xbd\0\x78")
    gone = mrt.prefixes(("10.0.0.0/8",))
    data = (
        old(mrt, 3, struct.pack("!HH", 5, 6))
        + old(mrt, 1, COLLECTOR + struct.pack("!H", len(gone)) + gone + struct.pack("!H", 0))
        + old(
            mrt,
            1,
            COLLECTOR
            + struct.pack("!HH", 0, len(block))
            + block
            + mrt.prefixes(("192.0.2.0/24", "11.0.0.0/8")),
        )
        + old(
            mrt,
            1,
            COLLECTOR
            + struct.pack("!HH", 0, len(block + community))
            + block
            + community
            + mrt.prefixes(("12.0.0.0/8",)),
        )
    )
    reading = decode(data)
    assert [(row.kind, row.prefix, row.states) for row in reading.rows] == [
        (Kind.STATE, "", (5, 6)),
        (Kind.WITHDRAW, "10.0.0.0/8", (0, 0)),
        (Kind.ANNOUNCE, "192.0.2.0/24", (0, 0)),
        (Kind.ANNOUNCE, "11.0.0.0/8", (0, 0)),
        (Kind.ANNOUNCE, "12.0.0.0/8", (0, 0)),
    ]
    assert {row.peer for row in reading.rows} == {Peer("193.0.0.56", 3333)}
    assert reading.rows[2].path == [3333, 286]
    at, size = reading.rows[2].attributes
    assert data[at : at + size] == block
    assert lines_of(data) == [
        "BGP|1419264900|STATE|193.0.0.56|3333|5|6",
        "BGP|1419264900|W|193.0.0.56|3333|10.0.0.0/8",
        "BGP|1419264900|A|193.0.0.56|3333|192.0.2.0/24|3333 286|IGP|193.0.0.56|0|0|NAG||",
        "BGP|1419264900|A|193.0.0.56|3333|11.0.0.0/8|3333 286|IGP|193.0.0.56|0|0|NAG||",
        "BGP|1419264900|A|193.0.0.56|3333|12.0.0.0/8|3333 286|IGP|193.0.0.56|0|0|701:120|NAG||",
    ]


def test_other_messages_of_type_5_have_no_elements(mrt: Any, decode: Any) -> None:
    reading = decode(b"".join(old(mrt, subtype, COLLECTOR + b"xyz") for subtype in (5, 6, 7)))
    assert (reading.rows, reading.skipped, reading.records) == ([], [], 3)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ((5, 2, b""), "subtype 2 of MRT type 5 is not read"),
        ((5, 1, bytes(15)), "record length 15 is under the 16 bytes that its type needs"),
        ((5, 3, bytes(9)), "record length 9 is under the 10 bytes that its type needs"),
        ((5, 3, bytes(6) + b"\1\0\0\1"), "session state 256 is over the bound of 255"),
        ((5, 1, bytes(70000)), "BGP message length 69988 is over the 65516 bytes that are left"),
        ((9, 1, b"old"), "MRT type 9 is not read"),
        ((10, 1, b"old"), "MRT type 10 is not read"),
    ],
)
def test_old_records_that_are_not_read(
    mrt: Any, decode: Any, record: tuple[int, int, bytes], reason: str
) -> None:
    data = mrt.record(*record)
    reading = decode(data)
    assert (reading.rows, [skip.reason for skip in reading.skipped]) == ([], [reason])
    assert lines_of(data) == []


def test_records_without_addresses(mrt: Any, decode: Any) -> None:
    """Zebra left out interface and addresses before a session was up: a state of 8 bytes, an OPEN of no peer."""
    opened = b"\xff" * 16 + struct.pack("!HB", 29, 1) + b"\4\x30\x66\0\xb4\xd4\x32\xa1\xc7\0"
    data = mrt.record(16, 0, struct.pack("!HHHH", 0, 0, 3, 4)) + mrt.record(16, 1, bytes(4) + opened)
    reading = decode(data)
    assert [(row.kind, row.peer, row.states) for row in reading.rows] == [
        (Kind.STATE, Peer("0.0.0.0", 0), (3, 4))
    ]
    assert (reading.skipped, reading.records) == ([], 2)
    assert lines_of(data) == ["BGP4MP|1419264900|STATE|0.0.0.0|0|3|4"]


# ---- several routes in one record -----------------------------------------------------------------------


def route(mrt: Any, prefix: str, attributes: bytes, peer: str = "193.0.0.56", asn: int = 3333) -> bytes:
    """One route of a table, without view and sequence number."""
    whole = mrt.table_dump(prefix, attributes, peer, asn)
    return bytes(whole[12 + 4 :])


def batch(mrt: Any, routes: list[bytes], uncounted: int = 4, subtype: int = 1) -> bytes:
    body = b"\0\0\0\7" + b"".join(routes)
    record = mrt.record(12, subtype, body)
    return bytes(record[:8] + struct.pack("!I", len(body) - uncounted) + record[12:])


PREFIXES = [f"10.{n}.0.0/16" for n in range(6)]


def some_batches(mrt: Any, uncounted: int) -> bytes:
    path = mrt.path(3333, 286, width=2)
    routes = [route(mrt, prefix, path * (n % 2)) for n, prefix in enumerate(PREFIXES)]
    return batch(mrt, routes[:4], uncounted) + batch(mrt, routes[4:], uncounted)


@pytest.mark.parametrize("uncounted", [4, 0])
def test_several_routes_in_one_record(mrt: Any, decode: Any, uncounted: int) -> None:
    data = some_batches(mrt, uncounted)
    reading = decode(data)
    assert [(row.kind, row.prefix) for row in reading.rows] == [(Kind.ROUTE, prefix) for prefix in PREFIXES]
    assert [row.path for row in reading.rows] == [[], [3333, 286]] * 3
    assert (reading.skipped, reading.records) == ([], 2)
    assert reading.table_peers == [Peer("193.0.0.56", 3333)]
    assert [line.split("|")[5] for line in lines_of(data)] == PREFIXES
    at, size = reading.rows[1].attributes
    assert data[at : at + size] == mrt.path(3333, 286, width=2)


def test_routes_of_ipv6_in_one_record(mrt: Any, decode: Any) -> None:
    path = mrt.path(3333, 286, width=2)
    routes = [route(mrt, prefix, path, "2001:db8::9") for prefix in ("2001:db8::/32", "::/0")]
    assert [row.prefix for row in decode(batch(mrt, routes, subtype=2)).rows] == ["2001:db8::/32", "::/0"]


def test_where_a_piece_ends_makes_no_difference(mrt: Any, decode: Any) -> None:
    data = some_batches(mrt, 4) + mrt.state(1, 6)
    whole = decode(data).rows
    assert len(whole) == 7
    for cut in range(len(data)):
        assert decode(data, [data[:cut], data[cut:]]).rows == whole, cut
    assert decode(data, [data[at : at + 1] for at in range(len(data))]).rows == whole
    assert decode(data, decoder=Decoder(capacity=1)).rows == whole


def test_a_batch_that_the_file_cuts_off_in_its_uncounted_bytes(mrt: Any, decode: Any) -> None:
    data = some_batches(mrt, 4)
    reading = decode(data[:-1])
    assert [row.prefix for row in reading.rows] == PREFIXES[:4]
    (skip,) = reading.skipped
    size = len(batch(mrt, [route(mrt, PREFIXES[4], b""), route(mrt, PREFIXES[5], mrt.path(1, 2, width=2))]))
    assert skip.reason == f"the file ends inside a record: {size - 1} bytes of {size} bytes are there"


def test_a_bad_route_of_a_batch_is_left_out(mrt: Any, decode: Any) -> None:
    bad_prefix = bytearray(route(mrt, "11.0.0.0/8", b""))
    bad_prefix[4] = 33
    routes = [
        route(mrt, "10.0.0.0/8", b""),
        bytes(bad_prefix),
        route(mrt, "12.0.0.0/8", b"\x40\x01\x09"),
        route(mrt, "13.0.0.0/8", mrt.path(1, 2, width=2)),
    ]
    data = batch(mrt, routes)
    reading = decode(data)
    assert [row.prefix for row in reading.rows] == ["10.0.0.0/8", "13.0.0.0/8"]
    assert [skip.reason for skip in reading.skipped] == ["prefix length 33 is over the bound of 32 bits"]
    assert len(lines_of(data)) == 2


def test_rubbish_behind_the_one_route_of_a_record_is_no_further_route(mrt: Any, decode: Any) -> None:
    whole = mrt.table_dump("10.0.0.0/8", mrt.path(1, 2, width=2))
    for rest in (b"\0", bytes(17), b"\xff" * 40):
        data = mrt.record(12, 1, whole[12:] + rest) + mrt.state(1, 6)
        reading = decode(data)
        assert [row.kind for row in reading.rows] == [Kind.ROUTE, Kind.STATE]
        reason = f"{len(rest)} bytes stand behind the route of a table, over the bound of 0"
        assert [skip.reason for skip in reading.skipped] == [reason]
        assert len(lines_of(data)) == 2
