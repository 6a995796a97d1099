"""Visibility among those who usually see a prefix, and hysteresis: settings that are off by default."""

from __future__ import annotations

import pytest
from routing_world import T0, Collector, Seen, World
from slow_votes import slow_sight

from nightside.model.settings import Settings

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
FILLER = [f"10.{n}.0.0/16" for n in range(96)]
R = FOUR[0]
WIDE = FOUR[1:] + FILLER
HOUR = 3600
USUAL = Settings(visible_among_usual=True)


def world_of(ases: int, viewers: int, settings: Settings) -> tuple[World, Collector, list[int]]:
    """One collector; the first `viewers` of its sessions see R, and all see everything else."""
    world = World(settings=settings)
    rrc0 = world.collector("rrc00")
    peers = [rrc0.peer(100 + i) for i in range(ases)]
    rrc0.table(T0, {p: [R, *WIDE] if i < viewers else WIDE for i, p in enumerate(peers)})
    return world, rrc0, peers


def crossings(seen: Seen, prefix: str = R) -> list[tuple[int, int]]:
    """(seconds since T0, change) of a prefix."""
    told = seen.saw.prefixes
    columns = (told.second.tolist(), told.number.tolist(), told.change.tolist())
    return [(s - T0, c) for s, n, c in zip(*columns, strict=True) if n == seen.id(prefix)]


# -- among those who usually see it ---------------------------------------------------------------------


def test_a_prefix_that_a_third_sees_is_visible_is_lost_and_comes_back() -> None:
    world, rrc0, peers = world_of(18, 6, USUAL)
    for i, p in enumerate(peers[:4]):
        rrc0.withdraw(T0 + 100 + 10 * i, p, R)
    for i, p in enumerate(peers[:4]):
        rrc0.announce(T0 + 1000 + 10 * i, p, R)
    seen = world.seen(T0 + 2000)
    assert seen.visible(R, T0)
    # With the fourth two of six are left; with the first that returns three are.
    assert crossings(seen) == [(130, -1), (1000, 1)]
    assert seen.steps(1) == [(0, 4), (130, 3), (1000, 4)]


def test_by_default_a_prefix_that_a_third_sees_is_nobodys() -> None:
    world, rrc0, peers = world_of(18, 6, Settings())
    for p in peers[:4]:
        rrc0.withdraw(T0 + 100, p, R)
    seen = world.seen(T0 + 2000)
    assert not seen.visible(R, T0)
    assert crossings(seen) == []
    assert seen.steps(1) == [(0, 3)]


def test_it_is_not_lost_when_its_viewers_sessions_leave() -> None:
    world, rrc0, peers = world_of(18, 6, USUAL)
    for p in peers[:4]:
        rrc0.down(T0 + 100, p)
    # Two of the six usual viewers vote: too few to tell, whatever they say.
    rrc0.withdraw(T0 + 200, peers[4], R)
    rrc0.withdraw(T0 + 200, peers[5], R)
    seen = world.seen(T0 + 2000)
    assert seen.unknown() == []
    assert seen.known(T0 + 100) == 14
    assert crossings(seen) == []


def test_it_is_lost_by_the_viewers_that_are_left_where_they_are_enough() -> None:
    world, rrc0, peers = world_of(18, 6, USUAL)
    for p in peers[:3]:
        rrc0.down(T0 + 100, p)
    rrc0.withdraw(T0 + 200, peers[3], R)
    rrc0.withdraw(T0 + 210, peers[4], R)
    # Three of six vote; with the second withdrawal one of the three is left.
    assert crossings(world.seen(T0 + 2000)) == [(210, -1)]


def test_lost_while_its_viewers_were_away_is_told_when_they_return_without_it() -> None:
    world, rrc0, peers = world_of(18, 6, USUAL)
    for p in peers[:4]:
        rrc0.down(T0 + 100, p)
    for i, p in enumerate(peers[:4]):
        rrc0.up(T0 + 500 + 100 * i, p)
        rrc0.announce(T0 + 501 + 100 * i, p, *WIDE)
        rrc0.end_of_rib(T0 + 502 + 100 * i, p)
    # Two vote and have it: too few of six. Then two of three have it, two of four, two of five.
    assert crossings(world.seen(T0 + 2000)) == [(702, -1)]


def test_seen_by_one_as_of_twenty_it_is_nobodys() -> None:
    for viewers, visible in ((1, False), (2, True)):
        world, rrc0, peers = world_of(20, viewers, USUAL)
        for p in peers[:viewers]:
            rrc0.withdraw(T0 + 100, p, R)
        seen = world.seen(T0 + 2000)
        assert seen.visible(R, T0) == visible
        assert crossings(seen) == ([(100, -1)] if visible else [])


def test_what_is_usual_is_learnt_at_the_full_six_hours_but_never_of_an_outage() -> None:
    world, rrc0, peers = world_of(18, 0, USUAL)
    # New, to a third of the ASes: usual from the next full six hours on.
    for p in peers[:6]:
        rrc0.announce(T0 + HOUR, p, R)
    for p in peers[:4]:
        rrc0.withdraw(T0 + 7 * HOUR, p, R)
    # 12:00 and 18:00 pass in the outage; three of its six viewers are half, two are not.
    rrc0.announce(T0 + 19 * HOUR, peers[0], R)
    rrc0.withdraw(T0 + 20 * HOUR, peers[0], R)
    seen = world.seen(T0 + 24 * HOUR)
    assert crossings(seen) == [(6 * HOUR, 1), (7 * HOUR, -1), (19 * HOUR, 1), (20 * HOUR, -1)]


