"""Whose clock is off, found from what all collectors tell of the same events."""

from __future__ import annotations

import pytest
from routing_world import T0, World

from nightside.signals.clocks import ClockOff, clocks_off, crossings

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
FILLER = [f"10.{n}.0.0/16" for n in range(40)]
NOON = T0 + 12 * 3600


def a_day(offsets: dict[str, int], events: int = 12) -> World:
    """Losses and returns of four networks, as collectors with clocks that are off (from noon on) tell of them."""
    world = World()
    for n, (name, offset) in enumerate(offsets.items()):
        collector = world.collector(name)
        peers = [collector.peer(100 * (n + 1) + i) for i in range(3)]
        collector.table(T0, dict.fromkeys(peers, FOUR + FILLER))
        for event in range(events):
            at = NOON + 600 * event
            for i, peer in enumerate(peers):
                collector.withdraw(at + i + offset, peer, FOUR[event % 4])
            for i, peer in enumerate(peers):
                collector.announce(at + 300 + i + offset, peer, FOUR[event % 4])
    return world


def told(world: World) -> list[tuple[str, int]]:
    return [(c.collector, c.offset_s) for c in off(world)]


def off(world: World) -> list[ClockOff]:
    seen = world.seen(T0 + 20 * 3600)
    return clocks_off(crossings(seen.timeline, seen.saw, seen.table), seen.saw.start, seen.saw.end)


@pytest.mark.parametrize("offset", [-60, -15, 40])
def test_one_clock_is_off(offset: int) -> None:
    world = a_day({"rrc00": 0, "rrc01": offset, "rrc03": 0})
    assert told(world) == [("rrc01", offset)]
    (found,) = off(world)
    # By windows of six hours: from 12:00 to 18:00.
    assert (found.begin, found.end) == (NOON, NOON + 6 * 3600)


@pytest.mark.parametrize(
    "offsets",
    [
        {"rrc00": 0, "rrc01": 14, "rrc03": 0},  # routing alone makes as much
        {"rrc00": 0, "rrc01": 60},  # one of the two, but which?
        {"rrc00": 0, "rrc01": 0, "rrc03": 0},
    ],
)
def test_nobody_is_blamed(offsets: dict[str, int]) -> None:
    assert told(a_day(offsets)) == []


def test_few_events_tell_nothing() -> None:
    assert told(a_day({"rrc00": 0, "rrc01": 60, "rrc03": 0}, events=4)) == []


def test_one_that_is_late_half_of_the_time_has_no_clock_that_is_off() -> None:
    # A router that waits before it tells: 20 s late, or as much early as the others wait.
    assert told(a_day({"rrc00": 0, "rrc01": -20, "rrc03": 0})) == [("rrc01", -20)]
    world = a_day({"rrc00": 0, "rrc01": -20, "rrc03": 0})
    ahead = a_day({"rrc00": 0, "rrc01": 20, "rrc03": 0})
    steps = zip(world.collectors[1].steps, ahead.collectors[1].steps, strict=True)
    # Every second event (of eight steps each) is told late instead of early.
    world.collectors[1].steps = [b if i // 6 % 2 else a for i, (a, b) in enumerate(steps)]
    assert told(world) == []
