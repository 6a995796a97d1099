"""A gap in which nobody saw: whose votes count after it, and what may have happened in it (docs/definitions.md)."""

from __future__ import annotations

import pytest
from routing_world import T0, Collector, Seen, World

from nightside.model.settings import Settings
from nightside.signals.doubts import doubts

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
FILLER = [f"10.{n}.0.0/16" for n in range(96)]
ALL = FOUR + FILLER
P = FOUR[0]
GAP, BACK = T0 + 300, T0 + 600


def eight(world: World, routes: list[str] = ALL) -> tuple[list[Collector], list[tuple[Collector, int]]]:
    """Two collectors with four ASes each, all full; both lack the file from 300 to 600."""
    collectors = [world.collector(f"rrc0{i}") for i in range(2)]
    everybody = []
    for i, collector in enumerate(collectors):
        peers = [collector.peer(100 * (1 + i) + n) for n in range(4)]
        collector.table(T0, dict.fromkeys(peers, routes))
        everybody += [(collector, p) for p in peers]
    return collectors, everybody


def gaps(collectors: list[Collector]) -> None:
    for collector in collectors:
        collector.gap(GAP, BACK)


def changes(seen: Seen, prefix: str = P) -> list[tuple[int, int, int | None]]:
    told = seen.saw.prefixes
    columns = (c.tolist() for c in (told.second, told.number, told.change, told.since))
    return [
        (second - T0, change, since - T0 if since else None)
        for second, number, change, since in zip(*columns, strict=True)
        if number == seen.id(prefix)
    ]


def in_doubt(seen: Seen, country: int = 1) -> list[tuple[int, int]]:
    found = doubts(seen.saw, seen.table, {country: seen.signal(country)}, seen.entity_of_unit, Settings())
    return [(u.begin - T0, u.end - T0) for u in found.get(country, [])]


def down_before(collectors: list[Collector], everybody: list[tuple[Collector, int]]) -> None:
    """All have withdrawn P well before the gap."""
    for collector, peer in everybody:
        collector.withdraw(T0 + 10, peer, P)
    gaps(collectors)


def test_an_end_half_within_and_half_behind_it_is_a_range() -> None:
    world = World()
    collectors, everybody = eight(world)
    down_before(collectors, everybody)
    for n, (collector, peer) in enumerate(everybody[::2]):
        collector.announce(BACK + n, peer, P)
    seen = world.seen(BACK + 100)
    # Four of eight have it. The other four may have it too: they said within the gap what they say.
    assert changes(seen) == [(10, -1, None), (603, 1, 300)]
    # One file more is missing at one collector; nothing happened, and nothing is told.
    collectors[0].gap(BACK + 300, BACK + 600)
    assert changes(world.seen(BACK + 700)) == changes(seen)


def test_an_end_of_which_too_little_is_heard_waits() -> None:
    world = World()
    collectors, everybody = eight(world)
    down_before(collectors, everybody)
    for collector, peer in everybody[:3]:
        collector.announce(BACK, peer, P)
    assert changes(world.seen(BACK + 100)) == [(10, -1, None)]


def test_an_onset_half_before_and_half_within_it_is_a_range() -> None:
    world = World()
    collectors, everybody = eight(world)
    for collector, peer in everybody[:4]:
        collector.withdraw(GAP - 5, peer, P)
    gaps(collectors)
    assert changes(world.seen(BACK + 100)) == []
    # Four of eight had it when last heard. One more is gone, and perhaps others were gone before.
    everybody[4][0].withdraw(BACK + 1, everybody[4][1], P)
    assert changes(world.seen(BACK + 100)) == [(601, -1, 300)]


@pytest.mark.parametrize(("after", "since"), [(300, 300), (301, None)])
def test_what_changes_long_after_it_changes_when_it_is_heard(after: int, since: int | None) -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for collector, peer in everybody[:5]:
        collector.withdraw(BACK + after, peer, P)
    assert changes(world.seen(BACK + after + 10)) == [(600 + after, -1, since)]


def test_who_was_not_heard_since_speaks_for_what_it_became() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for collector, peer in everybody[:5]:
        collector.withdraw(BACK + 1, peer, P)
    # Three had it when last heard. Without four of the five that are heard to have lost it they are three of four.
    collectors[0].gap(BACK + 300, BACK + 600)
    assert changes(world.seen(BACK + 700)) == [(601, -1, 300)]


def test_votes_heard_since_count() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for collector, peer in everybody[4:]:
        collector.announce(BACK + 1, peer, P)
    for collector, peer in everybody[:4]:
        collector.withdraw(BACK + 2, peer, P)
    assert world.seen(BACK + 100).visible(P, BACK + 99)


def test_what_changed_before_sight_was_lost_again_is_no_reason_to_follow() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for collector, peer in everybody[:5]:
        collector.withdraw(BACK + 10, peer, P)
    for collector, peer in everybody[:3]:
        collector.announce(BACK + 20, peer, P)
    for collector in collectors:
        collector.gap(T0 + 900, T0 + 1200)
    everybody[3][0].announce(T0 + 1210, everybody[3][1], P)
    # The last three are not heard since it was lost, and follow. The first three have it since, which was seen, and
    # nothing changed from the second gap on: they count as they were last heard. With the fourth they are the half.
    assert changes(world.seen(T0 + 1300)) == [(610, -1, 300), (1210, 1, 900)]


