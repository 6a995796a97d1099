"""Upstreams before, during and after: time-means over (known AS, network) pairs (DESIGN, contracts)."""

from __future__ import annotations

import pytest
from routing_world import HOME, T0, Seen, World

from nightside.signals.upstreams import UpstreamMeans, upstream_means

NET, OTHER = "175.45.176.0/24", "175.45.177.0/24"
WINDOWS = [(T0, T0 + 1000), (T0 + 1000, T0 + 2000), (T0 + 2000, T0 + 3000)]


def means(seen: Seen, networks: list[str] | None = None, *, by_border: bool = True) -> UpstreamMeans:
    return upstream_means(
        seen.history,
        [seen.id(n) for n in (networks or [NET])],
        seen.ways,
        baseline_at=T0 + 999,
        windows=WINDOWS,
        by_border=by_border,
    )


def via(upstream: int, peer: int = 100) -> tuple[int, ...]:
    return (peer, upstream, HOME)


def test_before_is_a_mean_over_the_time_before() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: {NET: via(4837)}, b: {NET: via(20485)}})
    rrc.announce(T0 + 500, b, NET, path=via(4837))
    found = means(world.seen(T0 + 3000))
    # 4837: one pair throughout, one for the second half.
    assert found.shares[4837] == [pytest.approx(0.75), 1.0, 1.0]
    assert found.shares[20485] == [pytest.approx(0.25), 0, 0]
    assert found.pairs == 2


def test_during_is_what_is_left() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: {NET: via(4837), OTHER: via(4837)}, b: {NET: via(4837), OTHER: via(20485)}})
    rrc.withdraw(T0 + 1000, a, NET, OTHER)
    rrc.withdraw(T0 + 1500, b, NET)
    rrc.announce(T0 + 2000, a, NET, OTHER, path=via(20485))
    found = means(world.seen(T0 + 3000), [NET, OTHER])
    # Four pairs. During: b's NET by 4837 for half of the time, b's OTHER by 20485 throughout.
    assert found.shares[4837] == pytest.approx([0.75, 0.125, 0])
    assert found.shares[20485] == pytest.approx([0.25, 0.25, 0.75])


def test_unknown_time_counts_neither_for_nor_against() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: {NET: via(4837)}, b: {NET: via(20485)}})
    rrc.down(T0 + 1000, b)
    found = means(world.seen(T0 + 3000))
    assert found.shares[4837] == [0.5, 1.0, 1.0]


def test_the_first_beside_the_origin_prepending_removed() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: {NET: (100, 4837, HOME, HOME, HOME)}})
    for by_border in (True, False):
        assert means(world.seen(T0 + 3000), by_border=by_border).shares == {4837: [1.0, 1.0, 1.0]}


def test_the_border_of_a_country_lies_behind_its_own_ases() -> None:
    inside = 65001
    world = World(asn_country={HOME: 1, inside: 1})
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: {NET: (100, 3356, 4837, inside, inside, HOME)}})
    seen = world.seen(T0 + 3000)
    assert means(seen, by_border=True).shares == {4837: [1.0, 1.0, 1.0]}
    assert means(seen, by_border=False).shares == {inside: [1.0, 1.0, 1.0]}


def test_a_foreign_origin_is_the_border_itself() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: {NET: (100, 3356, 6453)}})
    assert means(world.seen(T0 + 3000)).shares == {6453: [1.0, 1.0, 1.0]}


def test_an_as_with_two_sessions_is_one_pair() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b, c = rrc.peer(100), rrc.peer(100, "192.0.2.9"), rrc.peer(101)
    rrc.table(T0, {a: {NET: via(4837)}, b: {NET: via(4837)}, c: {NET: via(20485)}})
    rrc.withdraw(T0 + 1000, a, NET)
    found = means(world.seen(T0 + 3000))
    assert found.pairs == 2
    assert found.shares[4837] == [0.5, 0.5, 0.5]


def test_who_had_no_route_before_is_no_pair_of_the_baseline() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: {NET: via(4837), OTHER: None}, b: {OTHER: None}})
    rrc.announce(T0 + 1500, b, NET, path=via(20485))
    found = means(world.seen(T0 + 3000))
    assert found.pairs == 1
    assert found.shares == {4837: [1.0, 1.0, 1.0]}


def test_a_window_without_time_is_unknown() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: {NET: via(4837)}})
    seen = world.seen(T0 + 2000)
    assert means(seen).shares == {4837: [1.0, 1.0, None]}


def test_origins_of_the_baseline_in_order() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: {NET: (100, 4837, HOME)}, b: {NET: (101, 4837, 0)}})
    rrc.announce(T0 + 1200, a, NET, path=(100, 4837, 77))
    seen = world.seen(T0 + 3000)
    assert means(seen).origins == {seen.id(NET): [0, HOME]}
