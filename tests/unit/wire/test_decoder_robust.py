"""Bad bytes: what they cost, and what is told of them."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from nightside.model.elements import Kind, Skip
from nightside.model.errors import NotMrtError
from nightside.wire.decoder import Decoder
from nightside.wire.lines import Lines


def test_empty_file_is_a_quiet_period(decode: Any) -> None:
    reading = decode(b"")
    assert (reading.rows, reading.skipped, reading.records, reading.truncated) == ([], [], 0, False)


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is a text and no routing data",
        b"\x7fELF\x02\x01\x01" + bytes(40),
        bytes(64),
        b"\xff" * 64,
        b"short",
        struct.pack("!IHHI", 1419264900, 16, 4, 16 * 1024 * 1024 + 1),
    ],
)
def test_not_mrt(decode: Any, data: bytes) -> None:
    with pytest.raises(NotMrtError) as caught:
        decode(data)
    assert caught.value.where == "some.mrt: byte 0"
    assert caught.value.advice


def test_a_bad_record_costs_that_record_and_leaves_nothing_behind(mrt: Any, decode: Any) -> None:
    good = mrt.bgp4mp(mrt.update(("192.0.2.0/24",), mrt.path(1, 2)))
    # Its withdrawn routes are longer than it is; its peer is seen nowhere else.
    bad = mrt.bgp4mp(mrt.message(2, b"\0\x09\x08\x0a\0\0"), peer="203.0.113.9")
    reading = decode(good + bad + good)
    assert [row.prefix for row in reading.rows] == ["192.0.2.0/24"] * 2
    reason = "withdrawn routes length 9 is over the 2 bytes that are left"
    assert reading.skipped == [Skip(len(good), reason)]
    assert reading.records == 3


def test_prefixes_before_a_bad_one_are_given(mrt: Any, decode: Any) -> None:
    bad = mrt.bgp4mp(mrt.message(2, b"\0\0\0\0" + b"\x08\x0a" + b"\x21\x0a\0\0\0\0" + b"\x08\x0b"))
    reading = decode(bad)
    assert [row.prefix for row in reading.rows] == ["10.0.0.0/8"]
    assert reading.skipped == [Skip(0, "prefix length 33 is over the bound of 32 bits")]


def test_a_bad_record_does_not_bring_in_its_peer(mrt: Any, decode: Any) -> None:
    decoder = Decoder()
    bad = mrt.bgp4mp(mrt.message(2, b"\0\x09\0\0"), peer="203.0.113.9")
    decode(mrt.state(1, 6, peer="192.0.2.1") + bad + mrt.state(1, 6, peer="192.0.2.3"), decoder=decoder)
    assert [peer.address for peer in decoder.peers] == ["192.0.2.1", "192.0.2.3"]


def broken(mrt: Any) -> dict[str, tuple[bytes, str]]:
    """Records with one thing wrong, and the words for it: field, value, bound."""
    return {
        "withdrawn": (
            mrt.bgp4mp(mrt.message(2, b"\0\x09\0\0")),
            "withdrawn routes length 9 is over the 0 bytes that are left",
        ),
        "attributes": (
            mrt.bgp4mp(mrt.message(2, b"\0\0\0\x07abc")),
            "path attributes length 7 is over the 3 bytes that are left",
        ),
        "attribute": (
            mrt.bgp4mp(mrt.update((), b"\x40\x01\x05\0")),
            "attribute length 5 is over the 1 bytes that are left",
        ),
        "message": (
            mrt.bgp4mp(b"\xff" * 16 + b"\x10\0\x02"),
            "BGP message length 4096 is over the 19 bytes that are left",
        ),
        "type": (mrt.bgp4mp(mrt.message(77, b"")), "BGP message type 77 is not in 1 to 5"),
        "prefix": (
            mrt.bgp4mp(mrt.message(2, b"\0\0\0\0\x18\x0a")),
            "prefix of 3 bytes is over the 1 bytes that are left",
        ),
        "segment": (
            mrt.bgp4mp(mrt.update(("10.0.0.0/8",), mrt.attribute(2, b"\x02\x05\0\0\0\1"))),
            "AS path segment of 20 bytes is over the 4 bytes that are left",
        ),
        "segment type": (
            mrt.bgp4mp(mrt.update(("10.0.0.0/8",), mrt.attribute(2, b"\x09\x01\0\0\0\1"))),
            "AS path segment type 9 is not in 1 to 4",
        ),
        "reach": (
            mrt.bgp4mp(mrt.update((), mrt.attribute(14, b"\0\2\1\x10\0\0"))),
            "MP_REACH_NLRI of 6 bytes is under the bound of 21",
        ),
        "unreach": (
            mrt.bgp4mp(mrt.update((), mrt.attribute(15, b"\0\2"))),
            "MP_UNREACH_NLRI of 2 bytes is under the bound of 3",
        ),
        "family": (
            mrt.record(16, 4, bytes(8) + b"\0\0\0\x07" + bytes(40)),
            "address family 7 is neither 1 (IPv4) nor 2 (IPv6)",
        ),
        "record": (mrt.record(16, 4, b"abc"), "record length 3 is under the 12 bytes that its type needs"),
        "microseconds": (
            mrt.bgp4mp(mrt.update(), us=1_000_000),
            "microseconds 1000000 are over the bound of 999999",
        ),
        "table dump": (
            mrt.record(12, 1, bytes(9)),
            "record length 9 is under the 22 bytes that its type needs",
        ),
        "no table": (mrt.rib("10.0.0.0/8", []), "RIB record before any peer index table"),
        "subtype": (mrt.record(13, 63, b""), "subtype 63 of MRT type 13 is not read"),
        "old type": (mrt.record(9, 1, b""), "MRT type 9 is not read"),
        "multicast": (
            mrt.bgp4mp(mrt.update((), mrt.path(1) + mrt.reach(("ff0e::/16",), safi=2))),
            "routes of address family 2, subsequent family 2 are not read",
        ),
    }


def test_reasons_carry_field_value_and_bound(mrt: Any, decode: Any) -> None:
    good = mrt.state(1, 6)
    for name, (record, reason) in broken(mrt).items():
        reading = decode(good + record + good)
        assert reading.skipped == [Skip(len(good), reason)], name
        assert [row.kind for row in reading.rows if row.kind != Kind.WITHDRAW] == [Kind.STATE] * 2, name


def test_rib_entry_of_an_unknown_peer(mrt: Any, decode: Any) -> None:
    table = mrt.peer_table([("192.0.2.1", 1)])
    reading = decode(table + mrt.rib("10.0.0.0/8", [(0, b""), (1, b"")]) + mrt.rib("11.0.0.0/8", [(0, b"")]))
    assert [row.prefix for row in reading.rows] == ["10.0.0.0/8", "11.0.0.0/8"]
    assert reading.skipped == [Skip(len(table), "peer index 1 is not below the peer count of 1")]


def test_a_bad_peer_table_is_no_peer_table(mrt: Any, decode: Any) -> None:
    table = mrt.peer_table([("192.0.2.1", 1), ("192.0.2.2", 2)])
    cut = mrt.record(13, 1, table[12:-1])
    reading = decode(cut + mrt.rib("10.0.0.0/8", [(0, b"")]))
    assert [skip.reason for skip in reading.skipped] == [
        "peer table entry of 13 bytes is over the 12 bytes that are left",
        "RIB record before any peer index table",
    ]
    assert reading.table_peers == []


def test_equal_reasons_are_counted(mrt: Any, decode: Any) -> None:
    good = mrt.state(1, 6)
    reading = decode(good + mrt.record(9, 1, b"abc") * 1000 + good)
    assert reading.skipped == [Skip(len(good), "MRT type 9 is not read", 1000)]


def test_what_is_told_of_a_hopeless_file_stays_small(mrt: Any, decode: Any) -> None:
    data = b"".join(mrt.record(13, subtype, b"") for subtype in range(13, 2005))
    reading = decode(mrt.state(1, 6) + data)
    assert len(reading.skipped) < 300
    assert sum(skip.count for skip in reading.skipped) == 1992


def test_file_that_ends_inside_a_record(mrt: Any, decode: Any) -> None:
    good = mrt.state(1, 6)
    for cut in (1, 11, 12, 13, len(good) - 1):
        reading = decode(good + good[:cut])
        of = "its header" if cut < 12 else f"{len(good)} bytes"
        assert reading.truncated
        assert len(reading.rows) == 1
        assert reading.skipped == [
            Skip(len(good), f"the file ends inside a record: {cut} bytes of {of} are there")
        ]


def test_an_absurd_length_loses_bytes_only_up_to_the_next_record(mrt: Any, decode: Any) -> None:
    good = mrt.bgp4mp(mrt.update(("192.0.2.0/24",), mrt.path(1, 2)))
    bad = bytearray(good)
    bad[8:12] = b"\xff\xff\xff\xf0"
    reading = decode(good + bytes(bad) + good + good)
    assert len(reading.rows) == 3
    assert reading.skipped == [
        Skip(
            len(good),
            f"record length 4294967280 is over the bound of 16777216 bytes: {len(good)} bytes passed over",
        )
    ]


def test_bytes_between_records_are_passed_over(mrt: Any, decode: Any) -> None:
    good = mrt.state(1, 6)
    for rubbish in (bytes(3), bytes(500), b"\xff" * 77, b"some words that got in between"):
        reading = decode(good + rubbish + good + good)
        assert len(reading.rows) == 3
        (skip,) = reading.skipped
        assert skip.offset == len(good)
        assert skip.reason.endswith(f": {len(rubbish)} bytes passed over")


def test_rubbish_to_the_end(mrt: Any, decode: Any) -> None:
    good = mrt.state(1, 6)
    (skip,) = decode(good + b"\xff" * 1001).skipped
    assert skip.reason.endswith(": 1001 bytes passed over")


def test_an_unknown_type_near_in_time_is_skipped_by_its_length(mrt: Any, decode: Any) -> None:
    good = mrt.state(1, 6)
    reading = decode(good + mrt.record(99, 3, good) + good)
    assert len(reading.rows) == 2
    assert reading.skipped == [Skip(len(good), "MRT type 99 is not read")]


DAY_S = 86400
NO_HEADER = b"\xff" * 12


@pytest.mark.parametrize(
    ("what", "days"),
    [
        # A multicast route, which the lines have and the columns leave out; beside it a prefix that is too long.
        ("multicast", 10),
        ("multicast and a bad prefix", 10),
        ("a table that is not read", 0.9),
        ("a type that is not read", 0.9),
    ],
)
def test_both_readers_find_a_lost_framing_again_at_the_same_record(mrt: Any, what: str, days: float) -> None:
    """Which record can be one is told by the time of the last that was believed, read or of a kind that is not."""
    later = mrt.TIME + int(days * DAY_S)
    path = mrt.path(65001, 131279)
    if what.startswith("multicast"):
        gone = mrt.unreach(("::/0",))[:-1] + b"\xff" if "bad" in what else b""
        odd = mrt.bgp4mp(mrt.update((), path + mrt.reach(("2001:db8::/32",), safi=2) + gone), time=later)
    elif what == "a table that is not read":
        odd = mrt.record(13, 3, bytes(20), later)
    else:
        odd = mrt.record(9, 1, b"old", later)
    good = mrt.bgp4mp(mrt.update(("192.0.2.0/24",), path))
    # Too early after a record of `later`, by a minute or by days.
    early = mrt.bgp4mp(mrt.update(("192.0.2.0/24",), path), time=later - DAY_S - 60)
    data = good + odd + NO_HEADER + early + mrt.bgp4mp(mrt.update(("192.0.2.0/24",), path), time=later)
    found = []
    for reader in (Decoder(), Lines()):
        reader.start()
        for batches in (reader.feed(data), reader.finish()):
            for _ in batches:
                pass
        assert reader.records == 3
        (lost,) = [skip for skip in reader.skipped if "passed over" in skip.reason]
        found.append((lost.offset, lost.reason))
    assert found[0] == found[1]
    assert found[0][0] == len(good + odd)
    assert found[0][1].endswith(f": {len(NO_HEADER + early)} bytes passed over")


def test_a_bad_record_of_another_time_says_nothing_of_the_files(mrt: Any) -> None:
    path = mrt.path(65001, 131279)
    good = mrt.bgp4mp(mrt.update(("192.0.2.0/24",), path))
    for bad in (mrt.record(16, 4, b"", 1), mrt.record(13, 3, bytes(20), 1), mrt.record(9, 1, b"old", 1)):
        decoder = Decoder()
        decoder.start()
        count = sum(batch.count for batch in decoder.feed(good + bad + NO_HEADER + good))
        assert count + sum(batch.count for batch in decoder.finish()) == 2
