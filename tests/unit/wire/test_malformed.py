"""Malformed attributes of UPDATE messages, rule by rule (RFC 7606 section 3 and 7, RFC 6793 section 6)."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from nightside.model.elements import Kind
from nightside.wire.lines import Lines

PREFIX = "175.45.176.0/24"
WIDE = "2001:db8::/32"


def lines_of(data: bytes) -> list[str]:
    lines = Lines()
    lines.start()
    return (b"".join(lines.feed(data)) + b"".join(lines.finish())).decode().splitlines()


def sound(mrt: Any) -> dict[int, bytes]:
    """Attributes of an UPDATE, by type, with nothing wrong."""
    values = {
        1: b"\0",
        2: mrt.segment(2, (65001, 131279), 4),
        3: b"\xc0\0\2\1",
        4: b"\0\0\0\5",
        5: b"\0\0\0\x64",
        6: b"",
        7: struct.pack("!I", 65001) + b"\xc0\0\2\1",
        8: struct.pack("!I", 65001 << 16),
        9: b"\xc0\0\2\1",
        10: b"\xc0\0\2\1",
        16: bytes(8),
        17: mrt.segment(2, (131279,), 4),
        18: struct.pack("!I", 65001) + b"\xc0\0\2\1",
        25: bytes(20),
        32: bytes(12),
    }
    return {type: mrt.attribute(type, value) for type, value in values.items()}


def reading_of(mrt: Any, decode: Any, attributes: dict[int, bytes], width: int = 4) -> Any:
    """What an UPDATE with these attributes says, of IPv4 in its NLRI and of IPv6 in MP_REACH_NLRI."""
    block = b"".join(attributes.values()) + mrt.reach((WIDE,))
    data = mrt.bgp4mp(mrt.update((PREFIX,), block, ("10.0.0.0/8",)), width=width)
    reading = decode(data)
    kinds = [line.split("|")[2] for line in lines_of(data)]
    assert kinds == ["W" if row.kind == Kind.WITHDRAW else "A" for row in reading.rows]
    assert [row.prefix for row in reading.rows] == ["10.0.0.0/8", PREFIX, WIDE]
    assert reading.rows[0].kind == Kind.WITHDRAW
    return reading


def test_nothing_wrong(mrt: Any, decode: Any) -> None:
    reading = reading_of(mrt, decode, sound(mrt))
    assert [row.kind for row in reading.rows[1:]] == [Kind.ANNOUNCE] * 2
    assert reading.skipped == []


@pytest.mark.parametrize(
    ("type", "value", "reason"),
    [
        (1, b"", "attribute 1 has 0 bytes, which it cannot have"),
        (1, b"\0\0", "attribute 1 has 2 bytes, which it cannot have"),
        (1, b"\3", "ORIGIN 3 is over the bound of 2"),
        (2, b"\7\1\0\0\0\1", "AS path segment type 7 is not in 1 to 4"),
        (2, b"\2\2\0\0\0\1", "AS path segment of 8 bytes is over the 4 bytes that are left"),
        (2, b"\2\1\0\0\0\1\2", "1 bytes are left behind the AS path's last segment, and a segment has 2"),
        (2, b"\2\0\2\1\0\0\0\1", "AS path segment of type 2 has 0 ASes"),
        (3, b"\xc0\0\2", "attribute 3 has 3 bytes, which it cannot have"),
        (4, b"\0\0\0\0\5", "attribute 4 has 5 bytes, which it cannot have"),
        (5, b"", "attribute 5 has 0 bytes, which it cannot have"),
        (8, b"", "attribute 8 has 0 bytes, which it cannot have"),
        (8, b"\0\1\2", "attribute 8 has 3 bytes, which it cannot have"),
        (9, b"\0\1\2", "attribute 9 has 3 bytes, which it cannot have"),
        (10, b"\0\1\2\3\4", "attribute 10 has 5 bytes, which it cannot have"),
        (16, bytes(12), "attribute 16 has 12 bytes, which it cannot have"),
        (25, bytes(21), "attribute 25 has 21 bytes, which it cannot have"),
        (32, bytes(13), "attribute 32 has 13 bytes, which it cannot have"),
    ],
)
def test_taken_as_withdrawn(mrt: Any, decode: Any, type: int, value: bytes, reason: str) -> None:
    reading = reading_of(mrt, decode, sound(mrt) | {type: mrt.attribute(type, value)})
    assert [row.kind for row in reading.rows] == [Kind.WITHDRAW] * 3
    assert [(skip.reason, skip.count) for skip in reading.skipped] == [(reason, 1)]


@pytest.mark.parametrize(
    ("type", "value", "width", "reason"),
    [
        (6, b"\0", 4, "attribute 6 has 1 bytes, which it cannot have"),
        (7, bytes(6), 4, "attribute 7 has 6 bytes, which it cannot have"),
        (7, bytes(8), 2, "attribute 7 has 8 bytes, which it cannot have"),
        (18, bytes(6), 4, "attribute 18 has 6 bytes, which it cannot have"),
        (17, b"\2\2\0\0\0\1", 2, "AS path segment of 8 bytes is over the 4 bytes that are left"),
        (17, b"\2\0", 2, "AS path segment of type 2 has 0 ASes"),
    ],
)
def test_left_out(mrt: Any, decode: Any, type: int, value: bytes, width: int, reason: str) -> None:
    attributes = sound(mrt)
    if width == 2:
        attributes |= {2: mrt.path(65001, 23456, width=2), 7: mrt.attribute(7, bytes(6))}
        del attributes[18]
    reading = reading_of(mrt, decode, attributes | {type: mrt.attribute(type, value)}, width)
    assert [row.kind for row in reading.rows[1:]] == [Kind.ANNOUNCE] * 2
    assert reading.rows[1].path == ([65001, 23456] if type == 17 else reading.rows[1].path)
    assert [(skip.reason, skip.count) for skip in reading.skipped] == [(reason, 1)]


@pytest.mark.parametrize(
    ("type", "flags"),
    [(1, 0x80), (2, 0xC0), (3, 0x00), (4, 0x40), (5, 0xC0), (6, 0x80), (7, 0x80), (8, 0x40), (32, 0x40)],
)
def test_flags_of_another_kind(mrt: Any, decode: Any, type: int, flags: int) -> None:
    """Section 3 c."""
    attributes = sound(mrt)
    attributes[type] = bytes([flags]) + attributes[type][1:]
    reading = reading_of(mrt, decode, attributes)
    assert [row.kind for row in reading.rows] == [Kind.WITHDRAW] * 3
    reason = f"attribute {type} has the flags {flags}, which are another kind of attribute's"
    assert [skip.reason for skip in reading.skipped] == [reason]


def test_the_partial_flag_and_unknown_attributes_are_no_fault(mrt: Any, decode: Any) -> None:
    attributes = sound(mrt)
    attributes[8] = b"\xe0" + attributes[8][1:]
    for type in (0, 11, 23, 35, 40, 64, 128, 255):
        for flags in (0x00, 0x40, 0x80, 0xC0, 0xE0, 0xCF):
            attributes[1000 + 10 * type + flags] = mrt.attribute(type, b"anything", flags)
    reading = reading_of(mrt, decode, attributes)
    assert [row.kind for row in reading.rows[1:]] == [Kind.ANNOUNCE] * 2
    assert reading.skipped == []


def test_attributes_that_run_over_their_end(mrt: Any, decode: Any) -> None:
    """Section 4: where the NLRI begins is still known; an MP_REACH_NLRI that came before is too."""
    block = mrt.reach((WIDE,)) + mrt.path(65001, 131279) + b"\x40\x01\x05\0"
    reading = decode(mrt.bgp4mp(mrt.update((PREFIX,), block)))
    assert [(row.kind, row.prefix) for row in reading.rows] == [
        (Kind.WITHDRAW, PREFIX),
        (Kind.WITHDRAW, WIDE),
    ]
    assert [skip.reason for skip in reading.skipped] == [
        "attribute length 5 is over the 1 bytes that are left"
    ]


def test_a_next_hop_of_no_length_that_it_can_have(mrt: Any, decode: Any) -> None:
    """Section 7.11: where its prefixes begin is not known."""
    reach = mrt.attribute(14, b"\0\2\1\x05" + bytes(5) + b"\0" + mrt.prefix(WIDE))
    reading = decode(mrt.bgp4mp(mrt.update((PREFIX,), mrt.path(65001, 131279) + reach)))
    assert [(row.kind, row.prefix) for row in reading.rows] == [(Kind.ANNOUNCE, PREFIX)]
    reason = "next hop of 5 bytes in MP_REACH_NLRI of address family 2"
    assert [skip.reason for skip in reading.skipped] == [reason]


def test_two_of_an_attribute(mrt: Any, decode: Any) -> None:
    """Section 3 g: of two, the first counts; two MP_REACH_NLRI are counted as a fault besides."""
    twice = mrt.path(65001, 131279) + mrt.path(1, 2) + mrt.reach((WIDE,)) + mrt.reach(("2001:db8:1::/48",))
    reading = decode(mrt.bgp4mp(mrt.update((), twice)))
    assert [(row.kind, row.prefix, row.path) for row in reading.rows] == [
        (Kind.ANNOUNCE, WIDE, [65001, 131279])
    ]
    assert [skip.reason for skip in reading.skipped] == ["attribute 14 occurs 2 times"]


def test_a_missing_attribute_is_no_fault(mrt: Any, decode: Any) -> None:
    """Other than section 3 d: what stands in an archive may have been stripped."""
    reading = decode(mrt.bgp4mp(mrt.update((PREFIX,), mrt.path(65001, 131279))))
    assert [row.kind for row in reading.rows] == [Kind.ANNOUNCE]
    assert reading.skipped == []


def test_bad_prefixes_of_one_stretch_leave_the_others(mrt: Any, decode: Any) -> None:
    unreach = mrt.attribute(15, b"\0\2\1" + mrt.prefix(WIDE) + b"\xff")
    data = mrt.bgp4mp(mrt.update((PREFIX,), mrt.path(1, 2) + unreach, ("10.0.0.0/8",)))
    assert [(row.kind, row.prefix) for row in decode(data).rows] == [
        (Kind.WITHDRAW, "10.0.0.0/8"),
        (Kind.WITHDRAW, WIDE),
        (Kind.ANNOUNCE, PREFIX),
    ]
    assert [skip.reason for skip in decode(data).skipped] == [
        "prefix length 255 is over the bound of 128 bits"
    ]
    assert len(lines_of(data)) == 3


def test_a_malformed_entry_of_a_table_is_left_out(mrt: Any, decode: Any) -> None:
    good, bad = mrt.path(65001, 131279), mrt.attribute(2, b"\7\1\0\0\0\1")
    data = mrt.peer_table([("192.0.2.1", 65001)]) + mrt.rib(PREFIX, [(0, good), (0, bad), (0, good)])
    reading = decode(data)
    assert [row.path for row in reading.rows] == [[65001, 131279]] * 2
    assert [skip.reason for skip in reading.skipped] == ["AS path segment type 7 is not in 1 to 4"]
    assert len(lines_of(data)) == 2
