"""Sessions with several paths to a prefix (ADD-PATH, RFC 7911), and without: what is held is what a dict says."""

from __future__ import annotations

import pickle
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_world import HOME, T0, Element, columns

from nightside.model.elements import FLAG_LOCAL, FLAG_PATH_ID, Kind
from nightside.routing.missed import as_it_stood
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex

PREFIXES = ["10.0.0.0/24", "10.0.1.0/24", "2001:db8::/32"]
PEERS = 3
IDS = [None, 0, 1, 2, 4294967295]
"""None: an element without a path identifier."""

Paths = dict[int | None, int]


class Model:
    """By peer and prefix the upstream of each path, the newest announced last."""

    def __init__(self) -> None:
        self.held: dict[tuple[int, str], Paths] = {}

    def announce(self, peer: int, prefix: str, path_id: int | None, upstream: int) -> None:
        paths = self.held.setdefault((peer, prefix), {})
        if path_id is None:
            paths.clear()
        paths.pop(None, None)
        paths.pop(path_id, None)
        paths[path_id] = upstream

    def withdraw(self, peer: int, prefix: str, path_id: int | None) -> None:
        paths = self.held.setdefault((peer, prefix), {})
        if path_id is None:
            paths.clear()
        paths.pop(None, None)
        paths.pop(path_id, None)

    def forget(self, peer: int) -> None:
        self.held = {key: paths for key, paths in self.held.items() if key[0] != peer}

    def upstream(self, peer: int, prefix: str) -> int:
        return [0, *self.held.get((peer, prefix), {}).values()][-1]


class Held:
    """The table under test."""

    def __init__(self) -> None:
        self.prefixes = PrefixIndex()
        self.ways = WayIndex(np.array([HOME], np.uint32), np.array([1], np.uint16))
        self.table = CollectorTable(self.prefixes, self.ways)

    def batch(self, told: list[tuple[Element, int | None]], local: bool = False) -> tuple[Any, Any]:
        batch = columns([element for element, _id in told])
        batch.path_id = np.array([path_id or 0 for _element, path_id in told], np.uint32)
        batch.flags |= np.array([0 if i is None else FLAG_PATH_ID for _element, i in told], np.uint8)
        if local:
            batch.flags |= np.uint8(FLAG_LOCAL)
        ids = np.empty(batch.count, np.uint32)
        parts = (batch.prefix_hi, batch.prefix_lo, batch.prefix_len, batch.family)
        self.prefixes.intern_batch(*parts, batch.count, ids)
        return batch, ids

    def apply(self, told: list[tuple[Element, int | None]], local: bool = False) -> None:
        batch, ids = self.batch(told, local)
        self.table.apply(batch, ids, np.zeros(self.prefixes.count, np.uint16), PEERS, 0, 2**32 - 1)

    def again(self) -> None:
        """The same from what was saved."""
        self.prefixes, self.ways, self.table = pickle.loads(
            pickle.dumps((self.prefixes, self.ways, self.table), 5)
        )

    def upstream(self, peer: int, prefix: str) -> int:
        where = columns([Element(0, Kind.WITHDRAW, 0, prefix)])
        number = self.prefixes.find(
            int(where.prefix_hi[0]), int(where.prefix_lo[0]), int(where.prefix_len[0]), int(where.family[0])
        )
        if number is None:
            return 0
        way = int(self.table.routes(peer, np.array([number], np.uint32))[0])
        return int(self.ways.columns()[1][way]) if way else 0


def assert_same(held: Held, model: Model) -> None:
    for peer in range(PEERS):
        for prefix in PREFIXES:
            assert held.upstream(peer, prefix) == model.upstream(peer, prefix), (peer, prefix)
        for family in (4, 6):
            routes = [model.upstream(peer, p) for p in PREFIXES if (":" in p) == (family == 6)]
            assert held.table.held_routes(peer, family) == sum(r > 0 for r in routes)


def path(upstream: int) -> tuple[int, ...]:
    return (100, upstream, HOME)


