"""Any sequence of elements, states, gaps and tables: no crash, and the counts are those of counting from scratch."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_world import HOME, T0, Collector, Seen, World
from slow_votes import slow_sight

from nightside.routing.log import EVENT_KINDS

PREFIXES = [
    "175.45.176.0/22",
    "175.45.176.0/23",
    "175.45.176.0/24",
    "175.45.177.0/24",
    "175.45.178.0/24",
    "175.45.179.0/24",
    "175.45.179.128/25",
    "172.0.0.0/7",
    "10.0.0.0/22",
    "10.0.4.0/24",
]
PATHS = [(4837, HOME), (20485, HOME), (4837, 64999), (4837, 0)]


def tell(random_: random.Random, collector: Collector, clock: int, steps: int) -> int:
    """Let a collector hear anything at all, from `clock` on; returns when it stops."""
    peers = range(len(collector.peers))

    def some_routes() -> dict[str, tuple[int, ...]]:
        share = random_.choice([0.0, 0.5, 0.9, 1.0])
        return {p: random_.choice(PATHS) for p in PREFIXES if random_.random() <= share}

    for _ in range(steps):
        clock += random_.choice([0, 0, 0, 1, 1, 2, 5, 29, 30, 31, 61, 600])
        peer = random_.choice(peers)
        what = random_.random()
        if what < 0.35:
            collector.announce(clock, peer, random_.choice(PREFIXES), path=random_.choice(PATHS))
        elif what < 0.55:
            collector.withdraw(clock, peer, random_.choice(PREFIXES))
        elif what < 0.62:
            collector.down(clock, peer)
        elif what < 0.69:
            collector.up(clock, peer)
        elif what < 0.76:
            for prefix, path in some_routes().items():
                collector.announce(clock + random_.choice([0, 0, 1]), peer, prefix, path=path)
        elif what < 0.80:
            collector.end_of_rib(clock, peer, random_.choice([4, 4, 6]))
        elif what < 0.85:
            span = random_.choice([1, 10, 300, 900])
            collector.gap(clock, clock + span)
            if random_.random() < 0.3:
                routes = {p: some_routes() for p in peers if random_.random() < 0.8}
                collector.table(clock + random_.randrange(span), routes)
            clock += span
        elif what < 0.93:
            routes = {p: some_routes() for p in peers if random_.random() < 0.8}
            last = clock + random_.choice([0, 0, 3, 120])
            collector.table(clock, routes, until=last, truncated=random_.random() < 0.2)
        elif what < 0.95:
            clock += random_.choice([3600, 40000])
        else:
            collector.announce(clock - random_.randrange(1, 90), peer, random_.choice(PREFIXES))
    return clock


def make_world(seed: int, steps: int) -> tuple[World, int]:
    random_ = random.Random(seed)
    world = World(asn_country={HOME: 1, 4837: 2, 64999: 2})
    clock = T0
    for name in ("rrc00", "rrc01", "rrc02")[: random_.randint(1, 3)]:
        collector = world.collector(name)
        collector.batch = random_.choice([1, 3, 1 << 20])
        for i in range(random_.randint(1, 4)):
            collector.peer(random_.choice([100, 101, 102, 103, 104]), f"192.0.2.{i}")
        if random_.random() < 0.8:
            collector.table(T0, dict.fromkeys(range(len(collector.peers)), PREFIXES))
        clock = max(clock, tell(random_, collector, T0, steps))
    return world, clock + random_.choice([121, 200])


def assert_same(world: World, end: int) -> Seen:
    """The fast rooms and the slow count agree on every second."""
    seen = world.seen(end)
    if seen.observation is None:
        return seen
    slow = slow_sight(world, end, seen.saw.start)
    names = [seen.prefixes.text(i) for i in range(seen.prefixes.count)]
    start = seen.saw.start
    visible = {names[i] for i in np.flatnonzero(seen.saw.visible)}
    units = set(np.flatnonzero(seen.saw.reachable).tolist())
    changes = [
        (int(s), c, n, d)
        for c, column in ((0, seen.saw.prefixes), (1, seen.saw.units))
        for s, n, d in zip(
            column.second.tolist(), column.number.tolist(), column.change.tolist(), strict=True
        )
    ]
    changes.sort(key=lambda c: c[0])
    at = 0
    for second in sorted(s for s in slow if s >= start):
        while at < len(changes) and changes[at][0] <= second:
            _s, which, number, change = changes[at]
            held, item = (visible, names[number]) if which == 0 else (units, number)
            (held.add if change > 0 else held.discard)(item)  # type: ignore[arg-type]
            at += 1
        want, view = slow[second], seen.view(second)
        told = (view.known, view.expected, view.unknown)
        assert told == (want.known, want.expected, want.unknown), f"view at T0+{second - T0}"
        assert visible == want.visible, f"visible at T0+{second - T0}"
        assert units == want.units, f"units at T0+{second - T0}"
    assert at == len(changes)
    return seen


def assert_log_ends_as_held(seen: Seen) -> None:
    """Whoever plays a collector's log ends with the routes that its sessions hold."""
    session_kinds = {v for k, v in EVENT_KINDS.items() if k in ("FLIP", "TRANSFER_FLIP", "TABLE_FLIP")}
    ids = np.arange(seen.prefixes.count, dtype=np.uint32)
    for table, log in zip(seen.tables, seen.logs, strict=True):
        held: dict[int, dict[int, int]] = {p: {} for p in range(table.n_peers)}
        columns = (log.kind, log.session, log.prefix, log.way)
        for kind, session, prefix, way in zip(*(c.tolist() for c in columns), strict=True):
            if kind in session_kinds:
                held[session][prefix] = way
            elif kind == EVENT_KINDS["LOAD"]:
                load = log.loads[way]
                held[session] = dict(enumerate(load.tolist()))
        for peer, routes in held.items():
            if table.standing(peer, 4) == "known":
                want = {int(i): int(w) for i, w in zip(ids, table.routes(peer, ids), strict=True) if w}
                assert {i: w for i, w in routes.items() if w} == want


@pytest.mark.parametrize("seed", range(30))
def test_counts_equal_counting_from_scratch(seed: int) -> None:
    world, end = make_world(seed, 60)
    assert_log_ends_as_held(assert_same(world, end))


@given(st.integers(1000, 10**9), st.integers(1, 40))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_counts_equal_counting_from_scratch_for_any_seed(seed: int, steps: int) -> None:
    world, end = make_world(seed, steps)
    assert_log_ends_as_held(assert_same(world, end))
