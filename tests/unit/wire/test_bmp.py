"""BMP to MRT records: what routers say, and what they say wrongly. Times are in the tests' own arithmetic."""

from __future__ import annotations

from struct import pack
from typing import Any

import bgp_bytes as bgp
import pytest

from nightside.model.elements import FLAG_PATH_ID, Kind
from nightside.wire.as_width import has_narrow_path
from nightside.wire.bmp import Bmp

TIME_S = 1419264900.25
NOW_US = 1_419_264_901_000_000
PATH = (65001, 3356, 131279)
LONG = bgp.update(("175.45.176.0/24",), PATH)


def read(decode: Any, content: bytes, *, begun_us: int = 0, now_us: int = NOW_US) -> tuple[Bmp, Any]:
    """The transcoder after these bytes, and what the decoder reads of what it made."""
    router = Bmp(begun_us)
    return router, decode(router.feed(content, now_us))


def test_a_session_from_up_to_down(decode: Any) -> None:
    content = (
        bgp.initiation("edge1.example", "a router")
        + bgp.peer_up()
        + bgp.route_monitoring(bgp.update(("175.45.176.0/24", "175.45.177.0/24"), PATH))
        + bgp.statistics()
        + bgp.route_monitoring(bgp.update(withdrawn=("175.45.177.0/24",)))
        + bgp.peer_down()
        + bgp.termination(0)
    )
    router, reading = read(decode, content)
    assert [(row.kind, row.prefix, row.states) for row in reading.rows] == [
        (Kind.STATE, "", (5, 6)),
        (Kind.ANNOUNCE, "175.45.176.0/24", (0, 0)),
        (Kind.ANNOUNCE, "175.45.177.0/24", (0, 0)),
        (Kind.WITHDRAW, "175.45.177.0/24", (0, 0)),
        (Kind.STATE, "", (6, 1)),
    ]
    assert {row.time_us for row in reading.rows} == {1_419_264_900_250_000}
    assert {(row.peer.address, row.peer.asn) for row in reading.rows} == {("192.0.2.1", 65001)}
    assert reading.rows[1].path == list(PATH)
    assert (reading.rows[1].origin, reading.rows[1].upstream) == (131279, 3356)
    assert (router.system_name, router.system_description) == ("edge1.example", "a router")
    assert router.terminated == "closed by its administrator"
    assert router.broken is None
    assert router.skipped == []
    assert reading.skipped == []
    assert router.counts["messages"] == 7
    assert router.counts["statistics"] == 1


def test_a_peer_with_ipv6(decode: Any) -> None:
    _router, reading = read(
        decode,
        bgp.peer_up(address="2001:db8::7", asn=4200000000)
        + bgp.route_monitoring(
            bgp.update_ipv6(("2001:db8:100::/40",), (4200000000, 3356), ("2001:db8:200::/40",)),
            address="2001:db8::7",
            asn=4200000000,
        ),
    )
    assert [(row.kind, row.prefix) for row in reading.rows] == [
        (Kind.STATE, ""),
        (Kind.WITHDRAW, "2001:db8:200::/40"),
        (Kind.ANNOUNCE, "2001:db8:100::/40"),
    ]
    assert {(row.peer.address, row.peer.asn) for row in reading.rows} == {("2001:db8::7", 4200000000)}


@pytest.mark.parametrize("flags", [0x20, 0])
def test_as_numbers_of_two_bytes_whether_the_router_says_so_or_not(decode: Any, flags: int) -> None:
    message = bgp.update(("175.45.176.0/24",), (65001, 3356, 9), width=2)
    _router, reading = read(decode, bgp.route_monitoring(message, flags=flags))
    assert reading.rows[0].path == [65001, 3356, 9]
    assert reading.rows[0].peer.asn == 65001
    assert has_narrow_path(message)
    assert not has_narrow_path(LONG)
    assert not has_narrow_path(b"")
    assert not has_narrow_path(bgp.update(withdrawn=("10.0.0.0/8",)))


def test_routes_after_policy_stand_in_until_routes_before_it_come(decode: Any) -> None:
    after, before = (
        bgp.update(("10.0.0.0/8",), PATH),
        bgp.update(("11.0.0.0/8",), PATH),
    )
    router, reading = read(
        decode,
        bgp.route_monitoring(after, flags=0x40)
        + bgp.route_monitoring(before)
        + bgp.route_monitoring(after, flags=0x40)
        + bgp.route_monitoring(after, flags=0x40, address="192.0.2.2"),
    )
    assert [(row.prefix, row.peer.address) for row in reading.rows] == [
        ("10.0.0.0/8", "192.0.2.1"),
        ("11.0.0.0/8", "192.0.2.1"),
        ("10.0.0.0/8", "192.0.2.2"),
    ]
    assert router.counts["left out: after the router's policy"] == 1