def test_the_gap_of_one_that_does_not_count_is_none_of_the_others() -> None:
    world = World()
    small, collector = world.collector("rrc00"), world.collector("rrc01")
    peer = small.peer(100)
    small.up(T0, peer)
    small.announce(T0 + 10, peer, FOUR[1])
    small.gap(T0 + 100, T0 + 200)
    a, b = collector.peer(101), collector.peer(102)
    # It has one route of three, and is no full feed.
    collector.table(T0 + 250, {a: FOUR[1:3], b: [P, *FOUR[2:]]})
    collector.gap(GAP, BACK)
    collector.down(BACK + 10, b)
    # One of two expected is left. P came before the gap; this one never had it, as far as it was heard.
    assert changes(world.seen(BACK + 100)) == [(610, -1, 300)]


def test_a_session_that_is_known_for_no_time_before_anybody_is() -> None:
    world = World()
    collector = world.collector("rrc00")
    peer = collector.peer(100)
    collector.down(T0 + 2, peer)
    collector.announce(T0 + 7, peer, P)
    collector.gap(T0 + 37, T0 + 38)
    # Its transfer is over by 30 s of quiet as the gap begins. Nothing is known of P but what it said.
    assert changes(world.seen(T0 + 400)) == [(38, 1, 37)]


def test_what_a_table_from_within_it_tells_may_have_changed_before_that_table() -> None:
    world = World()
    collector = world.collector("rrc00")
    peer = collector.peer(100)
    collector.table(T0, {peer: FOUR})
    collector.gap(GAP, BACK)
    collector.table(T0 + 400, {peer: FOUR[1:]})
    assert changes(world.seen(BACK + 100)) == [(600, -1, 300)]


def test_announced_anew_by_half_it_may_have_been_gone() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for n, (collector, peer) in enumerate(everybody[:4]):
        collector.announce(BACK + 900 + n, peer, P)
    seen = world.seen(BACK + 2000)
    assert changes(seen) == []
    assert seen.steps(1) == [(0, 4)]
    assert in_doubt(seen) == [(300, 1503)]


def test_announced_anew_by_fewer_it_was_there() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for collector, peer in everybody[:3]:
        collector.announce(BACK + 900, peer, P)
        collector.announce(BACK + 901, peer, P)
    assert in_doubt(world.seen(BACK + 2000)) == []


def test_announced_anew_without_a_gap_of_all_says_nothing() -> None:
    world = World()
    collectors, everybody = eight(world)
    collectors[0].gap(GAP, BACK)
    for collector, peer in everybody:
        collector.announce(BACK + 900, peer, P)
    assert in_doubt(world.seen(BACK + 2000)) == []


def test_announced_anew_after_the_next_table_says_nothing() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for i, collector in enumerate(collectors):
        collector.table(BACK + 300, {p: ALL for _c, p in everybody[4 * i : 4 * i + 4]})
    for collector, peer in everybody:
        collector.announce(BACK + 900, peer, P)
    assert in_doubt(world.seen(BACK + 2000)) == []


def test_under_a_cover_that_nobody_announced_anew_nothing_was_gone() -> None:
    world = World()
    collectors, everybody = eight(world, [*ALL, "175.45.176.0/22"])
    gaps(collectors)
    for collector, peer in everybody:
        collector.announce(BACK + 900, peer, *FOUR)
    assert in_doubt(world.seen(BACK + 2000)) == []


def test_the_doubt_ends_with_the_first_of_a_units_covers() -> None:
    world = World()
    collectors, everybody = eight(world, [*ALL, "175.45.176.0/22"])
    gaps(collectors)
    for collector, peer in everybody:
        collector.announce(BACK + 900, peer, "175.45.176.0/22")
        collector.announce(BACK + 1200, peer, *FOUR)
    assert in_doubt(world.seen(BACK + 2000)) == [(300, 1500)]


def test_a_tenth_of_a_country_is_no_outage() -> None:
    twenty = [f"11.0.{n}.0/24" for n in range(20)]
    world = World(homes={"11.0.0.0/19": 1})
    collectors, everybody = eight(world, [*twenty, *FILLER])
    gaps(collectors)
    for collector, peer in everybody:
        collector.announce(BACK + 900, peer, *twenty[:2])
    assert in_doubt(world.seen(BACK + 2000)) == []
    for collector, peer in everybody:
        collector.announce(BACK + 950, peer, twenty[2])
    # Eighteen of twenty are nine tenths. With the third it is an outage; what follows within a minute belongs to it.
    assert in_doubt(world.seen(BACK + 2000)) == [(300, 1550)]


def test_announced_anew_one_by_one_over_hours_is_churn() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    for n, (collector, peer) in enumerate(everybody):
        collector.announce(BACK + 900 + 301 * n, peer, *FOUR)
    assert in_doubt(world.seen(BACK + 6000)) == []


def test_what_was_seen_to_go_is_in_no_doubt() -> None:
    world = World()
    collectors, everybody = eight(world)
    gaps(collectors)
    # Three withdrew within the gap, five are heard to.
    for collector, peer in everybody[3:]:
        collector.withdraw(BACK + 5, peer, *FOUR)
    for collector, peer in everybody:
        collector.announce(BACK + 900, peer, *FOUR)
    seen = world.seen(BACK + 2000)
    assert changes(seen) == [(605, -1, 300), (1500, 1, None)]
    assert in_doubt(seen) == []
