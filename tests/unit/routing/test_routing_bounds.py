"""Batches that are odd: what lies out of bounds is refused or counted, and sizes of nothing are fine."""

from __future__ import annotations

import numpy as np
import pytest
from routing_world import HOME, T0, Element, columns

from nightside.model.elements import Kind
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import NO_ASN, WayIndex

NET = "175.45.176.0/24"
PATH = (100, 4837, HOME)


class Bench:
    """A collector's table, fed by hand."""

    def __init__(self) -> None:
        self.prefixes = PrefixIndex()
        self.ways = WayIndex(np.array([HOME], np.uint32), np.array([1], np.uint16))
        self.table = CollectorTable(self.prefixes, self.ways)

    def apply(self, *elements: Element, peers: int = 1, earliest: int = 0, latest: int = 2**32 - 1) -> None:
        batch = columns(elements)
        ids = np.empty(batch.count, np.uint32)
        parts = (batch.prefix_hi, batch.prefix_lo, batch.prefix_len, batch.family)
        self.prefixes.intern_batch(*parts, batch.count, ids)
        country = np.zeros(self.prefixes.count, np.uint16)
        self.table.apply(batch, ids, country, peers, earliest, latest)

    def routes(self, peer: int = 0) -> list[int]:
        return self.table.routes(peer, np.arange(self.prefixes.count, dtype=np.uint32)).tolist()


def announce(second: float, prefix: str = NET, peer: int = 0) -> Element:
    return Element(second, Kind.ANNOUNCE, peer, prefix, PATH)


def test_elements_out_of_time_are_counted_and_left_out() -> None:
    bench = Bench()
    bench.apply(
        announce(T0 - 1), announce(T0), announce(T0 + 100), announce(T0 + 101, "10.0.0.0/8"),
        earliest=T0, latest=T0 + 100,
    )  # fmt: skip
    assert bench.table.out_of_time == 2
    assert bench.routes() == [1, 0]
    assert bench.table.log.columns()[0].tolist() == [T0]


def test_an_update_dated_in_the_future_does_not_make_the_table_forget_the_recent_ones() -> None:
    bench = Bench()
    bench.apply(Element(T0, Kind.ROUTE, 0, NET, PATH))
    bench.table.table_done(False)
    bench.apply(Element(T0 + 7990, Kind.WITHDRAW, 0, NET))
    bench.apply(announce(T0 + 10**6, "10.0.0.0/8"), earliest=0, latest=T0 + 9000)
    bench.apply(Element(T0 + 8000, Kind.ROUTE, 0, NET, PATH))
    bench.table.table_done(False)
    bench.table.close(T0 + 9000)
    assert bench.routes()[0] == 0


@pytest.mark.parametrize("kind", [Kind.ANNOUNCE, Kind.WITHDRAW, Kind.ROUTE, Kind.STATE, Kind.END_OF_RIB])
def test_a_peer_that_is_not_there_is_refused(kind: Kind) -> None:
    with pytest.raises(IndexError):
        Bench().apply(Element(T0, kind, 3, NET, PATH), peers=3)


@pytest.mark.parametrize("kind", [Kind.ANNOUNCE, Kind.WITHDRAW, Kind.ROUTE])
def test_a_prefix_number_that_is_not_there_is_refused(kind: Kind) -> None:
    bench = Bench()
    batch = columns([Element(T0, kind, 0, NET, PATH)])
    for number in (0, 5, 2**32 - 1):
        with pytest.raises(IndexError):
            bench.table.apply(batch, np.array([number], np.uint32), np.zeros(10, np.uint16), 1, 0, 2**32 - 1)


def test_a_path_that_ends_behind_the_paths_is_refused() -> None:
    bench = Bench()
    batch = columns([announce(T0)])
    batch.path_count[0] = 60000
    ids = np.empty(1, np.uint32)
    bench.prefixes.intern_batch(batch.prefix_hi, batch.prefix_lo, batch.prefix_len, batch.family, 1, ids)
    with pytest.raises(IndexError):
        bench.table.apply(batch, ids, np.ones(1, np.uint16), 1, 0, 2**32 - 1)


