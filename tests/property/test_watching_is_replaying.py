"""What is watched as it happens ends as a replay of the same would tell it: every incident, in all that it says."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import make_world
from routing_world import T0
from stormy_world import DAY_S, Storm, networks, stormy
from watched_world import last_told, replayed, shown, watched

from nightside.engine.live.watcher import Found, Watcher
from nightside.model.incident import Incident

ODD = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def in_order(incidents: Iterable[Incident]) -> list[dict[str, Any]]:
    return sorted((shown(i) for i in incidents), key=lambda i: (i["entity"]["code"], i["began"]))


@given(st.integers(0, 10**9), st.sampled_from([1, 7, 60, 900]))
@ODD
def test_in_any_world(seed: int, pace: int) -> None:
    world, end = make_world(seed, 60)
    random_ = random.Random(seed)
    moments = sorted({int(getattr(s, "second", T0)) for c in world.collectors for s in c.steps})
    stops = sorted({m + random_.randrange(-1, pace) for m in random_.sample(moments, min(len(moments), 60))})
    batch, seen = replayed(world, end)
    _watcher, found = watched(world, end, stops, seen=seen, seed=seed)
    assert in_order(last_told(found).values()) == in_order(i for i, _told in batch)


@pytest.mark.parametrize("seed", [3, 9, 17])
def test_over_days_of_losses(seed: int) -> None:
    world, end = stormy(seed, 4)
    batch, seen = replayed(world, end)
    random_ = random.Random(seed)
    stops = list(accumulate(random_.choice([1, 10, 60, 60, 60, 300]) for _ in range(end - T0)))
    _watcher, found = watched(world, end, [T0 + s for s in stops if T0 + s < end], seen=seen, seed=seed)
    assert in_order(last_told(found).values()) == in_order(i for i, _told in batch)
    told = [m for one in found for m in one.new]
    assert len(told) == len({m.key for m in told}), "told twice"
    assert {m.key: m.to_json() for m in told} == {m.key: m.to_json() for _i, ms in batch for m in ms}


def test_an_instability_that_no_unit_goes_away_in() -> None:
    storm = Storm()
    some = networks(1)[:3]
    for k in range(3):
        # A third of the ASes: a loss, but the networks stay visible.
        storm.lose(T0 + 40_000 + 3_000 * k, some, 200, 4)
    world = storm.done()
    _watcher, found = watched(world, T0 + DAY_S, range(T0, T0 + DAY_S, 60))
    assert [m for one in found for m in one.new] == []
    assert [one.incident.severity for one in found] == ["instability"] * len(found)
    assert found[0].incident.began < T0 + 40_010
    assert (found[0].incident.status, found[-1].incident.status) == ("ongoing", "closed")
    # It is found with the third loss, to the minute.
    assert found[0].series.end <= T0 + 46_000 + 130


def test_a_partial_one_goes_on_recovers_is_restored_and_closes() -> None:
    storm = Storm()
    storm.lose(T0 + 7_200, networks(1)[:3], 3_600, 12)
    seen: list[tuple[int, str]] = []

    def note(watcher: Watcher, found: list[Found]) -> None:
        seen.extend((watcher.until_s - T0, one.incident.status) for one in found)

    watched(storm.done(), T0 + 2 * DAY_S, range(T0, T0 + 2 * DAY_S, 30), each=note)
    first = {status: at for at, status in reversed(seen)}
    back = 7_200 + 3_600
    assert 7_200 <= first["ongoing"] <= 7_200 + 60 + 30
    assert back <= first["recovering"] <= back + 60 + 30
    assert back + 600 <= first["restored"] <= back + 600 + 60
    assert back + 6 * 3_600 <= first["closed"] <= back + 6 * 3_600 + 60


def test_a_level_that_stays_is_the_new_one_after_seven_days() -> None:
    storm = Storm()
    storm.lose(T0 + 7_200, networks(1)[:3], 9 * DAY_S, 12)
    end = T0 + 9 * DAY_S
    _watcher, found = watched(storm.done(), end, range(T0, end, 600))
    last = found[-1].incident
    assert (last.status, last.closed_as) == ("closed", "new_level")
    assert last.ended is not None
    assert abs(last.ended - (T0 + 7_200 + 7 * DAY_S)) < 10


@pytest.mark.parametrize("days", [3, 9])
def test_what_is_kept_does_not_grow_with_the_days(days: int) -> None:
    # The same every day, and a day's outage in between.
    storm = Storm()
    for day in range(days):
        for hour in range(1, 24, 2):
            storm.lose(T0 + day * DAY_S + hour * 3_600, networks(1)[:1], 900, 12)
            storm.lose(T0 + day * DAY_S + hour * 3_600 + 1_000, networks(2)[:4], 900, 5)
    storm.lose(T0 + 90_000, networks(3), 5_000, 12)
    end = T0 + days * DAY_S + 3_600
    watcher, found = watched(storm.done(), end, range(T0, end, 300))
    assert {m.kind for one in found for m in one.new} == {"opened", "recovering", "restored"}
    one, three = watcher.courses.all[1], watcher.courses.all[3]
    # Twelve dips a day are 24 steps; two days are needed, and an hour.
    assert len(one.times) <= 2 * 24 + 10
    assert max(len(one.medians), len(three.medians)) <= 30
    assert len(three.times) <= 6
    if days > 3:
        assert (three.sent, three.told, three.times) == ({}, {}, [three.times[0]])
    assert len(watcher.view) <= 10
