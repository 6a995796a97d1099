"""What one record becomes: kinds, prefixes, paths, times, peers."""

from __future__ import annotations

from typing import Any

import pytest

from nightside.model.elements import FLAG_NO_PATH, FLAG_NO_UPSTREAM, FLAG_ORIGIN_SET, Kind, Peer


def test_update_gives_withdrawals_then_announcements_with_time_and_peer(mrt: Any, decode: Any) -> None:
    block = mrt.attribute(1, b"\0") + mrt.path(65001, 4837, 131279)
    message = mrt.update(("175.45.176.0/24", "175.45.176.0/22"), block, ("10.1.2.0/23",))
    reading = decode(mrt.bgp4mp(message, us=250_001))
    assert [(row.kind, row.prefix) for row in reading.rows] == [
        (Kind.WITHDRAW, "10.1.2.0/23"),
        (Kind.ANNOUNCE, "175.45.176.0/24"),
        (Kind.ANNOUNCE, "175.45.176.0/22"),
    ]
    assert {row.time_us for row in reading.rows} == {mrt.TIME * 1_000_000 + 250_001}
    assert {row.peer for row in reading.rows} == {Peer("192.0.2.1", 65001)}
    announced = reading.rows[1]
    assert (announced.origin, announced.upstream, announced.path) == (131279, 4837, [65001, 4837, 131279])


def test_attribute_offset_leads_to_the_block_in_the_file(mrt: Any, decode: Any) -> None:
    block = mrt.attribute(1, b"\0") + mrt.path(65001, 131279)
    old_block = mrt.path(65001, 23456, width=2)
    before = mrt.state(1, 6)
    data = (
        before
        + mrt.bgp4mp(mrt.update(("192.0.2.0/24",), block))
        + mrt.peer_table([("192.0.2.1", 1)])
        + mrt.rib("192.0.2.0/24", [(0, b""), (0, block)])
        + mrt.table_dump("192.0.2.0/24", old_block)
    )
    reading = decode(data)
    blocks = [data[at : at + size] for at, size in (row.attributes for row in reading.rows) if at >= 0]
    assert blocks == [block, b"", block, old_block]
    assert reading.rows[0].attributes == (-1, 0)
    assert reading.rows[1].record == len(before)


def test_host_bits_are_cut_off(mrt: Any, decode: Any) -> None:
    reading = decode(
        mrt.bgp4mp(mrt.update((), mrt.path(1) + mrt.reach(("2001:db8:ffff:ffff:ffff::/65", "ffff::/3"))))
        + mrt.bgp4mp(mrt.update(("10.255.255.255/9", "255.255.255.255/31", "1.2.3.4/32"), mrt.path(1)))
        + mrt.table_dump("10.0.0.255/25", mrt.path(1, width=2))
    )
    assert [row.prefix for row in reading.rows] == [
        "2001:db8:ffff:ffff:8000::/65",
        "e000::/3",
        "10.128.0.0/9",
        "255.255.255.254/31",
        "1.2.3.4/32",
        "10.0.0.128/25",
    ]


def test_states_with_both_widths_of_as_numbers(mrt: Any, decode: Any) -> None:
    reading = decode(mrt.state(6, 1, asn=4200000000) + mrt.state(1, 8, peer="2001:db8::5", asn=7, width=2))
    assert [(row.kind, row.peer, row.states, row.family) for row in reading.rows] == [
        (Kind.STATE, Peer("192.0.2.1", 4200000000), (6, 1), 0),
        (Kind.STATE, Peer("2001:db8::5", 7), (1, 8), 0),
    ]


@pytest.mark.parametrize(
    ("attributes", "family"),
    [("", 4), ("unreach-ipv6", 6), ("unreach-ipv4", 4)],
)
def test_end_of_rib(mrt: Any, decode: Any, attributes: str, family: int) -> None:
    block = {"": b"", "unreach-ipv6": mrt.unreach(()), "unreach-ipv4": mrt.unreach((), afi=1)}[attributes]
    (row,) = decode(mrt.bgp4mp(mrt.update((), block))).rows
    assert (row.kind, row.family) == (Kind.END_OF_RIB, family)


def test_attributes_without_any_prefix_are_no_end_of_rib(mrt: Any, decode: Any) -> None:
    data = mrt.bgp4mp(mrt.update((), mrt.path(1, 2))) + mrt.bgp4mp(mrt.update((), mrt.unreach((), safi=2)))
    assert decode(data).rows == []


def test_messages_that_are_no_updates_are_neither_elements_nor_skips(mrt: Any, decode: Any) -> None:
    reading = decode(b"".join(mrt.bgp4mp(mrt.message(kind, b"xyz")) for kind in (1, 3, 4, 5)))
    assert (reading.rows, reading.skipped, reading.records) == ([], [], 4)