def test_fewer_prefix_numbers_than_elements_are_refused() -> None:
    bench = Bench()
    with pytest.raises(IndexError):
        bench.table.apply(
            columns([announce(T0)]), np.empty(0, np.uint32), np.ones(1, np.uint16), 1, 0, 2**32 - 1
        )


def test_a_batch_without_elements_or_paths() -> None:
    bench = Bench()
    bench.apply()
    bench.apply(Element(T0, Kind.STATE, 0, new_state=6), Element(T0 + 1, Kind.WITHDRAW, 0, NET))
    bench.table.close(T0 + 10)
    assert bench.routes() == [0]


def test_asking_for_a_peer_that_is_not_there_is_refused() -> None:
    table = Bench().table
    for question in (lambda: table.held_routes(0, 4), lambda: table.standing(0, 4)):
        with pytest.raises(IndexError):
            question()
    with pytest.raises(IndexError):
        table.routes(0, np.zeros(1, np.uint32))


def test_asking_for_prefixes_behind_the_row() -> None:
    bench = Bench()
    bench.apply(announce(T0))
    assert bench.table.routes(0, np.array([0, 10**6, 2**32 - 1], np.uint32)).tolist() == [1, 0, 0]


def test_peers_may_become_more_and_more() -> None:
    bench = Bench()
    for n in range(1, 300):
        bench.apply(announce(T0 + n, peer=n - 1), peers=n)
        bench.apply(Element(T0 + n, Kind.ROUTE, n - 1, "10.0.0.0/8", PATH), peers=n)
    bench.table.table_done(False)
    bench.table.close(T0 + 1000)
    assert [bench.table.held_routes(p, 4) for p in range(299)] == [2] * 299


def test_rows_grow_over_many_prefixes() -> None:
    bench = Bench()
    prefixes = [f"{10 + n // 65536}.{n // 256 % 256}.{n % 256}.0/24" for n in range(5000)]
    for start in range(0, 5000, 700):
        bench.apply(*(announce(T0 + start, p) for p in prefixes[start : start + 700]))
    assert bench.table.held_routes(0, 4) == 5000
    assert bench.routes() == [1] * 5000


def test_ways_are_origin_upstream_border() -> None:
    bench = Bench()
    bench.apply(
        announce(T0),
        Element(T0, Kind.ANNOUNCE, 0, "10.0.0.0/8", (HOME,)),
        Element(T0, Kind.ANNOUNCE, 0, "11.0.0.0/8", (NO_ASN, NO_ASN)),
        Element(T0, Kind.ANNOUNCE, 0, "12.0.0.0/8", (7, 0)),
    )
    origin, upstream, border = bench.ways.columns()
    assert origin.tolist() == [NO_ASN, HOME, HOME, NO_ASN, 0]
    assert upstream.tolist() == [NO_ASN, 4837, NO_ASN, NO_ASN, 7]
    assert border.tolist() == [NO_ASN, 4837, NO_ASN, NO_ASN, 7]


def test_prefixes_keep_their_numbers_and_text() -> None:
    index = PrefixIndex()
    texts = ["0.0.0.0/0", "::/0", NET, "175.45.176.0/25", "2001:db8::/32", "::/1", "2001:db8::1/128"]
    batch = columns([announce(T0, t) for t in texts + texts])
    ids = np.empty(len(texts) * 2, np.uint32)
    parts = (batch.prefix_hi, batch.prefix_lo, batch.prefix_len, batch.family)
    index.intern_batch(*parts, len(ids), ids)
    assert ids.tolist() == [*range(7), *range(7)]
    assert [index.text(i) for i in range(7)] == texts
    assert index.find(0, 0, 1, 4) is None
    with pytest.raises(IndexError):
        index.text(7)