@pytest.mark.parametrize(
    ("type", "flags", "counted"),
    [
        (0, 0x10, "left out: Adj-RIB-Out"),
        (3, 0, "left out: Loc-RIB"),
        (1, 0, "left out: peers in VPNs"),
        (2, 0, "left out: peers in VPNs"),
        (9, 0, "left out: peers of an unknown type"),
    ],
)
def test_what_is_left_out_is_counted(decode: Any, type: int, flags: int, counted: str) -> None:
    router, reading = read(
        decode,
        bgp.peer_up(type=type, flags=flags)
        + bgp.route_monitoring(LONG, type=type, flags=flags)
        + bgp.peer_down(type=type, flags=flags),
    )
    assert reading.rows == []
    assert router.counts[counted] == 3
    assert router.skipped == []


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize(
    ("sent", "received", "has_ids"),
    [(1, 2, True), (3, 3, True), (2, 1, False), (1, 1, False), (0, 3, False)],
)
def test_routes_with_path_identifiers_are_told_apart(
    decode: Any, sent: int, received: int, has_ids: bool, extended: bool
) -> None:
    # The router must be able to receive several paths, and the peer to send them (RFC 7911 section 4).
    up = bgp.peer_up(
        bgp.open_message(65000, b"\x41\x04\0\0\xfd\xe8" + bgp.add_path(1, sent), extended),
        bgp.open_message(65001, bgp.add_path(1, received), extended),
    )
    plain = bgp.update_ipv6(("2001:db8:100::/40",), PATH)
    gone = b"\0\0\0\7" + bgp.prefix_bytes(("175.45.176.0/24",)) if has_ids else b"\x18\xaf\x2d\xb0"
    body = pack("!H", len(gone)) + gone + pack("!H", 0)
    withdrawal = bgp.MARKER + pack("!HB", 19 + len(body), 2) + body
    router, reading = read(decode, up + bgp.route_monitoring(withdrawal) + bgp.route_monitoring(plain))
    assert (router.skipped, reading.skipped) == ([], [])
    assert [(row.prefix, row.path_id, row.flags & FLAG_PATH_ID) for row in reading.rows[1:]] == [
        ("175.45.176.0/24", 7 if has_ids else 0, FLAG_PATH_ID if has_ids else 0),
        ("2001:db8:100::/40", 0, 0),
    ]


@pytest.mark.parametrize(
    ("time_s", "expected_us", "counted"),
    [
        (1419264900.25, 1_419_264_900_250_000, None),
        (0, NOW_US, "time missing"),
        (1419264901 + 29, NOW_US + 29_000_000, None),
        (1419264901 + 31, NOW_US, "time in the future"),
        (4294967295, NOW_US, "time in the future"),
        (1419264901 - 899, NOW_US - 899_000_000, None),
        (1419264901 - 901, NOW_US, "time past"),
        (1, NOW_US, "time past"),
    ],
)
def test_a_time_that_cannot_be(decode: Any, time_s: float, expected_us: int, counted: str | None) -> None:
    router, reading = read(decode, bgp.route_monitoring(LONG, time_s=time_s))
    assert [row.time_us for row in reading.rows] == [expected_us]
    counts = {name: count for name, count in router.counts.items() if name.startswith("time") and count}
    assert counts == ({counted: 1} if counted else {})


def test_routes_from_before_the_router_connected_are_seen_when_it_connects(decode: Any) -> None:
    router, reading = read(decode, bgp.route_monitoring(LONG), begun_us=NOW_US - 500_000)
    assert [row.time_us for row in reading.rows] == [NOW_US]
    assert router.counts["time past"] == 1


def test_the_routers_own_routes_are_no_peer(decode: Any) -> None:
    router, reading = read(decode, bgp.route_monitoring(LONG, address="0.0.0.0", asn=0))
    assert reading.rows == []
    assert router.counts["left out: the router's own routes"] == 1


def changed_length(message: bytes, by: int) -> bytes:
    """The same with the length of the BGP message in a route monitoring message changed."""
    at = 48 + 16
    size = int.from_bytes(message[at : at + 2], "big") + by
    return message[:at] + pack("!H", size) + message[at + 2 :]


