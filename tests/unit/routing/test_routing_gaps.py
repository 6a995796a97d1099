"""Missing files: who votes on what after a gap (docs/definitions.md, "Who can see")."""

from __future__ import annotations

from routing_world import T0, World

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
FILLER = [f"10.{n}.0.0/16" for n in range(96)]
ALL = FOUR + FILLER


def two_collectors(world: World, first: int = 2, second: int = 2):  # type: ignore[no-untyped-def]
    """rrc00 with `first` sessions and rrc01 with `second`, of distinct ASes, all full."""
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a = [rrc0.peer(100 + i) for i in range(first)]
    b = [rrc1.peer(200 + i) for i in range(second)]
    rrc0.table(T0, dict.fromkeys(a, ALL))
    rrc1.table(T0, dict.fromkeys(b, ALL))
    return rrc0, rrc1, a, b


def test_sessions_are_unknown_through_a_gap_and_have_lost_nothing() -> None:
    world = World()
    rrc0, _rrc1, _a, _b = two_collectors(world, 2, 3)
    rrc0.gap(T0 + 300, T0 + 600)
    seen = world.seen(T0 + 1000)
    assert [seen.known(T0 + t) for t in (299, 300, 599, 600)] == [5, 3, 3, 5]
    assert seen.steps(1) == [(0, 4)]


def test_a_gap_of_every_collector_is_no_sight() -> None:
    world = World()
    rrc0, rrc1, _a, _b = two_collectors(world)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc1.gap(T0 + 300, T0 + 900)
    seen = world.seen(T0 + 1000)
    assert seen.unknown() == [(300, 600)]
    assert seen.steps(1) == [(0, 4)]


def test_votes_count_at_once_where_nobody_else_flipped() -> None:
    world = World()
    rrc0, rrc1, _a, b = two_collectors(world)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc1.withdraw(T0 + 700, b[0], FOUR[0])
    rrc1.withdraw(T0 + 700, b[1], FOUR[0])
    seen = world.seen(T0 + 1000)
    # Two of four: half, since both of rrc00 vote from 600 on.
    assert seen.visible(FOUR[0], T0 + 700)


def test_a_vote_is_left_out_where_another_flipped_meanwhile() -> None:
    world = World()
    rrc0, rrc1, _a, b = two_collectors(world)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc1.withdraw(T0 + 400, b[0], FOUR[0])
    rrc1.withdraw(T0 + 400, b[1], FOUR[0])
    seen = world.seen(T0 + 1000)
    assert not seen.visible(FOUR[0], T0 + 500)
    # At 600 rrc00's old routes must not bring it back: two votes of four expected, none has it.
    assert not seen.visible(FOUR[0], T0 + 900)
    assert seen.visible(FOUR[1], T0 + 900)


def test_heard_again_by_an_update_that_changes_nothing() -> None:
    world = World()
    rrc0, rrc1, a, b = two_collectors(world)
    rrc0.gap(T0 + 300, T0 + 600)
    for p in b:
        rrc1.withdraw(T0 + 400, p, FOUR[0])
    for p in a:
        rrc0.announce(T0 + 700, p, FOUR[0])
    seen = world.seen(T0 + 1000)
    assert not seen.visible(FOUR[0], T0 + 699)
    assert seen.visible(FOUR[0], T0 + 700)


def test_heard_again_by_a_withdrawal_of_what_was_never_held() -> None:
    # Whichever collector is read first: the prefix has its number before or after rrc00's gap.
    for first in ("rrc00", "rrc01"):
        world = World()
        rrc0, rrc1, a, b = two_collectors(world, 4, 4)
        if first == "rrc01":
            world.collectors.reverse()
        new = "175.45.179.128/25"
        rrc0.gap(T0 + 300, T0 + 600)
        for p in b:
            rrc1.announce(T0 + 400, p, new)
        for p in a[:3]:
            rrc0.withdraw(T0 + 700, p, new)
        for p in b[:2]:
            rrc1.withdraw(T0 + 800, p, new)
        seen = world.seen(T0 + 1000)
        # At 700: four of seven have it; at 800: two of seven.
        assert seen.visible(new, T0 + 700), first
        assert not seen.visible(new, T0 + 800), first


def test_the_next_table_ends_what_a_gap_left_open() -> None:
    world = World()
    rrc0, rrc1, a, b = two_collectors(world)
    rrc0.gap(T0 + 300, T0 + 600)
    for p in b:
        rrc1.withdraw(T0 + 400, p, FOUR[0], FOUR[1])
    rrc0.table(T0 + 800, {a[0]: ALL, a[1]: ALL})
    rrc0.withdraw(T0 + 900, a[0], FOUR[1])
    seen = world.seen(T0 + 1000)
    assert not seen.visible(FOUR[0], T0 + 799)
    assert seen.visible(FOUR[0], T0 + 800)  # two of four have it
    assert not seen.visible(FOUR[1], T0 + 900)


def test_fewer_than_half_of_the_expected_voting_keeps_the_former_visibility() -> None:
    world = World()
    rrc0, rrc1, _a, b = two_collectors(world, 4, 3)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc1.withdraw(T0 + 650, b[2], FOUR[1])
    for p in b:
        rrc1.withdraw(T0 + 590, p, FOUR[0])
    rrc1.announce(T0 + 610, b[0], FOUR[1])
    seen = world.seen(T0 + 1000)
    # While rrc00 is away three of seven are known: no sight, nothing is judged.
    assert seen.unknown() == [(300, 600)]
    # Afterwards four do not vote on FOUR[0]: three votes of seven expected. It stays as it was last seen.
    assert seen.visible(FOUR[0], T0 + 999)


