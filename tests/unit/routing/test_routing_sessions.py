"""Who can see: sessions that leave, come back, transfer their tables (docs/definitions.md, "Who can see")."""

from __future__ import annotations

import pytest
from routing_world import HOME, T0, UPSTREAM, Collector, World

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
# Others' networks: they make tables large and are nobody's.
FILLER = [f"10.{n}.0.0/16" for n in range(96)]
ALL = FOUR + FILLER


def collector_of(n_peers: int, world: World) -> tuple[Collector, list[int]]:
    """A collector whose sessions, of ASes 100, 101, …, all hold everything from T0 on."""
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(n_peers)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    return rrc, peers


def test_a_table_makes_sessions_known() -> None:
    world = World()
    collector_of(3, world)
    seen = world.seen(T0 + 100)
    assert seen.saw.start == T0
    assert seen.known(T0) == 3
    assert seen.units(1, T0) == 4


def test_a_withdrawal_by_more_than_half_takes_a_unit() -> None:
    world = World()
    rrc, peers = collector_of(4, world)
    for i, p in enumerate(peers):
        rrc.withdraw(T0 + 100 + i, p, FOUR[0])
    seen = world.seen(T0 + 1000)
    # Visible while at least half have it: two of four still do after the second withdrawal.
    assert seen.steps(1) == [(0, 4), (102, 3)]


def test_a_session_that_leaves_established_is_unknown_and_has_withdrawn_nothing() -> None:
    world = World()
    rrc, peers = collector_of(5, world)
    for p in peers[:2]:
        rrc.down(T0 + 100, p)
    seen = world.seen(T0 + 1000)
    assert seen.steps(1) == [(0, 4)]
    assert (seen.known(T0 + 99), seen.known(T0 + 100)) == (5, 3)
    assert seen.unknown() == []


def test_less_than_half_of_the_expected_known_is_no_sight() -> None:
    world = World()
    rrc, peers = collector_of(4, world)
    for i, p in enumerate(peers):
        rrc.down(T0 + 100 + 10 * i, p)
    seen = world.seen(T0 + 1000)
    assert seen.unknown() == [(120, 1000)]  # two of four is still half
    assert seen.steps(1) == [(0, 4)]


def test_the_expected_are_those_of_the_last_day() -> None:
    world = World()
    rrc, peers = collector_of(4, world)
    for p in peers[:3]:
        rrc.down(T0 + 100, p)
    rrc.withdraw(T0 + 200, peers[3], "10.0.0.0/16")
    rrc.withdraw(T0 + 2 * 86400, peers[3], "10.1.0.0/16")
    seen = world.seen(T0 + 3 * 86400)
    assert seen.view(T0 + 100 + 86400 - 1).expected == 4
    assert seen.view(T0 + 100 + 86400 + 1).expected == 1
    assert seen.unknown() == [(100, 100 + 86400)]


@pytest.mark.parametrize("how", ["end of rib", "quiet"])
def test_a_transfer_ends_and_the_session_is_known_again(how: str) -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    rrc.down(T0 + 100, peers[0])
    rrc.up(T0 + 200, peers[0])
    rrc.announce(T0 + 210, peers[0], *ALL[:90])
    if how == "end of rib":
        rrc.end_of_rib(T0 + 220, peers[0])
    rrc.announce(T0 + 300, peers[1], ALL[0])
    seen = world.seen(T0 + 1000)
    back = 220 if how == "end of rib" else 240
    assert seen.known(T0 + back - 1) == 2
    assert seen.known(T0 + back) == 3


def test_what_did_not_come_back_by_the_end_of_the_transfer_is_gone_and_no_loss() -> None:
    world = World()
    rrc, peers = collector_of(2, world)
    for p in peers:
        rrc.down(T0 + 100, p)
        rrc.up(T0 + 110, p)
        rrc.announce(T0 + 120, p, *ALL[1:91])
        rrc.end_of_rib(T0 + 121, p)
    seen = world.seen(T0 + 1000)
    # Both are unknown until 121; then the state seen decides.
    assert seen.unknown() == [(100, 121)]
    assert seen.units(1, T0 + 121) == 3


def test_95_percent_back_makes_known_and_the_rest_is_left_out_until_heard() -> None:
    world = World()
    rrc, peers = collector_of(2, world)
    p = peers[0]
    rrc.withdraw(T0 + 50, peers[1], FOUR[0])
    rrc.down(T0 + 100, p)
    rrc.up(T0 + 100, p)
    rrc.announce(T0 + 101, p, *ALL[4:99])  # 95 of 100; missing are the four and one more
    rrc.announce(T0 + 110, p, FOUR[1])
    seen = world.seen(T0 + 130)
    assert seen.known(T0 + 100) == 1
    assert seen.known(T0 + 101) == 2
    # FOUR[0]: peer 1 has it not, peer 0 does not vote; one vote of two expected is enough: no route.
    assert not seen.visible(FOUR[0], T0 + 105)
    # FOUR[2]: only peer 1 votes, and has it.
    assert seen.visible(FOUR[2], T0 + 105)