def test_rib_entries_name_the_peers_of_the_index(mrt: Any, decode: Any) -> None:
    peers = [("192.0.2.1", 65001), ("2001:db8::7", 4200000000), ("192.0.2.3", 0)]
    block = mrt.path(65001, 131279, 131279)
    reading = decode(mrt.peer_table(peers) + mrt.rib("175.45.176.0/24", [(2, block), (1, block)]))
    assert [(row.kind, row.peer, row.upstream) for row in reading.rows] == [
        (Kind.ROUTE, Peer("192.0.2.3", 0), 65001),
        (Kind.ROUTE, Peer("2001:db8::7", 4200000000), 65001),
    ]
    assert reading.table_peers == [Peer(*peer) for peer in peers]


def test_table_dump_names_its_peers_by_its_routes(mrt: Any, decode: Any) -> None:
    block = mrt.path(9, 8, width=2)
    data = [mrt.table_dump("10.0.0.0/8", block, peer=f"192.0.2.{n}") for n in (1, 2, 1)]
    assert decode(b"".join(data)).table_peers == [Peer("192.0.2.1", 65001), Peer("192.0.2.2", 65001)]


def test_peers_stay_from_file_to_file_and_what_is_told_per_file_does_not(mrt: Any, decode: Any) -> None:
    from nightside.wire.decoder import Decoder

    decoder = Decoder()
    listed = decoder.peers
    first = decode(mrt.peer_table([("192.0.2.1", 1)]) + mrt.record(5, 1, b""), decoder=decoder)
    second = decode(mrt.state(1, 6, peer="192.0.2.2"), decoder=decoder)
    assert (len(first.skipped), first.records, len(first.table_peers)) == (1, 2, 1)
    assert (second.skipped, second.records, second.table_peers) == ([], 1, [])
    assert decoder.peers is listed
    assert listed == [Peer("192.0.2.1", 1), Peer("192.0.2.2", 65001)]
    third = decode(mrt.rib("10.0.0.0/8", [(0, b"")]), decoder=decoder)
    assert [skip.reason for skip in third.skipped] == ["RIB record before any peer index table"]


def segments(mrt: Any, *parts: tuple[int, tuple[int, ...]], width: int = 4) -> bytes:
    return b"".join(mrt.segment(kind, asns, width) for kind, asns in parts)


SET, SEQUENCE, CONFED_SEQUENCE, CONFED_SET = 1, 2, 3, 4


@pytest.mark.parametrize(
    ("parts", "path", "origin", "upstream", "flags"),
    [
        (((SEQUENCE, (1, 2, 3)),), [1, 2, 3], 3, 2, 0),
        (((SEQUENCE, (1, 2, 3, 3, 3)),), [1, 2, 3, 3, 3], 3, 2, 0),
        (((SEQUENCE, (3, 3)),), [3, 3], 3, None, FLAG_NO_UPSTREAM),
        (((SEQUENCE, (1, 0)),), [1, 0], 0, 1, 0),
        (((SEQUENCE, (0, 5)),), [0, 5], 5, 0, 0),
        (((SEQUENCE, (1, 2)), (SEQUENCE, (3,))), [1, 2, 3], 3, 2, 0),
        (((SEQUENCE, (1, 2)), (SET, (8, 9))), [1, 2, 8, 9], 8, 2, FLAG_ORIGIN_SET),
        (((SEQUENCE, (1, 8)), (SET, (8, 9))), [1, 8, 8, 9], 8, 1, FLAG_ORIGIN_SET),
        (((SEQUENCE, (1, 2)), (SET, (9,))), [1, 2, 9], 9, 2, 0),
        (((SET, (8, 9)),), [8, 9], 8, None, FLAG_ORIGIN_SET | FLAG_NO_UPSTREAM),
        (((CONFED_SEQUENCE, (64512,)), (SEQUENCE, (1, 2))), [1, 2], 2, 1, 0),
        (((SEQUENCE, (1, 2)), (CONFED_SET, (64512,))), [1, 2], 2, 1, 0),
        (((CONFED_SEQUENCE, (64512,)),), [], 65001, None, FLAG_NO_PATH | FLAG_NO_UPSTREAM),
        ((), [], 65001, None, FLAG_NO_PATH | FLAG_NO_UPSTREAM),
    ],
)
def test_origin_and_upstream(
    mrt: Any,
    decode: Any,
    parts: tuple[tuple[int, tuple[int, ...]], ...],
    path: list[int],
    origin: int,
    upstream: int | None,
    flags: int,
) -> None:
    block = mrt.attribute(2, segments(mrt, *parts))
    (row,) = decode(mrt.bgp4mp(mrt.update(("192.0.2.0/24",), block))).rows
    assert (row.path, row.origin, row.upstream, row.flags) == (path, origin, upstream, flags)


