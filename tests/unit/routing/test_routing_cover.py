"""What is reachable: which prefixes cover, and whose (docs/definitions.md, "What is reachable")."""

from __future__ import annotations

import pytest
from routing_world import HOME, T0, Collector, World

NET, OTHER = "175.45.176.0/24", "175.45.177.0/24"
COVER = "175.45.176.0/22"
FILLER = [f"10.{n}.0.0/16" for n in range(20)]
STRANGER = 64999


def world_of(routes: object, n: int = 2) -> tuple[World, Collector, list[int]]:
    world = World(asn_country={HOME: 1, STRANGER: 2})
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(n)]
    mine = dict(routes) if isinstance(routes, dict) else dict.fromkeys(routes)  # type: ignore[call-overload]
    rrc.table(T0, {p: {**mine, **dict.fromkeys(FILLER)} for p in peers})
    return world, rrc, peers


def test_a_24_under_a_22_that_stays_is_reachable() -> None:
    world, rrc, peers = world_of([NET, COVER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
    assert world.seen(T0 + 1000).steps(1) == [(0, 4)]


def test_a_22_over_a_24_that_stays() -> None:
    world, rrc, peers = world_of([NET, COVER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, COVER)
    assert world.seen(T0 + 1000).steps(1) == [(0, 4), (100, 1)]


@pytest.mark.parametrize(("cover", "units"), [("175.0.0.0/8", 4), ("174.0.0.0/7", 0), ("0.0.0.0/0", 0)])
def test_masks_shorter_than_8_are_no_cover(cover: str, units: int) -> None:
    world, _rrc, _peers = world_of([cover])
    assert world.seen(T0 + 100).units(1, T0) == units


@pytest.mark.parametrize("length", [25, 28, 32])
def test_masks_longer_than_24_are_no_cover(length: int) -> None:
    world, _rrc, _peers = world_of([f"175.45.176.0/{length}"])
    assert world.seen(T0 + 100).units(1, T0) == 0


def test_a_prefix_ends_where_it_ends() -> None:
    # The last unit of IPv4, and the two sides of an edge.
    world, _rrc, _peers = world_of(["255.255.255.0/24", "175.45.174.0/23", "175.45.180.0/22"])
    seen = world.seen(T0 + 100)
    assert seen.units(1, T0) == 0
    assert seen.saw.reachable[(1 << 24) - 1] == 1
    assert int(seen.saw.reachable.sum()) == 1 + 2 + 4 + 20 * 256


def test_a_strangers_cover_that_appears_during_an_outage_is_no_recovery() -> None:
    world, rrc, peers = world_of([NET, OTHER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
        rrc.announce(T0 + 200, p, NET, path=(100, 4837, STRANGER))
    for p in peers:
        rrc.announce(T0 + 300, p, NET)
    assert world.seen(T0 + 1000).steps(1) == [(0, 2), (100, 1), (300, 2)]


def test_a_strangers_cover_by_another_prefix_is_no_recovery_either() -> None:
    world, rrc, peers = world_of([NET, OTHER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET, OTHER)
        rrc.announce(T0 + 200, p, COVER, path=(100, 4837, STRANGER))
    assert world.seen(T0 + 1000).steps(1) == [(0, 2), (100, 0)]


def test_a_strangers_cover_that_was_there_before_is_cover() -> None:
    world, rrc, peers = world_of({NET: (100, 4837, STRANGER)})
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
        rrc.announce(T0 + 200, p, NET, path=(100, 20485, STRANGER))
    assert world.seen(T0 + 1000).steps(1) == [(0, 1), (100, 0), (200, 1)]


def test_a_stranger_beside_the_owner_before_the_outage_is_cover() -> None:
    world, rrc, peers = world_of([NET, OTHER])
    for p in peers:
        rrc.announce(T0 + 50, p, "175.45.176.0/23", path=(100, 4837, STRANGER))
        rrc.withdraw(T0 + 100, p, NET)
    assert world.seen(T0 + 1000).steps(1) == [(0, 2)]


def test_a_late_collectors_stranger_is_no_recovery() -> None:
    # A session whose first table comes during the outage holds the stranger's route: it is not from before.
    world, rrc, peers = world_of([NET, OTHER])
    late = world.collector("rrc01")
    more = [late.peer(200 + i) for i in range(4)]
    for p in peers:
        rrc.withdraw(T0 + 1000, p, NET)
    theirs = {NET: (200, STRANGER), **dict.fromkeys([OTHER, *FILLER])}
    late.table(T0 + 8 * 3600, {p: theirs for p in more})  # noqa: C420 - a mutable value
    assert world.seen(T0 + 9 * 3600).steps(1) == [(0, 2), (1000, 1)]


def test_several_origins_of_one_prefix() -> None:
    world, rrc, peers = world_of({NET: (100, 4837, HOME)}, n=4)
    for p in peers[:2]:
        rrc.announce(T0 + 50, p, NET, path=(100, 4837, STRANGER))
    rrc.withdraw(T0 + 100, peers[3], NET)
    rrc.withdraw(T0 + 200, peers[0], NET)
    rrc.withdraw(T0 + 300, peers[1], NET)
    # The votes for both origins count together: four, three, two of four, then one.
    assert world.seen(T0 + 1000).steps(1) == [(0, 1), (300, 0)]


def test_an_as_that_was_asked_about_is_at_home_wherever_it_is_registered() -> None:
    world, rrc, peers = world_of([NET, OTHER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
        rrc.announce(T0 + 200, p, NET, path=(100, 4837, STRANGER))
    seen = world.seen(T0 + 1000, home_asns=frozenset({STRANGER}))
    assert seen.steps(1) == [(0, 2), (100, 1), (200, 2)]


def test_ipv6_in_the_same_tables_is_no_cover_of_ipv4() -> None:
    # af2d:b000::/24 has the bits of 175.45.176.0/24.
    world, _rrc, _peers = world_of(["af2d:b000::/24", "af2d:b000::/22"])
    assert world.seen(T0 + 100).units(1, T0) == 0


def test_changes_are_told_of_subjects_alone() -> None:
    import numpy as np

    world, rrc, peers = world_of([NET, OTHER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET, OTHER, FILLER[0])
    everything = world.seen(T0 + 1000)
    subject = np.zeros(everything.prefixes.count, np.uint8)
    subject[everything.id(OTHER)] = 1
    seen = world.seen(T0 + 1000, subject=subject)
    assert seen.saw.prefixes.number.tolist() == [seen.id(OTHER)]
    assert len(seen.saw.units.number) == 1