ONE = bgp.route_monitoring(LONG)
BAD_MESSAGES = [
    (bgp.bmp(0, bgp.peer_header()[:41]), "BMP message length 47 is under the 48 bytes that its type needs"),
    (bgp.bmp(7, bytes(60)), "BMP message type 7 is not in 0 to 6"),
    (bgp.bmp(0, bgp.peer_header() + LONG[:18]), "BGP message of 18 bytes is under the bound of 19"),
    (
        bgp.bmp(0, bgp.peer_header() + LONG[:-1]),
        f"BGP message length {len(LONG)} is over the {len(LONG) - 1} bytes that are left",
    ),
    (
        changed_length(ONE, 1),
        f"BGP message length {len(LONG) + 1} is over the {len(LONG)} bytes that are left",
    ),
    (changed_length(ONE, -len(LONG)), "BGP message of 0 bytes is under the bound of 19"),
    (
        bgp.route_monitoring(bgp.open_message(65001)),
        "BGP message type 1 in a route monitoring message is not 2 (UPDATE)",
    ),
    (
        bgp.bmp(0, bytes(10) + b"\x01" * 12 + bgp.peer_header()[22:] + LONG),
        "peer address of the IPv4 kind has 12 bytes set of the 12 that must be zero",
    ),
    (bgp.peer_up(LONG), "BGP message type 2 in a peer up message is not 1 (OPEN)"),
    (
        bgp.peer_up(received=bgp.open_message(65001)[:28]),
        "BGP message of 28 bytes is under the bound of 29",
    ),
    (
        bgp.peer_up(bgp.open_message(65000, b"\x41\x09\0\0\xfd\xe8")),
        "optional parameter of 9 bytes in an OPEN is over the 4 bytes that are left",
    ),
    (
        bgp.bmp(3, bgp.peer_header() + bytes(19)),
        "BMP message length 67 is under the 68 bytes that its type needs",
    ),
    (bgp.bmp(4, bgp.tlv(2, b"edge")[:-1]), "information of 4 bytes is over the 3 bytes that are left"),
    (bgp.bmp(5, b"\0\1\0"), "information of 4 bytes is over the 3 bytes that are left"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_MESSAGES, ids=range(len(BAD_MESSAGES)))
def test_a_bad_message_costs_that_message(decode: Any, bad: bytes, reason: str) -> None:
    before, after = bgp.update(("10.0.0.0/8",), PATH), bgp.update(("11.0.0.0/8",), PATH)
    first = bgp.route_monitoring(before)
    router, reading = read(decode, first + bad + bgp.route_monitoring(after) + bad)
    assert [row.prefix for row in reading.rows] == ["10.0.0.0/8", "11.0.0.0/8"]
    assert [(skip.offset, skip.reason, skip.count) for skip in router.skipped] == [(len(first), reason, 2)]
    assert router.broken is None


def test_bytes_behind_the_bgp_message_are_told_and_the_message_is_taken(decode: Any) -> None:
    router, reading = read(decode, bgp.bmp(0, bgp.peer_header() + LONG + b"more"))
    assert [row.prefix for row in reading.rows] == ["175.45.176.0/24"]
    assert [skip.reason for skip in router.skipped] == [
        "4 bytes stand behind the BGP message, over the bound of 0"
    ]


@pytest.mark.parametrize(
    ("garbage", "why"),
    [
        (b"GET / HTTP/1.1\r\n", "BMP version 71 is not 3"),
        (b"\x03\0\0\0\x05\x04", "BMP message length 5 is under the 6 bytes that its type needs"),
        (b"\x03\xff\xff\xff\xff\x00", "BMP message length 4294967295 is over the bound of 262144 bytes"),
    ],
)
def test_broken_framing_ends_the_stream_and_keeps_what_came_before(
    decode: Any, garbage: bytes, why: str
) -> None:
    router, reading = read(decode, ONE + garbage + ONE)
    assert [row.prefix for row in reading.rows] == ["175.45.176.0/24"]
    assert router.broken == f"byte {len(ONE)}: {why}"
    assert router.feed(ONE, NOW_US) == b""


def test_garbage_is_noticed_at_its_first_byte() -> None:
    router = Bmp(0)
    assert router.feed(b"S", NOW_US) == b""
    assert router.broken == "byte 0: BMP version 83 is not 3"


def test_a_length_over_the_bound_is_not_waited_for() -> None:
    router = Bmp(0, longest=100)
    router.feed(pack("!BI", 3, 101) + b"\0", NOW_US)
    assert router.broken == "byte 0: BMP message length 101 is over the bound of 100 bytes"


def test_the_peers_of_a_router_are_bounded(decode: Any) -> None:
    router = Bmp(0, most_peers=3)
    content = b"".join(bgp.route_monitoring(LONG, asn=asn) for asn in (1, 2, 3, 4, 1, 5))
    reading = decode(router.feed(content, NOW_US))
    assert [row.peer.asn for row in reading.rows] == [1, 2, 3, 1]
    assert [(skip.reason, skip.count) for skip in router.skipped] == [
        ("a further peer, and the bound for one router is 3", 2)
    ]


def test_names_that_are_too_long_or_no_text(decode: Any) -> None:
    router, _ = read(decode, bgp.bmp(4, bgp.tlv(2, b"\xff" * 4) + bgp.tlv(1, b"x" * 5000)))
    assert router.system_name == "\N{REPLACEMENT CHARACTER}" * 4
    assert router.system_description == "x" * 255


def test_unknown_reasons_of_a_termination(decode: Any) -> None:
    assert read(decode, bgp.termination(77))[0].terminated == "for reason 77"
    assert read(decode, bgp.bmp(5, b""))[0].terminated == "for no reason given"