def play(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    held, model, clock = Held(), Model(), T0
    used = chance.choice([IDS, IDS[1:], [None]])

    def announcement(kind: Kind, at: int, peer: int, prefix: str) -> tuple[Element, int | None]:
        path_id, upstream = chance.choice(used), chance.randrange(1, 5)
        model.announce(peer, prefix, path_id, upstream)
        return Element(at, kind, peer, prefix, path(upstream)), path_id

    def table() -> None:
        nonlocal clock
        clock += 300
        told = []
        for peer in range(PEERS):
            model.forget(peer)
            for prefix in PREFIXES:
                told += [announcement(Kind.ROUTE, clock, peer, prefix) for _ in range(chance.randint(1, 3))]
        # By prefix and peer, as tables are; each prefix's own order stays.
        held.apply(sorted(told, key=lambda t: str(t[0].prefix)))
        held.table.table_done(False)
        clock += 300
        held.table.come(clock)

    table()
    for _ in range(steps):
        clock += chance.choice([0, 0, 1, 7])
        what, peer, prefix = chance.random(), chance.randrange(PEERS), chance.choice(PREFIXES)
        if what < 0.45:
            held.apply([announcement(Kind.ANNOUNCE, clock, peer, prefix)])
        elif what < 0.8:
            path_id = chance.choice(used)
            model.withdraw(peer, prefix, path_id)
            held.apply([(Element(clock, Kind.WITHDRAW, peer, prefix), path_id)])
        elif what < 0.87:
            held.apply([(Element(clock, Kind.ANNOUNCE, peer, prefix, path(9)), 1)], local=True)
            held.apply([(Element(clock, Kind.WITHDRAW, peer, prefix), None)], local=True)
            held.apply([(Element(clock, Kind.STATE, peer, new_state=1), None)], local=True)
        elif what < 0.93:
            model.forget(peer)
            told: list[tuple[Element, int | None]] = [
                (Element(clock, Kind.STATE, peer, new_state=1), None),
                (Element(clock, Kind.STATE, peer, new_state=6), None),
            ]
            told += [announcement(Kind.ANNOUNCE, clock + 1, peer, chance.choice(PREFIXES)) for _ in range(3)]
            clock += 2
            told += [(Element(clock, Kind.END_OF_RIB, peer, family=f), None) for f in (4, 6)]
            held.apply(told)
        elif what < 0.97:
            table()
        else:
            held.again()
        assert_same(held, model)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_held_is_what_a_dict_says(seed: int) -> None:
    play(seed, 150)


@given(st.integers(100, 10**9), st.integers(1, 60))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_held_is_what_a_dict_says_for_any_seed(seed: int, steps: int) -> None:
    play(seed, steps)


@pytest.mark.parametrize("seed", range(20))
def test_a_gap_that_is_filled_ends_as_if_there_had_been_none(seed: int) -> None:
    chance = random.Random(seed)
    whole, filled, model = Held(), Held(), Model()
    start = [
        (Element(T0, Kind.ROUTE, peer, prefix, path(1)), 1) for peer in range(PEERS) for prefix in PREFIXES
    ]
    for peer in range(PEERS):
        for prefix in PREFIXES:
            model.announce(peer, prefix, 1, 1)
    for held in (whole, filled):
        held.apply(start)
        held.table.table_done(False)
        held.table.come(T0 + 200)
    told: list[tuple[Element, int | None]] = []
    for second in range(40):
        peer, prefix, path_id = chance.randrange(PEERS), chance.choice(PREFIXES), chance.choice(IDS)
        if chance.random() < 0.5:
            upstream = chance.randrange(1, 5)
            model.announce(peer, prefix, path_id, upstream)
            told.append((Element(T0 + 300 + second, Kind.ANNOUNCE, peer, prefix, path(upstream)), path_id))
        else:
            model.withdraw(peer, prefix, path_id)
            told.append((Element(T0 + 300 + second, Kind.WITHDRAW, peer, prefix), path_id))
    whole.apply(told)
    filled.table.lost(T0 + 250)
    filled.table.back(T0 + 400)
    batch, ids = filled.batch(told)
    part, anew, _gone = as_it_stood(batch, ids, np.zeros(0, np.uint64), PEERS)
    country = np.zeros(filled.prefixes.count, np.uint16)
    assert filled.table.fill(part, ids[part.rows], country, T0 + 400, anew, np.zeros(0, np.uint64))
    assert_same(whole, model)
    assert_same(filled, model)


def test_identifiers_that_are_never_used_again() -> None:
    held = Held()
    held.apply([(Element(T0, Kind.ROUTE, 0, p, path(1)), 1) for p in PREFIXES])
    held.table.table_done(False)
    for i in range(5000):
        held.apply([(Element(T0 + 300, Kind.ANNOUNCE, 0, PREFIXES[0], path(2)), 10 + i)])
        assert held.upstream(0, PREFIXES[0]) == 2
        held.apply([(Element(T0 + 300, Kind.WITHDRAW, 0, PREFIXES[0]), 10 + i)])
        assert held.upstream(0, PREFIXES[0]) == 1


@pytest.mark.parametrize("peers", [10, 62, 63, 200])
def test_any_number_of_ways_to_one_prefix(peers: int) -> None:
    chance = random.Random(peers)
    held = Held()
    want: dict[int, int] = {}

    def apply(told: list[Element]) -> None:
        batch, ids = held.batch([(element, None) for element in told])
        held.table.apply(batch, ids, np.zeros(held.prefixes.count, np.uint16), peers, 0, 2**32 - 1)

    for round_ in range(12):
        if round_ % 4 == 0:
            want = {peer: 1000 + chance.randrange(3 * peers) for peer in range(peers)}
            at = T0 + 1000 * round_
            apply([Element(at, Kind.ROUTE, peer, PREFIXES[0], path(up)) for peer, up in want.items()])
            held.table.table_done(False)
            held.table.come(at + 500)
        told = []
        for _ in range(3 * peers):
            peer, at = chance.randrange(peers), T0 + 1000 * round_ + 600
            if chance.random() < 0.2:
                want.pop(peer, None)
                told.append(Element(at, Kind.WITHDRAW, peer, PREFIXES[0]))
            else:
                want[peer] = 1000 + chance.randrange(3 * peers) + 1000 * round_
                told.append(Element(at, Kind.ANNOUNCE, peer, PREFIXES[0], path(want[peer])))
        apply(told)
        if round_ % 3 == 2:
            held.again()
        assert [held.upstream(peer, PREFIXES[0]) for peer in range(peers)] == [
            want.get(peer, 0) for peer in range(peers)
        ]
