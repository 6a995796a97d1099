"""Losses of units: a quarter of the known ASes within five minutes, by updates alone (docs/definitions.md)."""

from __future__ import annotations

import pytest
from routing_world import HOME, T0, Collector, Seen, World

from nightside.signals.losses import lossy_prefixes, unit_losses

NET = "175.45.176.0/24"
COVER = "175.45.176.0/22"
FILLER = [f"10.{n}.0.0/16" for n in range(20)]
ALL = [NET, "175.45.177.0/24", *FILLER]


def world_of(n: int, routes: list[str] | None = None) -> tuple[World, Collector, list[int]]:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(n)]
    rrc.table(T0, dict.fromkeys(peers, ALL if routes is None else routes))
    return world, rrc, peers


def losses(seen: Seen) -> list[tuple[int, int | None, int]]:
    """(lost, returned, units) in seconds since T0."""
    settings = seen.world.settings
    lossy = lossy_prefixes(seen.history, seen.saw, seen.subject, settings)
    found = unit_losses(
        seen.history, seen.saw, seen.table, seen.prefixes, lossy, seen.entity_of_unit, settings
    ).get(1, [])
    return [(x.lost - T0, None if x.returned is None else x.returned - T0, x.units) for x in found]


def test_a_quarter_within_five_minutes_is_a_loss() -> None:
    world, rrc, peers = world_of(8)
    rrc.withdraw(T0 + 100, peers[0], NET)
    rrc.withdraw(T0 + 350, peers[1], NET)
    rrc.announce(T0 + 500, peers[0], NET)
    rrc.announce(T0 + 600, peers[1], NET)
    # A quarter of eight is two; it is over when fewer than two are without.
    assert losses(world.seen(T0 + 1000)) == [(350, 500, 1)]


def test_less_than_a_quarter_is_none() -> None:
    world, rrc, peers = world_of(9)
    for i in range(2):
        rrc.withdraw(T0 + 100, peers[i], NET)
    assert losses(world.seen(T0 + 1000)) == []


def test_slower_than_five_minutes_is_none() -> None:
    world, rrc, peers = world_of(8)
    rrc.withdraw(T0 + 100, peers[0], NET)
    rrc.withdraw(T0 + 401, peers[1], NET)
    assert losses(world.seen(T0 + 1000)) == []


def test_slow_leavers_of_long_ago_do_not_keep_a_loss_open() -> None:
    world, rrc, peers = world_of(8)
    rrc.withdraw(T0 + 100, peers[0], NET)
    rrc.withdraw(T0 + 1000, peers[1], NET)
    for at in (2000, 3000):
        for p in peers[2:4]:
            rrc.withdraw(T0 + at, p, NET)
            rrc.announce(T0 + at + 50, p, NET)
    assert losses(world.seen(T0 + 5000)) == [(2000, 2050, 1), (3000, 3050, 1)]


def test_a_loss_that_lasts_has_no_return() -> None:
    world, rrc, peers = world_of(4)
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
    assert losses(world.seen(T0 + 1000)) == [(100, None, 1)]


