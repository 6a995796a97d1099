"""From when on a change may have happened without being seen (docs/definitions.md, "Who can see", "Episodes")."""

from __future__ import annotations

import numpy as np
from routing_world import T0, Collector, Seen, World

from nightside.model.entity import Entity
from nightside.routing.observation import Changes, Observation
from nightside.signals.units import unit_signals

FOUR = [f"175.45.{n}.0/24" for n in range(176, 180)]
FILLER = [f"10.{n}.0.0/16" for n in range(96)]
ALL = FOUR + FILLER
P = FOUR[0]
WITHOUT = ALL[1:]


def full(collector: Collector, number: int, first_asn: int) -> list[int]:
    """So many sessions of distinct ASes, with the whole table at T0."""
    peers = [collector.peer(first_asn + i) for i in range(number)]
    collector.table(T0, dict.fromkeys(peers, ALL))
    return peers


def changes(seen: Seen, prefix: str = P) -> list[tuple[int, int, int | None]]:
    """(second, change, since) of a prefix, seconds from T0; since is None where nothing was hidden."""
    told = seen.saw.prefixes
    return [
        (second - T0, change, since - T0 if since else None)
        for second, number, change, since in zip(
            *(c.tolist() for c in (told.second, told.number, told.change, told.since)), strict=True
        )
        if number == seen.id(prefix)
    ]


def three_collectors(world: World) -> tuple[list[Collector], list[list[int]]]:
    """Nine ASes at three collectors; from 700 to 1000 only three of them vote on P, none of which has it."""
    collectors = [world.collector(f"rrc0{i}") for i in range(3)]
    peers = [full(c, 3, 100 * (1 + i)) for i, c in enumerate(collectors)]
    collectors[0].gap(T0 + 300, T0 + 600)
    collectors[1].gap(T0 + 700, T0 + 1000)
    # Meanwhile flipped by others: rrc00 is left out of P from 600 on. Three of six have it.
    for p in peers[2]:
        collectors[2].withdraw(T0 + 400, p, P)
    return collectors, peers


def test_too_few_votes_keep_and_the_votes_that_return_tell_since_when() -> None:
    world = World()
    (rrc0, _rrc1, _rrc2), (a, _b, _c) = three_collectors(world)
    rrc0.withdraw(T0 + 750, a[0], P)  # four votes of nine expected: too few
    rrc0.withdraw(T0 + 760, a[1], P)  # five
    seen = world.seen(T0 + 990)
    assert seen.unknown() == []
    assert seen.visible(P, T0 + 759)
    assert changes(seen) == [(760, -1, 700)]
    assert seen.steps(1) == [(0, 4), (760, 3)]
    assert seen.signal(1).unseen_since == {T0 + 760: T0 + 700}


def test_votes_that_return_and_change_nothing_end_what_was_unseen() -> None:
    world = World()
    (rrc0, _rrc1, _rrc2), (a, _b, _c) = three_collectors(world)
    for p in a:
        rrc0.announce(T0 + 750, p, P)  # three of six have it: visible as before
    rrc0.withdraw(T0 + 1100, a[0], P)
    rrc0.withdraw(T0 + 1200, a[1], P)  # four of nine
    seen = world.seen(T0 + 1500)
    assert changes(seen) == [(1200, -1, None)]
    assert seen.signal(1).unseen_since == {}


def test_what_has_votes_enough_meanwhile_is_not_unseen() -> None:
    world = World()
    (rrc0, _rrc1, rrc2), (a, _b, c) = three_collectors(world)
    for collector, peers in ((rrc0, a), (rrc2, c)):
        for p in peers[:2]:
            collector.withdraw(T0 + 800, p, FOUR[1])
    seen = world.seen(T0 + 990)
    # Two of six known ASes are left.
    assert changes(seen, FOUR[1]) == [(800, -1, None)]


def test_too_few_votes_after_no_sight_at_all_are_unseen_since_sight_was_lost() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a, b = full(rrc0, 4, 100), full(rrc1, 3, 200)
    rrc0.gap(T0 + 300, T0 + 600)
    for p in b:
        rrc1.withdraw(T0 + 400, p, P)
    # From 300 to 600 three of seven are known; then four are left out of P, until they are heard.
    for p in a:
        rrc0.withdraw(T0 + 700, p, P)
    seen = world.seen(T0 + 990)
    assert seen.unknown() == [(300, 600)]
    assert changes(seen) == [(700, -1, 300)]


def test_a_table_that_corrects_what_a_gap_hid_tells_the_gaps_begin() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a, b = full(rrc0, 3, 100), full(rrc1, 4, 200)
    rrc1.withdraw(T0 + 200, b[0], P)
    rrc1.withdraw(T0 + 200, b[1], P)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc0.table(T0 + 800, dict.fromkeys(a, WITHOUT))
    seen = world.seen(T0 + 990)
    # Five of seven until the table, two from then on; nobody said it.
    assert seen.unknown() == []
    assert changes(seen) == [(800, -1, 300)]
    assert seen.signal(1).unseen_since == {T0 + 800: T0 + 300}


