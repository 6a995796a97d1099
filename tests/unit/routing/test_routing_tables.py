"""Tables: swapped in whole, against the updates around them (docs/definitions.md; FACTS on dumps)."""

from __future__ import annotations

from routing_world import T0, World

from nightside.routing.log import EVENT_KINDS

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
FILLER = [f"10.{n}.0.0/16" for n in range(96)]
ALL = FOUR + FILLER
H = 3600


def without(*prefixes: str) -> list[str]:
    return [p for p in ALL if p not in prefixes]


def test_a_new_table_is_swapped_in_whole_and_removes_stuck_routes() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: ALL})
    rrc.announce(T0 + 100, a, FILLER[0])
    rrc.table(T0 + 8 * H, {a: without(FOUR[0])})
    rrc.announce(T0 + 9 * H, a, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.steps(1) == [(0, 4), (8 * H, 3)]


def test_what_a_table_changes_is_no_loss_of_the_flips() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: ALL})
    rrc.table(T0 + 8 * H, {a: without(FOUR[0])})
    seen = world.seen(T0 + 10 * H)
    kinds = {int(k) for k in seen.timeline.kind[seen.timeline.prefix == seen.id(FOUR[0])]}
    assert kinds == {EVENT_KINDS["TABLE_FLIP"]}


def test_updates_in_the_minute_before_the_dump_win() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: ALL})
    rrc.withdraw(T0 + 8 * H - 61, a, FOUR[0])
    rrc.withdraw(T0 + 8 * H - 60, a, FOUR[1])
    rrc.table(T0 + 8 * H, {a: ALL})
    rrc.announce(T0 + 9 * H, a, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    # FOUR[0] was withdrawn early enough for the table to know better.
    assert seen.visible(FOUR[0], T0 + 8 * H)
    assert not seen.visible(FOUR[1], T0 + 8 * H)


def test_updates_during_the_dump_win() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: ALL})
    rrc.table(T0 + 8 * H, {a: without(FOUR[1])}, until=T0 + 8 * H + 120)
    rrc.withdraw(T0 + 8 * H + 30, a, FOUR[0])
    rrc.announce(T0 + 8 * H + 31, a, FOUR[1])
    rrc.withdraw(T0 + 8 * H + 31, a, FOUR[2])
    rrc.announce(T0 + 8 * H + 32, a, FOUR[2])
    rrc.announce(T0 + 9 * H, a, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert not seen.visible(FOUR[0], T0 + 9 * H)
    assert seen.visible(FOUR[1], T0 + 9 * H)
    assert seen.visible(FOUR[2], T0 + 9 * H)


def test_the_first_table_too_gives_way_to_updates_as_young() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.withdraw(T0 - 10, a, FOUR[0])
    rrc.table(T0, {a: ALL})
    seen = world.seen(T0 + 100)
    assert seen.units(1, T0) == 3


def test_what_was_said_long_before_the_first_table_is_forgotten_by_it() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    for p in (a, b):
        rrc.announce(T0 - 600, p, "175.45.178.0/23")
    rrc.table(T0, dict.fromkeys((a, b), ALL[:2] + FILLER))
    seen = world.seen(T0 + 100)
    assert not seen.visible("175.45.178.0/23", T0)
    assert seen.units(1, T0) == 2


def test_silent_for_an_hour_and_absent_from_the_next_table_is_unknown() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, silent, talking = rrc.peer(100), rrc.peer(101), rrc.peer(102)
    rrc.table(T0, dict.fromkeys((a, silent, talking), ALL))
    rrc.announce(T0 + 8 * H - 100, talking, FILLER[0])
    rrc.table(T0 + 8 * H, {a: ALL})
    rrc.announce(T0 + 9 * H, a, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.known(T0 + 8 * H - 1) == 3
    assert seen.known(T0 + 8 * H) == 2
    assert seen.steps(1) == [(0, 4)]


def test_silent_but_in_the_next_table_is_known() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: ALL, b: ALL})
    rrc.table(T0 + 8 * H, {a: ALL, b: ALL})
    assert world.seen(T0 + 10 * H).known(T0 + 9 * H) == 2


def test_silent_after_it_withdrew_everything_is_unknown_too() -> None:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(3)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    rrc.withdraw(T0 + 100, peers[2], *ALL)
    rrc.table(T0 + 8 * H, dict.fromkeys(peers[:2], ALL))
    rrc.announce(T0 + 9 * H, peers[0], FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.known(T0 + 8 * H) == 2


def test_back_in_a_later_table_with_that_table_and_nothing_of_before() -> None:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(3)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    rrc.table(T0 + 8 * H, {peers[0]: ALL})
    rrc.table(T0 + 16 * H, {p: without(FOUR[0]) if p else ALL for p in peers})
    seen = world.seen(T0 + 17 * H)
    assert [seen.known(T0 + h * H) for h in (7, 8, 15, 16)] == [3, 1, 1, 3]
    # At the start all had it; now one of three.
    assert seen.units(1, T0) == 4
    assert seen.visible(FOUR[0], T0 + 15 * H)
    assert not seen.visible(FOUR[0], T0 + 16 * H)


def test_a_truncated_table_never_implies_absence_for_who_is_known() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: ALL, b: ALL})
    rrc.table(T0 + 8 * H, {a: FILLER[:10]}, truncated=True)
    rrc.announce(T0 + 9 * H, a, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.steps(1) == [(0, 4)]
    assert seen.known(T0 + 9 * H) == 2


def test_a_truncated_table_of_another_day_takes_nobodys_full_feed() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: ALL, b: ALL})
    rrc.table(T0 + 24 * H, {a: FILLER[:10], b: FILLER[:10]}, truncated=True)
    rrc.announce(T0 + 25 * H, a, FILLER[0])
    seen = world.seen(T0 + 26 * H)
    assert seen.known(T0 + 25 * H) == 2
    assert seen.unknown() == []