def test_a_session_that_was_down_before_the_gap_stays_unknown() -> None:
    world = World()
    rrc0, _rrc1, a, _b = two_collectors(world, 2, 3)
    rrc0.down(T0 + 200, a[0])
    rrc0.gap(T0 + 300, T0 + 600)
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 700) == 4


def test_a_session_down_before_a_gap_and_talking_after_it_may_have_transferred_within() -> None:
    # It came up in the gap and sent its table there; what it says afterwards is no whole transfer.
    world = World()
    rrc0, rrc1, a, b = two_collectors(world, 1, 2)
    rrc0.down(T0 + 200, a[0])
    rrc0.gap(T0 + 300, T0 + 600)
    rrc0.announce(T0 + 700, a[0], *FILLER[:60])
    rrc1.withdraw(T0 + 800, b[0], FOUR[0])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 999) == 2
    assert seen.visible(FOUR[0], T0 + 999)


def test_a_transfer_that_a_gap_cut_into_is_not_trusted() -> None:
    world = World()
    rrc0, _rrc1, a, _b = two_collectors(world, 2, 3)
    rrc0.down(T0 + 280, a[0])
    rrc0.up(T0 + 281, a[0])
    rrc0.announce(T0 + 290, a[0], *ALL[10:60])
    rrc0.gap(T0 + 300, T0 + 600)
    rrc0.announce(T0 + 601, a[0], *ALL[60:])
    rrc0.end_of_rib(T0 + 602, a[0])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 999) == 4
    assert seen.steps(1) == [(0, 4)]


def test_a_table_within_a_gap_does_not_end_the_gap() -> None:
    world = World()
    rrc0, rrc1, a, b = two_collectors(world, 2, 3)
    rrc0.gap(T0 + 300, T0 + 900)
    # As in an archive: the missing files lie around the table.
    rrc0.table(T0 + 600, dict.fromkeys(a, ALL))
    for p in b[:2]:
        rrc1.withdraw(T0 + 500, p, FOUR[1])
    for p in b:
        rrc1.withdraw(T0 + 700, p, FOUR[0])
    rrc0.announce(T0 + 950, a[0], FOUR[0])
    rrc0.announce(T0 + 950, a[1], FOUR[0])
    rrc1.announce(T0 + 960, b[0], FOUR[0])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 650) == 3
    assert seen.known(T0 + 900) == 5
    # Flipped by others after the table: out until heard, even by an update that changes nothing.
    assert not seen.visible(FOUR[0], T0 + 900)
    assert not seen.visible(FOUR[0], T0 + 950)  # two of five
    assert seen.visible(FOUR[0], T0 + 960)  # three of five
    # Flipped by others before the table: the table has told, the votes count when the gap is over.
    assert seen.visible(FOUR[1], T0 + 900)  # three of five


def test_a_gap_that_ends_before_it_begins_is_none() -> None:
    world = World()
    rrc0, _rrc1, a, _b = two_collectors(world, 2, 1)
    rrc0.announce(T0 + 610, a[0], FOUR[0])
    rrc0.gap(T0 + 610, T0 + 600)
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 999) == 3


def test_an_element_dated_within_the_gap_before_it_is_not_undone_by_the_gaps_end() -> None:
    world = World()
    rrc0, _rrc1, a, _b = two_collectors(world, 2, 2)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc0.down(T0 + 599, a[0])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 700) == 3


def test_two_gaps_side_by_side_are_as_one() -> None:
    world = World()
    rrc0, rrc1, _a, b = two_collectors(world)
    rrc0.gap(T0 + 280, T0 + 300)
    rrc0.gap(T0 + 300, T0 + 600)
    for p in b:
        rrc1.withdraw(T0 + 290, p, FOUR[0])
        rrc1.withdraw(T0 + 500, p, FOUR[1])
    seen = world.seen(T0 + 1000)
    assert seen.known(T0 + 450) == 2
    assert not seen.visible(FOUR[0], T0 + 700)
    assert not seen.visible(FOUR[1], T0 + 700)


def test_left_out_after_a_gap_counts_again_after_a_whole_new_transfer() -> None:
    world = World()
    rrc0, rrc1, a, b = two_collectors(world, 3, 3)
    rrc0.gap(T0 + 300, T0 + 400)
    for p in b[:2]:
        rrc1.withdraw(T0 + 350, p, FOUR[0])
    for p in a:
        rrc0.down(T0 + 500, p)
        rrc0.up(T0 + 500, p)
        rrc0.announce(T0 + 501, p, *ALL)
        rrc0.end_of_rib(T0 + 502, p)
    seen = world.seen(T0 + 1000)
    # Four of six have it once rrc00's sessions have sent all they have.
    assert not seen.visible(FOUR[0], T0 + 450)
    assert seen.visible(FOUR[0], T0 + 502)


def test_the_end_of_a_collectors_input_is_a_gap() -> None:
    world = World()
    rrc0, _rrc1, _a, _b = two_collectors(world, 2, 3)
    rrc0.ends = T0 + 500
    seen = world.seen(T0 + 1000)
    assert (seen.known(T0 + 499), seen.known(T0 + 500)) == (5, 3)