def test_the_last_five_percent_are_gone_when_the_tail_ends() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    for p in peers[:2]:
        rrc.down(T0 + 100, p)
        rrc.up(T0 + 100, p)
        rrc.announce(T0 + 101, p, *ALL[1:])
    rrc.announce(T0 + 200, peers[2], FOUR[1])
    seen = world.seen(T0 + 1000)
    # From 101 on all three are known; two of them do not vote on FOUR[0], one has it. Fewer than half of three.
    assert seen.known(T0 + 101) == 3
    assert seen.visible(FOUR[0], T0 + 130)
    # 30 seconds of quiet: what is still missing is gone.
    assert not seen.visible(FOUR[0], T0 + 131)


def test_the_tail_ends_by_end_of_rib_too() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    for p in peers[:2]:
        rrc.down(T0 + 100, p)
        rrc.up(T0 + 100, p)
        rrc.announce(T0 + 101, p, *ALL[1:])
        rrc.end_of_rib(T0 + 105, p)
    seen = world.seen(T0 + 1000)
    assert seen.visible(FOUR[0], T0 + 104)
    assert not seen.visible(FOUR[0], T0 + 105)


def test_an_announcement_implies_established() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    rrc.down(T0 + 100, peers[0])
    rrc.announce(T0 + 200, peers[0], *ALL[:97])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 199) == 2
    assert seen.known(T0 + 200) == 3


def test_a_session_that_comes_up_out_of_the_blue_has_left_established() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    rrc.up(T0 + 100, peers[0])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 100) == 2


def test_a_transfer_broken_off_does_not_count_as_the_former_table() -> None:
    # A session never seen before sends 20 of 100 routes, flaps, and sends these 20 again: not 95 % of anything.
    world = World()
    rrc, peers = collector_of(2, world)
    new = rrc.peer(300)
    rrc.up(T0 + 100, new)
    rrc.announce(T0 + 101, new, *FILLER[:20])
    rrc.down(T0 + 102, new)
    rrc.up(T0 + 110, new)
    rrc.announce(T0 + 111, new, *FILLER[:20])
    rrc.announce(T0 + 120, new, *FILLER[20:])
    rrc.announce(T0 + 121, new, *FOUR)
    rrc.end_of_rib(T0 + 125, new)
    rrc.withdraw(T0 + 112, peers[0], "10.0.0.0/16")
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 112) == 2
    assert seen.known(T0 + 125) == 3
    assert seen.steps(1) == [(0, 4)]


def test_a_transfer_broken_off_keeps_the_former_table_where_there_was_one() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    p = peers[0]
    rrc.down(T0 + 100, p)
    rrc.up(T0 + 110, p)
    rrc.announce(T0 + 111, p, *ALL[:50])
    rrc.down(T0 + 112, p)
    rrc.up(T0 + 120, p)
    rrc.announce(T0 + 121, p, *ALL[:60])
    rrc.announce(T0 + 122, p, *ALL[60:94])
    rrc.announce(T0 + 123, p, ALL[94])
    seen = world.seen(T0 + 140)
    assert seen.known(T0 + 122) == 2
    assert seen.known(T0 + 123) == 3


def test_families_are_judged_each_on_its_own() -> None:
    world = World()
    rrc = world.collector("rrc00")
    both, only6 = rrc.peer(100), rrc.peer(200)
    six = [f"2001:db8:{n:x}::/48" for n in range(1, 200)]
    rrc.table(T0, {both: ALL, only6: six})
    seen = world.seen(T0 + 100)
    # Many IPv6 routes are no full feed of IPv4: one AS alone, and no vote for the other.
    assert seen.known(T0) == 1
    assert seen.units(1, T0) == 4


def test_an_end_of_rib_of_ipv6_says_nothing_about_ipv4() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    rrc.down(T0 + 100, peers[0])
    rrc.up(T0 + 101, peers[0])
    rrc.announce(T0 + 102, peers[0], *ALL[:50])
    rrc.end_of_rib(T0 + 103, peers[0], family=6)
    seen = world.seen(T0 + 110)
    assert seen.known(T0 + 105) == 2


def test_partial_feeds_have_no_vote() -> None:
    world = World()
    rrc = world.collector("rrc00")
    full = rrc.peer(100)
    partial = [rrc.peer(200 + i) for i in range(5)]
    rrc.table(T0, {full: ALL, **dict.fromkeys(partial, ALL[:49])})
    for p in partial:
        rrc.withdraw(T0 + 100, p, *FOUR)
    seen = world.seen(T0 + 1000)
    assert seen.known(T0) == 1
    assert seen.steps(1) == [(0, 4)]


def test_exactly_half_of_the_largest_table_is_a_full_feed() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(200)
    rrc.table(T0, {a: ALL, b: ALL[:50]})
    assert world.seen(T0 + 10).known(T0) == 2


