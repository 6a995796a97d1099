"""Numbers of single collectors to numbers of all: the same as if all were read into one index, one after the other."""

from __future__ import annotations

import ipaddress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.renumbering import Numbering, Numbers
from nightside.routing.ways import NO_ASN

Way = tuple[int, int, int]

ASNS = st.sampled_from([0, 1, 4837, 65_536, 2**31, NO_ASN - 1, NO_ASN])
PREFIXES = st.one_of(
    st.tuples(st.integers(0, 5), st.integers(20, 24)).map(lambda p: f"10.{p[0]}.0.0/{p[1]}"),
    st.integers(0, 5).map(lambda n: f"2001:db8:{n + 1:x}::/48"),
)
COLLECTOR = st.tuples(
    st.lists(PREFIXES, unique=True, max_size=12),
    st.lists(st.tuples(ASNS, ASNS, ASNS), unique=True, max_size=12),
)


def index_of(texts: list[str]) -> PrefixIndex:
    index = PrefixIndex()
    nets = [ipaddress.ip_network(t) for t in texts]
    addresses = [int(n.network_address) << (96 if n.version == 4 else 0) for n in nets]
    index.intern_batch(
        np.array([a >> 64 for a in addresses], np.uint64),
        np.array([a & (2**64 - 1) for a in addresses], np.uint64),
        np.array([n.prefixlen for n in nets], np.uint8),
        np.array([n.version for n in nets], np.uint8),
        len(nets),
        np.empty(len(nets), np.uint32),
    )
    return index


def table_of(ways: list[Way]) -> WayTable:
    """Behind way 0, no route, which looks like a way of which nothing is known."""
    columns = np.array([(NO_ASN, NO_ASN, NO_ASN), *ways], np.uint32).T
    return WayTable(*columns)


@given(st.lists(COLLECTOR, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_numbers_are_those_of_first_appearance(collectors: list[tuple[list[str], list[Way]]]) -> None:
    numbering = Numbering()
    prefix_of: dict[str, int] = {}
    way_of: dict[Way, int] = {}
    for place, (prefixes, ways) in enumerate(collectors):
        numbers = numbering.add(index_of(prefixes), table_of(ways))
        assert numbers.prefix.tolist() == [prefix_of.setdefault(p, len(prefix_of)) for p in prefixes]
        assert numbers.way.tolist() == [0] + [way_of.setdefault(w, len(way_of) + 1) for w in ways]
        assert numbers.same or place > 0
    assert [numbering.prefixes.text(i) for i in range(numbering.prefixes.count)] == list(prefix_of)
    table = numbering.ways()
    named = list(zip(table.origin.tolist(), table.upstream.tolist(), table.border.tolist(), strict=True))
    assert named == [(NO_ASN, NO_ASN, NO_ASN), *way_of]


@given(st.permutations(range(8)), st.lists(st.integers(0, 5), max_size=8))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_row_holds_the_same_ways_for_the_same_prefixes(order: list[int], held: list[int]) -> None:
    prefix, way = np.array(order, np.uint32), np.array([0, 9, 3, 4, 8, 1], np.uint32)
    row = Numbers(prefix, way, False).row(np.array(held, np.uint32))
    shared = {order[own]: int(way[w]) for own, w in enumerate(held)}
    assert row.tolist() == [shared.get(p, 0) for p in range(max(order[: len(held)], default=-1) + 1)]


def test_what_events_say_of_sessions_is_no_number_of_a_prefix_or_way() -> None:
    kind = np.array([EVENT_KINDS[k] for k in ("FLIP", "KNOWN", "GAP_END", "LOAD", "FLIP")], np.uint8)
    prefix = np.array([0, 4, 6, 4, 1], np.uint32)
    way = np.array([1, 0, 1_419_206_400, 0, 0], np.uint32)
    numbers = Numbers(np.array([7, 5], np.uint32), np.array([0, 2], np.uint32), False)
    assert [column.tolist() for column in numbers.events(kind, prefix, way)] == [
        [7, 4, 6, 4, 5],
        [2, 0, 1_419_206_400, 0, 0],
    ]