def test_a_truncated_table_never_implies_absence_for_who_is_new() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a = rrc0.peer(100)
    more = [rrc1.peer(200 + i) for i in range(3)]
    rrc0.table(T0, {a: ALL})
    # rrc01's table breaks off before the end of the list.
    rrc1.table(T0 + 10, dict.fromkeys(more, FILLER + FOUR[:2]), truncated=True)
    rrc1.announce(T0 + 500, more[0], FOUR[2])
    rrc1.withdraw(T0 + 500, more[1], FOUR[2])
    rrc1.withdraw(T0 + 500, more[2], FOUR[2])
    seen = world.seen(T0 + 1000)
    # Their votes on FOUR[2] and FOUR[3] are left out: one of four expected votes, and nothing is judged.
    assert seen.visible(FOUR[3], T0 + 999)
    # Heard since: two of four have it.
    assert seen.visible(FOUR[2], T0 + 500)


def test_a_table_from_before_the_session_left_does_not_bring_it_back() -> None:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(3)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    rrc.table(T0 + 8 * H, dict.fromkeys(peers, ALL), until=T0 + 8 * H + 120)
    rrc.down(T0 + 8 * H + 60, peers[0])
    rrc.announce(T0 + 9 * H, peers[1], FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.known(T0 + 9 * H) == 2


def test_a_table_from_before_a_reset_does_not_bring_back_what_the_transfer_did_not() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: ALL})
    rrc.table(T0 + 8 * H, {a: ALL}, until=T0 + 8 * H + 120)
    rrc.down(T0 + 8 * H + 10, a)
    rrc.up(T0 + 8 * H + 20, a)
    rrc.announce(T0 + 8 * H + 30, a, *without(FOUR[0]))
    rrc.end_of_rib(T0 + 8 * H + 31, a)
    rrc.announce(T0 + 9 * H, a, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.units(1, T0 + 9 * H) == 3


def test_a_session_seen_up_again_only_by_a_later_table_is_known_from_it() -> None:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(3)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    rrc.down(T0 + H, peers[0])
    rrc.table(T0 + 8 * H, dict.fromkeys(peers, ALL))
    seen = world.seen(T0 + 10 * H)
    assert [seen.known(T0 + h * H) for h in (7, 8)] == [2, 3]


def test_a_transfer_that_ends_after_the_table_is_in_ends_after_it_in_the_log_too() -> None:
    # The table is dumped while a transfer runs; the next word from the collector comes long after both.
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: ALL, b: ALL})
    rrc.down(T0 + 8 * H - 200, a)
    rrc.up(T0 + 8 * H - 199, a)
    rrc.announce(T0 + 8 * H - 10, a, *ALL[:90])
    rrc.table(T0 + 8 * H, {a: ALL[:90], b: ALL})
    rrc.announce(T0 + 9 * H, b, FILLER[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.known(T0 + 8 * H + 19) == 1
    assert seen.known(T0 + 8 * H + 20) == 2  # 30 seconds after its last word
    assert bool(seen.tables[0].routes(0, _ids(seen.id(ALL[95])))[0]) is False


def test_a_transfer_that_quiet_ended_is_over_when_the_next_table_comes() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.up(T0, a)
    rrc.announce(T0 + 10, a, FOUR[0])
    # Between the transfer and the second table nothing but the first one tells that time goes on.
    rrc.table(T0 + 600, {a: [FOUR[1]]})
    rrc.table(T0 + 700, {a: [FOUR[2]]})
    seen = world.seen(T0 + 800)
    assert seen.saw.start == T0 + 40
    assert [seen.visible(FOUR[0], T0 + at) for at in (40, 599, 600)] == [True, True, False]
    assert [seen.visible(FOUR[1], T0 + at) for at in (599, 600, 699, 700)] == [False, True, True, False]
    assert [seen.visible(FOUR[2], T0 + at) for at in (699, 700)] == [False, True]


def test_left_out_in_a_tail_counts_again_after_a_table_that_brought_the_session_back() -> None:
    world = World()
    rrc = world.collector("rrc00")
    peers = [rrc.peer(100 + i) for i in range(3)]
    rrc.table(T0, dict.fromkeys(peers, ALL))
    for p in peers[:2]:
        rrc.down(T0 + H, p)
        rrc.up(T0 + H, p)
        rrc.announce(T0 + H + 1, p, *ALL[1:])  # in the tail: FOUR[0] is left out
        rrc.down(T0 + H + 10, p)
    rrc.table(T0 + 8 * H, dict.fromkeys(peers, ALL))
    rrc.withdraw(T0 + 9 * H, peers[2], FOUR[0])
    seen = world.seen(T0 + 10 * H)
    assert seen.known(T0 + 9 * H) == 3
    assert seen.visible(FOUR[0], T0 + 9 * H)


def test_tables_count_for_full_feed_what_they_hold() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a, b = rrc.peer(100), rrc.peer(101)
    rrc.table(T0, {a: ALL, b: ALL[:10]})
    (table,) = world.seen(T0 + 10).logs[0].tables
    assert (table.begin, table.end, table.truncated) == (T0, T0, False)
    assert table.routes == {(0, 4): 100, (1, 4): 10}


def test_a_table_of_the_second_collector_starts_what_is_told() -> None:
    # First tables up to a quarter of an hour apart belong to one start.
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a, b = rrc0.peer(100), rrc1.peer(200)
    rrc0.table(T0, {a: ALL})
    rrc1.table(T0 + 100, {b: ALL})
    assert world.seen(T0 + 1000).saw.start == T0 + 100


def _ids(number: int):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.array([number], np.uint32)