def test_every_covering_prefix_must_go() -> None:
    world, rrc, peers = world_of(4, [*ALL, COVER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
    for p in peers:
        rrc.withdraw(T0 + 200, p, COVER)
    # At 200 the units below the /22 without a /24 of their own go, and NET's; 177's has its /24.
    assert sorted(losses(world.seen(T0 + 1000))) == [(200, None, 1), (200, None, 2)]


def test_a_reroute_is_no_loss() -> None:
    world, rrc, peers = world_of(4)
    for p in peers:
        rrc.announce(T0 + 100, p, NET, path=(100, 20485, HOME))
    assert losses(world.seen(T0 + 1000)) == []


def test_a_withdrawal_and_announcement_in_one_second_is_no_loss() -> None:
    world, rrc, peers = world_of(4)
    for p in peers:
        rrc.withdraw(T0 + 100.2, p, NET)
        rrc.announce(T0 + 100.7, p, NET)
    assert losses(world.seen(T0 + 1000)) == []


def test_unknown_sessions_and_transfers_lose_nothing() -> None:
    world, rrc, peers = world_of(4)
    for p in peers[:2]:
        rrc.down(T0 + 100, p)
        rrc.up(T0 + 110, p)
        rrc.announce(T0 + 120, p, *ALL[1:])
        rrc.withdraw(T0 + 121, p, NET)
        rrc.end_of_rib(T0 + 130, p)
    assert losses(world.seen(T0 + 1000)) == []


def test_a_table_without_it_is_no_loss() -> None:
    world, rrc, peers = world_of(4)
    rrc.table(T0 + 8 * 3600, dict.fromkeys(peers, ALL[1:]))
    assert losses(world.seen(T0 + 9 * 3600)) == []


def test_an_as_with_another_session_that_has_it_has_not_lost_it() -> None:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100), rrc.peer(100, "192.0.2.99"), rrc.peer(101)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    rrc.withdraw(T0 + 100, peers[0], NET)
    rrc.announce(T0 + 150, peers[0], NET)
    rrc.withdraw(T0 + 200, peers[0], NET)
    rrc.withdraw(T0 + 210, peers[1], NET)
    assert losses(world.seen(T0 + 1000)) == [(210, None, 1)]


def test_a_return_by_a_transfer_is_a_return() -> None:
    world, rrc, peers = world_of(4)
    for p in peers:
        rrc.withdraw(T0 + 100, p, NET)
    for p in peers:
        rrc.down(T0 + 200, p)
        rrc.up(T0 + 210, p)
        rrc.announce(T0 + 220, p, NET)
    for p in peers:
        rrc.announce(T0 + 222, p, *ALL[1:])
    # With 95 % of their former routes back, at 222, the sessions are known, and have it.
    assert losses(world.seen(T0 + 1000)) == [(100, 222, 1)]


def test_whoever_becomes_unknown_has_not_returned() -> None:
    world, rrc, peers = world_of(8)
    for p in peers[:2]:
        rrc.withdraw(T0 + 100, p, NET)
    rrc.down(T0 + 200, peers[0])
    rrc.down(T0 + 200, peers[1])
    rrc.announce(T0 + 300, peers[2], "10.0.0.0/16", path=(1, 2, 3))
    assert losses(world.seen(T0 + 1000)) == [(100, None, 1)]


def test_nothing_is_lost_without_sight() -> None:
    world, rrc, peers = world_of(8)
    for p in peers[:6]:
        rrc.down(T0 + 100, p)
    rrc.withdraw(T0 + 200, peers[6], NET)
    rrc.withdraw(T0 + 200, peers[7], NET)
    seen = world.seen(T0 + 1000)
    assert seen.unknown() == [(100, 1000)]
    assert losses(seen) == []


@pytest.mark.parametrize("routes", [["10.0.0.0/16"], [NET]])
def test_units_of_one_fate_are_one_group(routes: list[str]) -> None:
    world, rrc, peers = world_of(4, [COVER, *FILLER])
    for p in peers:
        rrc.withdraw(T0 + 100, p, COVER)
        rrc.announce(T0 + 160, p, COVER)
    assert losses(world.seen(T0 + 1000)) == [(100, 160, 4)]


def test_a_prefix_longer_than_24_is_no_cover_and_no_loss() -> None:
    long = "175.45.176.0/25"
    world, rrc, peers = world_of(4, [*ALL, long])
    for p in peers:
        rrc.withdraw(T0 + 100, p, long)
        rrc.withdraw(T0 + 200, p, NET)
    assert losses(world.seen(T0 + 1000)) == [(200, None, 1)]


def test_third_time_back_from_a_second_table() -> None:
    # A session that was silent, and is known again only from a later table, returns with that table.
    world, rrc, peers = world_of(4)
    hour = 3600
    for p in peers[:2]:
        rrc.withdraw(T0 + 100, p, NET)
    rrc.table(T0 + 8 * hour, dict.fromkeys(peers[2:], ALL))
    rrc.table(T0 + 16 * hour, dict.fromkeys(peers, ALL))
    assert losses(world.seen(T0 + 17 * hour)) == [(100, 16 * hour, 1)]