def test_a_table_at_a_full_six_hours_is_judged_as_one() -> None:
    # The whole table swaps who sees R in one second: nobody may judge half of it.
    world, rrc0, peers = world_of(18, 6, USUAL)
    at = T0 + 6 * HOUR
    rrc0.table(at, {p: [R, *WIDE] if i >= 12 else WIDE for i, p in enumerate(peers)})
    assert crossings(world.seen(at + HOUR)) == []


def test_where_all_see_everything_both_rules_say_the_same() -> None:
    told = []
    for settings in (Settings(), USUAL):
        world, rrc0, peers = world_of(9, 9, settings)
        for i, p in enumerate(peers):
            rrc0.withdraw(T0 + 100 + i, p, R, FOUR[1 + i % 3])
            rrc0.announce(T0 + 5000 + i, p, R)
        for p in peers[:3]:
            rrc0.down(T0 + 6000, p)
        rrc0.withdraw(T0 + 6100, peers[3], R)
        rrc0.withdraw(T0 + 7 * HOUR, peers[4], R)
        for p in peers[5:8]:
            rrc0.withdraw(T0 + 8 * HOUR + p, p, R)
        seen = world.seen(T0 + 9 * HOUR)
        told.append((crossings(seen), seen.steps(1), seen.saw.view))
    assert told[0] == told[1]
    # Five of nine have lost it at 104, four are left; five are back at 5004. Six vote at last: below three at 8:00:06.
    assert told[0][0] == [(104, -1), (5004, 1), (8 * HOUR + 6, -1)]


# -- hysteresis ---------------------------------------------------------------------------------------------


def hovering(settings: Settings) -> Seen:
    """Of forty ASes 21, 19, 21, 19, … see R, then 16 and 24 and 15 and 25."""
    world, rrc0, peers = world_of(40, 21, settings)
    have, second = 21, 100
    for target in (19, 21, 19, 21, 19, 15, 16, 23, 24, 16, 15):
        for p in peers[target:have]:
            rrc0.withdraw(T0 + second, p, R)
        for p in peers[have:target]:
            rrc0.announce(T0 + second, p, R)
        have, second = target, second + 100
    return world.seen(T0 + 2000)


def test_about_a_half_it_flaps_without_hysteresis() -> None:
    assert crossings(hovering(Settings())) == [
        (100, -1),
        (200, 1),
        (300, -1),
        (400, 1),
        (500, -1),
        (800, 1),
        (1000, -1),
    ]


def test_crossings_are_at_the_share_plus_and_minus_the_hysteresis() -> None:
    seen = hovering(Settings(visible_hysteresis=0.1))
    # Visible from 24 on, invisible below 16. At the start 21 are not enough.
    assert not seen.visible(R, T0)
    assert crossings(seen) == [(900, 1), (1100, -1)]


def test_hovering_about_a_half_it_does_not_flap() -> None:
    world, rrc0, peers = world_of(40, 24, Settings(visible_hysteresis=0.05))
    for second, have, target in ((100, 24, 19), (200, 19, 21), (300, 21, 19), (400, 19, 18), (500, 18, 21)):
        for p in peers[target:have]:
            rrc0.withdraw(T0 + second, p, R)
        for p in peers[have:target]:
            rrc0.announce(T0 + second, p, R)
    seen = world.seen(T0 + 2000)
    # Invisible below 18 of 40.
    assert seen.visible(R, T0)
    assert crossings(seen) == []


@pytest.mark.parametrize(("ases", "up"), [(20, 11), (40, 22), (60, 33), (100, 55), (180, 99)])
def test_the_share_itself_is_enough_at_every_number_of_ases(ases: int, up: int) -> None:
    # 0.55 × 100 is 55.00000000000001 in floating point.
    for viewers, visible in ((up, True), (up - 1, False)):
        world, _rrc0, _peers = world_of(ases, viewers, Settings(visible_hysteresis=0.05))
        assert world.seen(T0 + 100).visible(R, T0) == visible


# -- the default ------------------------------------------------------------------------------------------


def test_the_default_is_half_of_all_counted_without_any_of_this() -> None:
    world, rrc0, peers = world_of(9, 3, Settings())
    rrc1 = world.collector("rrc01")
    others = [rrc1.peer(104 + i) for i in range(9)]
    rrc1.table(T0, dict.fromkeys(others, WIDE))
    for i, p in enumerate(peers[3:]):
        rrc0.announce(T0 + 500 + i, p, R)
    rrc1.announce(T0 + 5 * HOUR, others[8], R)
    rrc0.down(T0 + 6 * HOUR, peers[0])
    for i, p in enumerate(peers[1:]):
        rrc0.withdraw(T0 + 7 * HOUR + i, p, R, FOUR[1])
    for i, p in enumerate(others):
        rrc1.withdraw(T0 + 8 * HOUR + i, p, FOUR[1])
    end = T0 + 13 * HOUR
    seen = world.seen(end)
    slow = slow_sight(world, end, seen.saw.start)
    names = [seen.prefixes.text(i) for i in range(seen.prefixes.count)]
    for second, sight in slow.items():
        assert {n for n in names if seen.visible(n, second)} == sight.visible, second - T0
    assert len(crossings(seen)) == 2