def test_announcement_without_as_path(mrt: Any, decode: Any) -> None:
    (row,) = decode(mrt.bgp4mp(mrt.update(("192.0.2.0/24",), mrt.attribute(1, b"\0")))).rows
    assert (row.path, row.origin, row.flags) == ([], 65001, FLAG_NO_PATH | FLAG_NO_UPSTREAM)


AS_TRANS = 23456
WIDE = 200000


def aggregator(asn: int, width: int) -> bytes:
    return asn.to_bytes(width, "big") + b"\x0a\0\0\1"


@pytest.mark.parametrize(
    ("as_path", "as4_path", "aggregators", "merged"),
    [
        # RFC 6793 section 4.2.3: as many leading ASes of AS_PATH as AS4_PATH is shorter.
        ([(SEQUENCE, (1, 2, AS_TRANS))], [(SEQUENCE, (WIDE,))], (), [1, 2, WIDE]),
        ([(SEQUENCE, (1, AS_TRANS, 5))], [(SEQUENCE, (1, WIDE, 5))], (), [1, WIDE, 5]),
        # A longer AS4_PATH is ignored.
        ([(SEQUENCE, (1, AS_TRANS))], [(SEQUENCE, (7, 8, WIDE))], (), [1, AS_TRANS]),
        # A set counts as one.
        ([(SEQUENCE, (1, 2)), (SET, (AS_TRANS, 9))], [(SET, (WIDE, 9))], (), [1, 2, WIDE, 9]),
        (
            [(SEQUENCE, (1, 2)), (SET, (5, 6)), (SEQUENCE, (AS_TRANS,))],
            [(SEQUENCE, (WIDE,))],
            (),
            [1, 2, 5, 6, WIDE],
        ),
        # Confederation segments do not count, and are discarded in AS4_PATH.
        (
            [(CONFED_SEQUENCE, (64512,)), (SEQUENCE, (1, AS_TRANS))],
            [(CONFED_SEQUENCE, (5,)), (SEQUENCE, (WIDE,))],
            (),
            [1, WIDE],
        ),
        # An aggregator that is not AS_TRANS knew better than both AS4 attributes.
        (
            [(SEQUENCE, (1, AS_TRANS))],
            [(SEQUENCE, (WIDE,))],
            (aggregator(701, 2), aggregator(WIDE, 4)),
            [1, AS_TRANS],
        ),
        (
            [(SEQUENCE, (1, AS_TRANS))],
            [(SEQUENCE, (WIDE,))],
            (aggregator(AS_TRANS, 2), aggregator(WIDE, 4)),
            [1, WIDE],
        ),
    ],
)
def test_as4_path_is_merged(
    mrt: Any, decode: Any, as_path: Any, as4_path: Any, aggregators: tuple[bytes, ...], merged: list[int]
) -> None:
    block = mrt.attribute(2, segments(mrt, *as_path, width=2)) + mrt.attribute(17, segments(mrt, *as4_path))
    block += b"".join(mrt.attribute(kind, value) for kind, value in zip((7, 18), aggregators, strict=False))
    data = mrt.bgp4mp(mrt.update(("192.0.2.0/24",), block), width=2) + mrt.table_dump("192.0.2.0/24", block)
    assert [row.path for row in decode(data).rows] == [merged, merged]


def test_as4_path_beside_four_byte_ases_is_discarded(mrt: Any, decode: Any) -> None:
    block = mrt.path(1, 2, 3) + mrt.attribute(17, mrt.segment(2, (9, 9, 9), 4))
    (row,) = decode(mrt.bgp4mp(mrt.update(("192.0.2.0/24",), block))).rows
    assert row.path == [1, 2, 3]


def test_the_first_of_two_equal_attributes_counts(mrt: Any, decode: Any) -> None:
    block = mrt.path(1, 2) + mrt.path(3, 4)
    (row,) = decode(mrt.bgp4mp(mrt.update(("192.0.2.0/24",), block))).rows
    assert row.path == [1, 2]


def test_a_message_longer_than_a_batch(mrt: Any, decode: Any) -> None:
    from nightside.wire.decoder import Decoder

    prefixes = [f"10.{i >> 8}.{i & 255}.0/24" for i in range(4000)]
    data = mrt.bgp4mp(mrt.update(prefixes, mrt.path(1, 2))) + mrt.bgp4mp(mrt.update(withdrawn=prefixes))
    reading = decode(data, decoder=Decoder(capacity=3))
    assert [row.prefix for row in reading.rows] == prefixes * 2