def test_a_gap_of_all_collectors_is_corrected_by_the_tables_in_both_directions() -> None:
    for lost in (True, False):
        world = World()
        rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
        a, b = full(rrc0, 2, 100), full(rrc1, 2, 200)
        if not lost:
            for rrc, peers in ((rrc0, a), (rrc1, b)):
                for p in peers:
                    rrc.withdraw(T0 + 100, p, P)
        for rrc in (rrc0, rrc1):
            rrc.gap(T0 + 300, T0 + 600)
        rrc0.table(T0 + 800, dict.fromkeys(a, WITHOUT if lost else ALL))
        rrc1.table(T0 + 807, dict.fromkeys(b, WITHOUT if lost else ALL))
        seen = world.seen(T0 + 990)
        assert seen.unknown() == [(300, 600)]
        # Two of four are half: gone with the second table, or back with the first.
        assert changes(seen)[-1] == ((807, -1, 300) if lost else (800, 1, 300))


def test_two_gaps_before_one_table_are_unseen_since_the_first() -> None:
    world = World()
    rrc0 = world.collector("rrc00")
    a = full(rrc0, 3, 100)
    full(world.collector("rrc01"), 3, 200)
    for begin in (300, 900):
        rrc0.gap(T0 + begin, T0 + begin + 300)
    rrc0.table(T0 + 1500, dict.fromkeys(a, WITHOUT))
    rrc0.withdraw(T0 + 1400, a[0], FOUR[1])
    seen = world.seen(T0 + 2000)
    # Three of six are half.
    assert changes(seen) == []
    world.collectors[1].withdraw(T0 + 1450, 0, P)
    assert changes(world.seen(T0 + 2000)) == [(1500, -1, 300)]


def test_a_table_without_a_gap_before_it_corrects_as_of_its_own_second() -> None:
    for tables in (1, 2):
        world = World()
        rrc0 = world.collector("rrc00")
        a = full(rrc0, 3, 100)
        if tables == 2:
            # There was a gap, but a table since has told what it hid.
            rrc0.gap(T0 + 300, T0 + 600)
            full(world.collector("rrc01"), 2, 200)
            rrc0.table(T0 + 700, dict.fromkeys(a, ALL))
        rrc0.table(T0 + 800, dict.fromkeys(a, WITHOUT))
        assert changes(world.seen(T0 + 990)) == [(800, -1, None)], tables


def test_what_only_a_partial_feeds_table_corrects_says_nothing_of_later_changes() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    a, partial = rrc0.peer(100), rrc0.peer(101)
    rrc0.table(T0, {a: ALL, partial: FOUR})
    b = full(rrc1, 3, 200)
    rrc0.gap(T0 + 300, T0 + 600)
    rrc0.table(T0 + 800, {a: ALL, partial: FOUR[1:]})
    for p in b:
        rrc1.withdraw(T0 + 900, p, P)
    assert changes(world.seen(T0 + 990)) == [(900, -1, None)]


def test_what_a_table_corrects_of_one_of_an_ases_two_sessions_says_nothing_of_later_changes() -> None:
    world = World()
    rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
    full(rrc1, 3, 200)
    twin = rrc0.peer(200)
    rrc0.table(T0, {twin: ALL})
    rrc0.gap(T0 + 300, T0 + 600)
    # The AS has it all the same, by its session at rrc01.
    rrc0.table(T0 + 800, {twin: WITHOUT})
    for p in range(3):
        rrc1.withdraw(T0 + 900, p, P)
    assert changes(world.seen(T0 + 990)) == [(900, -1, None)]


def test_of_several_changes_in_one_second_the_earliest_counts() -> None:
    second, since = T0 + 800, [T0 + 500, T0 + 300, 0]
    number = [(175 << 16) + (45 << 8) + n for n in (176, 177, 178)]
    reachable = np.zeros(1 << 24, np.uint8)
    reachable[number] = 1
    owner = np.zeros(1 << 24, np.uint16)
    owner[number] = [1, 1, 2]
    units = Changes(
        np.full(3, second, np.uint32),
        np.array(number, np.uint32),
        np.full(3, -1, np.int32),
        np.array(since, np.uint32),
    )
    none = np.zeros(0, np.uint8)
    nothing = Changes(*(c[:0] for c in vars(units).values()))
    saw = Observation(T0, T0 + 990, reachable, none, units, nothing, nothing, [], [])
    names = {n: Entity("country", code, code) for n, code in ((1, "XA"), (2, "XB"))}
    signals = unit_signals(saw, names, owner)
    assert [signals[n].unseen_since for n in (1, 2)] == [{second: T0 + 300}, {}]
    assert [signals[n].units for n in (1, 2)] == [[2, 0], [1, 0]]


def test_what_others_say_in_the_second_of_a_gaps_end_leaves_nobody_out() -> None:
    for first in ("rrc00", "rrc01"):
        world = World()
        rrc0, rrc1 = world.collector("rrc00"), world.collector("rrc01")
        full(rrc0, 2, 100)
        b = full(rrc1, 3, 200)
        if first == "rrc01":
            world.collectors.reverse()
        rrc0.gap(T0 + 300, T0 + 600)
        for p in b[:2]:
            rrc1.withdraw(T0 + 600, p, P)
        rrc1.withdraw(T0 + 700, b[2], P)
        # Three of five at 600, two at 700; without rrc00's votes it would have been one of three.
        assert changes(world.seen(T0 + 990)) == [(700, -1, None)], first
