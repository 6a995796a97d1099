"""The health of the view as a signal."""

from __future__ import annotations

import numpy as np

from nightside.model.signal import UnknownStretch
from nightside.routing.observation import Changes, Observation, ViewStep
from nightside.routing.peers import FullFeed, Session
from nightside.routing.timeline import Timeline
from nightside.signals.quality import view_between, view_signals

VIEW = [ViewStep(100, 3, 3, False), ViewStep(150, 1, 3, True), ViewStep(170, 3, 3, False)]


def seen(votes: dict[int, list[tuple[int, int | None, int]]]) -> tuple[Timeline, Observation]:
    none = np.empty(0, np.uint32)
    sessions = [Session("rrc00", "192.0.2.1", 64501), Session("rrc00", "192.0.2.2", 64502)]
    sessions.append(Session("rrc01", "192.0.2.3", 64503))
    line = Timeline(
        family=4,
        sessions=sessions,
        asns=[64501, 64502, 64503],
        as_of=np.arange(3, dtype=np.uint32),
        second=none,
        kind=np.empty(0, np.uint8),
        session=none,
        prefix=none,
        way=none,
        controls=[],
        loads=[],
        full=FullFeed([[], [], []], [[], [], []]),
        votes=votes,
        expected=[],
        start=100,
        end=200,
    )
    changes = Changes(none, none, np.empty(0, np.int32), none)
    unknown = [UnknownStretch(150, 170, "1 of 3")]
    empty = np.empty(0, np.uint8)
    return line, Observation(100, 200, empty, empty, changes, changes, changes, VIEW, unknown)


def test_the_view_and_each_collector_have_a_signal() -> None:
    line, observation = seen(
        {0: [(90, 150, 1), (170, None, 0)], 1: [(100, 150, 1), (170, None, 0)], 2: [(95, None, 0)]}
    )
    every, rrc00, rrc01 = view_signals(line, observation)
    assert (every.entity.type, every.entity.code) == ("view", "all")
    assert (every.times, every.units) == ([100, 150, 170], [3, 1, 3])
    assert [(u.begin, u.end) for u in every.unknown] == [(150, 170)]
    assert (rrc00.entity.code, rrc00.times, rrc00.units) == ("rrc00", [100, 150, 170], [2, 0, 2])
    assert (rrc01.entity.code, rrc01.times, rrc01.units) == ("rrc01", [100], [1])


def test_votes_outside_of_the_observation_are_no_part_of_it() -> None:
    line, observation = seen({0: [(10, 50, 1), (250, None, 0)], 2: [(120, 200, 2)]})
    _every, rrc00, rrc01 = view_signals(line, observation)
    assert (rrc00.times, rrc00.units) == ([100], [0])
    assert (rrc01.times, rrc01.units) == ([100, 120], [0, 1])


def test_a_part_of_the_view_begins_where_it_is_asked_for() -> None:
    assert view_between(VIEW, 155, 200) == [(155, 1, 3), (170, 3, 3)]
    assert view_between(VIEW, 150, 165) == [(150, 1, 3)]
