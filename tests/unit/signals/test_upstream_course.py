"""The course of upstream shares, against counts done by hand."""

from __future__ import annotations

import pytest
from routing_world import HOME, T0, World

from nightside.signals.upstream_course import PairCounts, thinned
from nightside.signals.upstreams import upstream_means

NET, OTHER = "175.45.176.0/24", "175.45.177.0/24"


def via(upstream: int, peer: int = 100) -> tuple[int, ...]:
    return (peer, upstream, HOME)


def counts() -> PairCounts:
    """Two ASes, two networks, four pairs, as test_signal_upstreams has them; then b goes out of sight."""
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: {NET: via(4837), OTHER: via(4837)}, b: {NET: via(4837), OTHER: via(20485)}})
    rrc.withdraw(T0 + 1000, a, NET, OTHER)
    rrc.withdraw(T0 + 1500, b, NET)
    rrc.announce(T0 + 2000, a, NET, OTHER, path=via(20485))
    rrc.down(T0 + 2500, b)
    seen = world.seen(T0 + 3000)
    return upstream_means(
        seen.history,
        [seen.id(NET), seen.id(OTHER)],
        seen.ways,
        baseline_at=T0 + 999,
        windows=[(T0, T0 + 1000), (T0 + 1000, T0 + 2000), (T0 + 2000, T0 + 3000)],
        by_border=True,
    ).counts


def test_shares_step_where_routes_change() -> None:
    found = counts()
    assert found.course([4837], T0, T0 + 3000) == [
        (T0, 0.75), (T0 + 1000, 0.25), (T0 + 1500, 0.0),
    ]  # fmt: skip
    # From 2500 on two pairs are known, both through 20485.
    assert found.course([20485], T0, T0 + 3000) == [(T0, 0.25), (T0 + 2000, 0.75), (T0 + 2500, 1.0)]
    assert found.course([4837, 20485], T0, T0 + 3000) == [
        (T0, 1.0), (T0 + 1000, 0.5), (T0 + 1500, 0.25), (T0 + 2000, 0.75), (T0 + 2500, 1.0),
    ]  # fmt: skip


def test_the_first_step_stands_at_the_begin_and_none_at_the_end() -> None:
    found = counts()
    assert found.course([4837], T0 + 1200, T0 + 1500) == [(T0 + 1200, 0.25)]
    assert found.course([4837], T0 + 1000, T0 + 1501) == [(T0 + 1000, 0.25), (T0 + 1500, 0.0)]
    assert found.course([9999], T0, T0 + 3000) == [(T0, 0.0)]


def test_where_nobody_is_known_there_is_no_share() -> None:
    found = PairCounts()
    found.add(4837, 100, 200)
    found.add(None, 300, 400)
    assert found.course([4837], 50, 500) == [(50, None), (100, 1.0), (200, None), (300, 0.0), (400, None)]
    assert PairCounts().course([4837], 50, 500) == [(50, None)]


def test_very_many_steps_become_means_over_equal_parts() -> None:
    # 0, 1, 0, 1, … each for 10 s: every part of 20 s has the mean one half.
    swinging = [(10 * i, float(i % 2)) for i in range(200)]
    assert thinned(swinging, 0, 2000, 100) == [(0, 0.5)]
    # One known second of a share of 1 beside unknown time is a mean of 1, not of less.
    rare = [(0, None), (1, 1.0), (2, None), (3, None), (4, 0.0)]
    assert thinned(rare, 0, 6, 2) == [(0, 1.0), (3, 0.0)]
    assert thinned(rare, 0, 6, 5) == rare


@pytest.mark.parametrize("most", [1, 7, 50])
def test_thinning_keeps_the_mean(most: int) -> None:
    steps = [(i * i, (i % 5) / 4) for i in range(100)]
    ends = [t for t, _ in steps[1:]] + [10_000]
    whole = sum(v * (b - a) for (a, v), b in zip(steps, ends, strict=True))
    thin = thinned(steps, 0, 10_000, most)
    assert len(thin) <= most
    ends = [t for t, _ in thin[1:]] + [10_000]
    assert sum((v or 0) * (b - a) for (a, v), b in zip(thin, ends, strict=True)) == pytest.approx(whole)


def test_a_second_upstream_for_three_of_four_networks_shows_in_its_second() -> None:
    """Of 2 * 4 pairs three move with the first AS and three with the second, which is 90 seconds later."""
    four = [f"175.45.{n}.0/24" for n in range(176, 180)]
    three = [four[0], *four[2:]]
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: dict.fromkeys(four, via(4837)), b: dict.fromkeys(four, via(4837, 101))})
    rrc.announce(T0 + 471, a, *three, path=via(20485))
    rrc.announce(T0 + 561, b, *three, path=via(20485, 101))
    seen = world.seen(T0 + 1000)
    found = upstream_means(
        seen.history,
        [seen.id(prefix) for prefix in four],
        seen.ways,
        baseline_at=T0 + 400,
        windows=[(T0, T0 + 400), (T0 + 400, T0 + 800), (T0 + 800, T0 + 1000)],
        by_border=True,
    ).counts
    assert found.course([20485], T0, T0 + 1000) == [(T0, 0.0), (T0 + 471, 0.375), (T0 + 561, 0.75)]
    assert found.course([4837], T0, T0 + 1000) == [(T0, 1.0), (T0 + 471, 0.625), (T0 + 561, 0.25)]
