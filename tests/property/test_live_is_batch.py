"""Live and batch say the same: units, prefixes and the view, second by second, in worlds where anything happens."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import make_world
from routing_live import played_live
from routing_world import T0, Seen, World

from nightside.routing.news import News
from nightside.routing.stepwise import Stepwise

# The same worlds every time: what a run finds must be findable again, and a rare one is kept below as a test.
ODD = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 10**9)


def _rows(changes: object, name: object) -> list[tuple[object, ...]]:
    columns = (changes.second, changes.number, changes.change, changes.since)  # type: ignore[attr-defined]
    return sorted((int(s), name(int(n)), int(c), int(x)) for s, n, c, x in zip(*columns, strict=True))  # type: ignore[operator]


def by_batch(seen: Seen) -> object:
    if seen.observation is None:
        return None
    saw = seen.saw
    return {
        "reachable": np.flatnonzero(saw.reachable).tolist(),
        "visible": sorted(seen.prefixes.text(i) for i in np.flatnonzero(saw.visible).tolist()),
        "units": _rows(saw.units, int),
        "prefixes": _rows(saw.prefixes, seen.prefixes.text),
        "doubts": _rows(saw.doubts, seen.prefixes.text),
        "view": saw.view,
    }


def by_live(live: Stepwise, news: list[News]) -> object:
    if live.beginning is None:
        return None
    told: dict[str, list[object]] = {"units": [], "prefixes": [], "doubts": [], "view": []}
    since = 0
    for one in news:
        parts = {
            "units": _rows(one.units, int),
            "prefixes": _rows(one.prefixes, live.prefixes.text),
            "doubts": _rows(one.doubts, live.prefixes.text),
        }
        for what, rows in parts.items():
            assert all(since < row[0] <= one.until for row in rows), "told when its second was not over"
            told[what] += rows
        told["view"] += one.view
        since = one.until
    return {
        "reachable": np.flatnonzero(live.beginning.reachable).tolist(),
        "visible": sorted(live.prefixes.text(i) for i in np.flatnonzero(live.beginning.visible).tolist()),
        **{what: sorted(rows) if what != "view" else rows for what, rows in told.items()},
    }


def both(world: World, end: int, stops: list[int], seed: int = 0) -> tuple[object, object]:
    seen = world.seen(end)
    return by_batch(seen), by_live(*played_live(world, end, stops, seen=seen, seed=seed))


@given(SEEDS, st.sampled_from([1, 7, 60, 900]))
@ODD
def test_live_is_batch_in_any_world(seed: int, pace: int) -> None:
    world, end = make_world(seed, 40)
    random_ = random.Random(seed)
    moments = sorted({int(getattr(s, "second", T0)) for c in world.collectors for s in c.steps})
    stops = sorted({m + random_.randrange(-1, pace) for m in random_.sample(moments, min(len(moments), 60))})
    batch, live = both(world, end, stops, seed)
    assert live == batch


def test_every_single_second() -> None:
    world = World()
    rrc00, rrc01 = world.collector("rrc00"), world.collector("rrc01")
    a, b = rrc00.peer(100), rrc00.peer(101)
    c = rrc01.peer(102)
    mine = ["175.45.176.0/24", "175.45.177.0/24"]
    for collector in (rrc00, rrc01):
        collector.table(T0, dict.fromkeys(range(len(collector.peers)), mine))
    rrc00.withdraw(T0 + 10, a, mine[0])
    rrc00.withdraw(T0 + 12, b, mine[0])
    rrc01.gap(T0 + 20, T0 + 50)
    rrc00.announce(T0 + 30, a, mine[0])
    rrc00.announce(T0 + 31, b, mine[0])
    rrc01.withdraw(T0 + 60, c, mine[0])
    rrc00.down(T0 + 70, a)
    rrc00.up(T0 + 75, a)
    for at, prefix in ((76, mine[0]), (76, mine[1])):
        rrc00.announce(T0 + at, a, prefix)
    batch, live = both(world, T0 + 200, list(range(T0, T0 + 200)))
    assert live == batch
    assert isinstance(batch, dict)
    # From T0 + 12 on two of three ASes had withdrawn it.
    assert (T0 + 12, (175 << 16) + (45 << 8) + 176, -1, 0) in batch["units"]


@pytest.mark.parametrize("seed", [484473, 7, 11])
def test_what_was_played_is_not_told_again(seed: int) -> None:
    world, end = make_world(seed, 40)
    live, news = played_live(world, end, range(T0, end, 31), seed=seed)
    for before, after in pairwise(news):
        seconds = np.concatenate([after.units.second, after.prefixes.second])
        assert not len(seconds) or int(seconds.min()) > before.until
    assert live.until(end) is None


def told(batch: object, prefix: str) -> list[tuple[int, int, int]]:
    """(second, change, since) of a prefix, in seconds since T0; `since` as it is."""
    assert isinstance(batch, dict)
    rows = batch["prefixes"]
    return [(second - T0, change, since) for second, name, change, since in rows if name == prefix]


def test_a_prefix_that_is_first_named_after_a_table_was_cut_off() -> None:
    # Whether the table held it, nobody knows: two of three can tell from 101 on, what it was since the table nobody.
    world = World()
    rrc00 = world.collector("rrc00")
    a, b, c = (rrc00.peer(100 + n) for n in range(3))
    rrc00.table(T0, {p: ["175.45.176.0/24"] for p in (a, b, c)}, truncated=True)
    rrc00.announce(T0 + 100, a, "175.45.177.0/24")
    rrc00.announce(T0 + 101, b, "175.45.177.0/24")
    batch, live = both(world, T0 + 200, list(range(T0, T0 + 200, 10)))
    assert told(batch, "175.45.177.0/24") == [(101, 1, T0)]
    assert live == batch


def test_a_prefix_that_is_first_named_after_a_gap_in_which_nobody_saw() -> None:
    # Four of eight have it. The other four may have named it within the gap, and are not heard since: they follow.
    world = World()
    rrc00 = world.collector("rrc00")
    peers = [rrc00.peer(100 + n) for n in range(8)]
    rrc00.table(T0, {p: ["175.45.176.0/24"] for p in peers})
    rrc00.gap(T0 + 300, T0 + 600)
    for n in range(4):
        rrc00.announce(T0 + 610 + n, peers[n], "175.45.177.0/24")
    rrc00.withdraw(T0 + 700, peers[0], "175.45.177.0/24")
    batch, live = both(world, T0 + 800, list(range(T0, T0 + 800, 10)))
    assert told(batch, "175.45.177.0/24") == [(613, 1, T0 + 300)]
    assert live == batch


@pytest.mark.parametrize("seed", [2687515, 710031, 710094, 710203])
def test_worlds_that_were_told_differently_once(seed: int) -> None:
    world, end = make_world(seed, 40)
    stops = sorted({int(getattr(s, "second", T0)) for c in world.collectors for s in c.steps})
    batch, live = both(world, end, stops, seed)
    assert live == batch
