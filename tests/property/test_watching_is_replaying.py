"""What is watched as it happens ends as a replay of the same would tell it: every incident, in all that it says."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import make_world
from routing_world import T0, World
from watched_world import last_told, replayed, shown, watched

ODD = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def both(world: World, end: int, stops: list[int], seed: int = 0) -> tuple[list[object], list[object]]:
    batch, seen = replayed(world, end)
    _watcher, found = watched(world, end, stops, seen=seen, seed=seed)
    live = last_told(found)
    return (
        sorted((shown(i) for i, _told in batch), key=lambda i: (i["entity"]["code"], i["began"])),
        sorted((shown(i) for i in live.values()), key=lambda i: (i["entity"]["code"], i["began"])),
    )


@given(st.integers(0, 10**9), st.sampled_from([1, 7, 60, 900]))
@ODD
def test_in_any_world(seed: int, pace: int) -> None:
    world, end = make_world(seed, 60)
    random_ = random.Random(seed)
    moments = sorted({int(getattr(s, "second", T0)) for c in world.collectors for s in c.steps})
    stops = sorted({m + random_.randrange(-1, pace) for m in random_.sample(moments, min(len(moments), 60))})
    batch, live = both(world, end, stops, seed)
    assert live == batch
