"""A new prefix over several countries is no cover of those units that were down when it came, unless it is theirs."""

from __future__ import annotations

from routing_world import T0, Collector, World

KP, OTHER = 1, 2
HOMES = {"175.45.176.0/24": KP, "175.45.177.0/24": OTHER, "175.45.178.0/23": OTHER}
OWN, WIDE = "175.45.176.0/24", "175.45.176.0/22"
FILLER = [f"10.{n}.0.0/16" for n in range(20)]
FOREIGN_ASN = 64777


def a_world() -> tuple[World, Collector, list[int]]:
    """Three ASes; a KP unit is down from 100 on, its neighbours under the wide prefix belong to another country."""
    world = World(homes=HOMES, asn_country={131279: KP, FOREIGN_ASN: OTHER})
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(3)]
    rrc.table(T0, {p: [OWN, *FILLER] for p in peers})
    return world, rrc, peers


def wide(rrc: Collector, peers: list[int], at: int) -> None:
    for p in peers:
        rrc.announce(T0 + at, p, WIDE, path=(100 + p, 4837, FOREIGN_ASN))


def test_it_has_not_brought_the_country_back() -> None:
    world, rrc, peers = a_world()
    for p in peers:
        rrc.withdraw(T0 + 100, p, OWN)
    wide(rrc, peers, 200)
    seen = world.seen(T0 + 400)
    assert seen.steps(KP) == [(0, 1), (100, 0)]
    assert seen.steps(OTHER) == [(0, 0), (200, 3)]


def test_nor_when_it_flaps_while_the_unit_is_down() -> None:
    world, rrc, peers = a_world()
    for p in peers:
        rrc.withdraw(T0 + 100, p, OWN)
    wide(rrc, peers, 200)
    for p in peers:
        rrc.withdraw(T0 + 300, p, WIDE)
    wide(rrc, peers, 400)
    for p in peers:
        rrc.announce(T0 + 500, p, OWN)
    for p in peers:
        rrc.withdraw(T0 + 600, p, OWN)
    assert world.seen(T0 + 700).steps(KP) == [(0, 1), (100, 0), (500, 1), (600, 0)]


def test_a_cover_from_before_is_cover() -> None:
    world, rrc, peers = a_world()
    wide(rrc, peers, 50)
    for p in peers:
        rrc.withdraw(T0 + 100, p, OWN)
    assert world.seen(T0 + 400).steps(KP) == [(0, 1)]


def test_one_that_comes_again_while_the_unit_is_up_is_cover_from_then_on() -> None:
    world, rrc, peers = a_world()
    for p in peers:
        rrc.withdraw(T0 + 100, p, OWN)
    wide(rrc, peers, 200)
    for p in peers:
        rrc.withdraw(T0 + 250, p, WIDE)
        rrc.announce(T0 + 300, p, OWN)
    wide(rrc, peers, 400)
    for p in peers:
        rrc.withdraw(T0 + 500, p, OWN)
    assert world.seen(T0 + 600).steps(KP) == [(0, 1), (100, 0), (300, 1)]


def test_one_that_takes_over_in_the_same_second_is_none() -> None:
    # What is judged in one second may have happened in any order, where nobody saw for a while.
    world, rrc, peers = a_world()
    for p in peers:
        rrc.withdraw(T0 + 100, p, OWN)
    wide(rrc, peers, 100)
    assert world.seen(T0 + 400).steps(KP) == [(0, 1), (100, 0)]


def test_one_that_comes_a_second_before_the_own_goes_is_cover() -> None:
    world, rrc, peers = a_world()
    wide(rrc, peers, 99)
    for p in peers:
        rrc.withdraw(T0 + 100, p, OWN)
    assert world.seen(T0 + 400).steps(KP) == [(0, 1)]
