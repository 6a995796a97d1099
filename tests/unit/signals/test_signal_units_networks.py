"""Units of entities over time, the lanes of their networks, and operators' courses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from routing_world import HOME, T0, World, number_of

from nightside.signals.networks import PrefixHistory, entity_networks, longest_overlap
from nightside.signals.operators import Course, operator_units
from nightside.signals.units import step_function

NET, OTHER = "175.45.176.0/24", "175.45.177.0/24"
FILLER = [f"10.{n}.0.0/16" for n in range(20)]


def test_step_function_takes_one_second_together() -> None:
    second = np.array([5, 5, 7, 7, 9], np.uint32)
    change = np.array([-1, 1, -1, -1, 2], np.int32)
    assert step_function(1, 4, second, change) == ([1, 7, 9], [4, 2, 4])


def test_step_function_of_nothing() -> None:
    nothing = np.empty(0, np.uint32)
    assert step_function(1, 4, nothing, nothing.astype(np.int32)) == ([1], [4])


def test_a_lane_is_down_while_invisible_and_unknown_while_blind() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: [NET, OTHER, *FILLER]})
    rrc.withdraw(T0 + 100, a, NET)
    rrc.gap(T0 + 200, T0 + 300)
    rrc.announce(T0 + 400, a, NET)
    seen = world.seen(T0 + 1000)
    lane = PrefixHistory(seen.saw).lane(seen.id(NET), NET, T0, T0 + 500)
    assert [(a - T0, b - T0, state) for a, b, state in lane.stretches] == [
        (0, 100, "up"),
        (100, 200, "down"),
        (200, 300, "unknown"),
        (300, 400, "down"),
        (400, 500, "up"),
    ]


def test_a_lane_has_no_holes_and_no_overlaps_whatever_is_asked() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: [NET, OTHER, *FILLER]})
    rrc.withdraw(T0 + 100, a, NET)
    rrc.gap(T0 + 150, T0 + 300)
    rrc.announce(T0 + 400, a, NET)
    seen = world.seen(T0 + 1000)
    for begin in (0, 50, 100, 150, 250, 300, 400, 450):
        for end in (120, 150, 299, 300, 400, 999):
            if begin < end:
                marks = PrefixHistory(seen.saw).lane(seen.id(NET), NET, T0 + begin, T0 + end).stretches
                assert marks[0][0] == T0 + begin
                assert marks[-1][1] == T0 + end
                assert all(x[1] == y[0] for x, y in pairwise(marks))
                assert all(a < b for a, b, _state in marks)


def test_visible_at_the_end_of_a_second() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: [NET, *FILLER]})
    rrc.withdraw(T0 + 100, a, NET)
    seen = world.seen(T0 + 200)
    history = PrefixHistory(seen.saw)
    assert history.visible_at(seen.id(NET), T0 + 99)
    assert not history.visible_at(seen.id(NET), T0 + 100)
    assert history.invisible(seen.id(NET)) == [(T0 + 100, None)]


def test_networks_of_an_entity_by_address_and_length_with_their_units() -> None:
    world = World(homes={"175.45.176.0/23": 1, "175.45.178.0/23": 2})
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    cover = "175.45.176.0/22"
    rrc.table(T0, {a: [OTHER, NET, cover, "175.45.176.0/25", "175.45.178.0/24"]})
    seen = world.seen(T0 + 10)
    every = list(range(seen.prefixes.count))
    texts = [seen.prefixes.text(i) for i in every]
    found = entity_networks(every, seen.table, texts, seen.entity_of_unit, 1)
    assert [(n.text, len(n.units)) for n in found] == [(cover, 2), (NET, 1), (OTHER, 1)]


def test_longest_overlap() -> None:
    stretches = [(0, 10), (20, 50), (60, None)]
    assert longest_overlap(stretches, 0, 60) == (20, 50)
    assert longest_overlap(stretches, 0, 61) == (60, None)
    assert longest_overlap(stretches, 10, 20) is None


def test_an_operators_units_over_time() -> None:
    world = World()
    rrc = world.collector("rrc00")
    a = rrc.peer(100)
    rrc.table(T0, {a: {NET: (100, 4837, HOME), OTHER: (100, 4837, HOME), **dict.fromkeys(FILLER)}})
    rrc.withdraw(T0 + 100, a, NET)
    rrc.withdraw(T0 + 200, a, OTHER)
    rrc.announce(T0 + 300, a, NET)
    seen = world.seen(T0 + 1000)
    units = [number_of(n)[0] >> 40 for n in (NET, OTHER)]
    course = operator_units(seen.saw, units)
    assert [(t - T0, u) for t, u in zip(course.times, course.units, strict=True)] == [
        (0, 2),
        (100, 1),
        (200, 0),
        (300, 1),
    ]


def test_a_course_below_a_threshold() -> None:
    course = Course([0, 10, 20, 30, 40], [4, 2, 0, 1, 4])
    assert course.below(0.5, 4, inclusive=False) == [(20, 40)]
    assert course.below(0.5, 4, inclusive=True) == [(10, 40)]
    assert course.lowest(0, 20) == 2
    assert course.lowest(25, 26) == 0
    assert course.at(29) == 0
    assert Course([0, 5], [4, 0]).below(0.05, 4, inclusive=True) == [(5, None)]