def test_the_largest_table_is_that_of_all_collectors() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a, b = rrc0.peer(100), rrc1.peer(200)
    rrc0.table(T0, {a: ALL[:40]})
    rrc1.table(T0 + 60, {b: ALL})
    seen = world.seen(T0 + 100)
    assert seen.known(T0 + 60) == 1


def test_full_feed_is_judged_by_day() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(200)
    rrc.table(T0, {a: ALL, b: ALL})
    rrc.table(T0 + 8 * 3600, {a: ALL, b: ALL})
    day = 86400
    # The next day b's table is small, and so b has no vote from midnight on.
    rrc.table(T0 + day + 8 * 3600, {a: ALL, b: ALL[:30]})
    seen = world.seen(T0 + 2 * day)
    assert seen.known(T0 + day - 1) == 2
    assert seen.known(T0 + day) == 1


def test_without_a_table_the_ends_of_transfers_stand_for_it() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(200)
    for p, routes in ((a, ALL), (b, ALL[:20])):
        rrc.up(T0, p)
        rrc.announce(T0 + 1, p, *routes)
        rrc.end_of_rib(T0 + 5, p)
    rrc.announce(T0 + 100, a, ALL[0])
    seen = world.seen(T0 + 200)
    assert seen.saw.start == T0 + 5
    assert seen.known(T0 + 5) == 1
    assert seen.units(1, T0 + 5) == 4


def test_nothing_known_nothing_told() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.announce(T0, a, *ALL)
    rrc.withdraw(T0 + 60, a, *ALL)
    assert world.seen(T0 + 200).observation is None


def test_one_vote_for_an_as_at_several_collectors() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    big0, other0 = rrc0.peer(100), rrc0.peer(101)
    more = [rrc1.peer(100, f"198.51.100.{i}") for i in range(4)]
    rrc0.table(T0, {big0: ALL, other0: ALL})
    rrc1.table(T0, dict.fromkeys(more, ALL))
    for p in more:
        rrc1.withdraw(T0 + 100, p, FOUR[0])
    rrc0.withdraw(T0 + 200, big0, FOUR[0])
    rrc0.withdraw(T0 + 300, other0, FOUR[0])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0) == 2
    # While one session of AS100 has a route, AS100 has; two ASes, and one of two is half.
    assert seen.steps(1) == [(0, 4), (300, 3)]


def test_an_as_is_known_while_one_of_its_sessions_is() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a, b = rrc0.peer(100), rrc1.peer(100)
    rrc0.table(T0, {a: ALL})
    rrc1.table(T0, {b: ALL[1:]})
    rrc0.down(T0 + 100, a)
    rrc0.up(T0 + 200, a)
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 150) == 1
    assert seen.steps(1) == [(0, 4), (100, 3)]


def test_the_same_element_dated_before_its_forerunner_changes_the_order_of_nothing() -> None:
    # Clocks step back; the bytes' order is the order in which a session spoke.
    world = World()
    rrc, peers = collector_of(1, world)
    rrc.withdraw(T0 + 100, peers[0], FOUR[0])
    rrc.announce(T0 + 90, peers[0], FOUR[0])
    rrc.withdraw(T0 + 200, peers[0], FOUR[1])
    rrc.announce(T0 + 201, peers[0], FOUR[1])
    seen = world.seen(T0 + 1000)
    assert seen.units(1, T0 + 150) == 4
    assert seen.units(1, T0 + 1000) == 4


def test_as_zero_is_an_origin_like_any_other() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: {FOUR[0]: (100, UPSTREAM, 0), FOUR[1]: (100, UPSTREAM, HOME)}})
    rrc.announce(T0 + 100, a, FOUR[1], path=(100, UPSTREAM, 0))
    rrc.withdraw(T0 + 200, a, FOUR[0])
    seen = world.seen(T0 + 300)
    assert seen.steps(1) == [(0, 2), (200, 1)]
    assert 0 in seen.ways.origin[1:].tolist()


def test_a_prefix_no_one_else_has_is_not_visible_by_half_of_nothing() -> None:
    world = World()
    rrc, peers = collector_of(3, world)
    rrc.announce(T0 + 50, peers[0], "175.45.176.0/25", "203.0.113.0/24")
    seen = world.seen(T0 + 100)
    assert not seen.visible("203.0.113.0/24", T0 + 60)


def test_everything_within_one_second_is_judged_together() -> None:
    world = World()
    rrc, peers = collector_of(2, world)
    for p in peers:
        rrc.withdraw(T0 + 100.1, p, FOUR[0])
    for p in peers:
        rrc.announce(T0 + 100.9, p, FOUR[0])
    rrc.withdraw(T0 + 101, peers[0], FOUR[1])
    seen = world.seen(T0 + 1000)
    assert seen.steps(1) == [(0, 4)]
    assert len(seen.saw.units.second) == 0
