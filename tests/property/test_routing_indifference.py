"""What must not matter: the order of collectors and peers, the size of batches, how a prefix is cut in two."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing_any import PREFIXES, make_world
from routing_world import T0, Collector, Element, Seen, World

# The same worlds every time: what a run finds must be findable again, and a rare one is kept below as a test.
ODD = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
SEEDS = st.integers(0, 10**9)


def told(seen: Seen) -> object:
    """All that later rooms are told."""
    if seen.observation is None:
        return None
    prefixes = {
        p: (bool(seen.saw.visible[seen.id(p)]), [seen.visible(p, int(t)) for t in seen.saw.prefixes.second])
        for p in PREFIXES
        if seen.prefixes.count and _known(seen, p)
    }
    return seen.saw.start, seen.signal(1), seen.saw.view, seen.unknown(), prefixes


def _known(seen: Seen, prefix: str) -> bool:
    return any(seen.prefixes.text(i) == prefix for i in range(seen.prefixes.count))


@given(SEEDS)
@ODD
def test_the_order_of_collectors(seed: int) -> None:
    world, end = make_world(seed, 40)
    first = told(world.seen(end))
    world.collectors.reverse()
    assert told(world.seen(end)) == first


def test_the_order_of_collectors_where_a_table_corrects_behind_two_gaps() -> None:
    # Two covers of one unit come back in one second, each unseen for another time.
    world, end = make_world(484473, 40)
    first = told(world.seen(end))
    world.collectors.reverse()
    assert told(world.seen(end)) == first


@given(SEEDS)
@ODD
def test_the_numbers_of_peers(seed: int) -> None:
    world, end = make_world(seed, 40)
    first = told(world.seen(end))
    random_ = random.Random(seed)
    for collector in world.collectors:
        n = len(collector.peers)
        new = list(range(n))
        random_.shuffle(new)
        collector.peers = [collector.peers[new.index(i)] for i in range(n)]
        collector.steps = [
            replace(s, peer=new[s.peer]) if isinstance(s, Element) else s for s in collector.steps
        ]
    assert told(world.seen(end)) == first


@given(SEEDS, st.integers(1, 7))
@ODD
def test_the_size_of_batches(seed: int, size: int) -> None:
    world, end = make_world(seed, 40)
    for collector in world.collectors:
        collector.batch = 1 << 20
    first = told(world.seen(end))
    for collector in world.collectors:
        collector.batch = size
    assert told(world.seen(end)) == first


@given(SEEDS)
@ODD
def test_a_prefix_cut_into_halves_that_are_announced_together(seed: int) -> None:
    halves = {"175.45.176.0/22": ("175.45.176.0/23", "175.45.178.0/23")}
    random_ = random.Random(seed)
    whole, cut = World(), World()
    for world in (whole, cut):
        rrc = world.collector("rrc00")
        for i in range(5):
            rrc.peer(100 + i)

    def both(what: str, at: int, peer: int) -> None:
        for world in (whole, cut):
            collector: Collector = world.collectors[0]
            for prefix, parts in halves.items():
                getattr(collector, what)(at, peer, *([prefix] if world is whole else parts))

    filler = [f"10.{n}.0.0/16" for n in range(30)]
    whole.collectors[0].table(T0, {p: [*halves, *filler] for p in range(5)})
    cut.collectors[0].table(T0, {p: [*halves["175.45.176.0/22"], *filler] for p in range(5)})
    clock = T0
    for _ in range(40):
        clock += random_.choice([0, 1, 7, 100])
        both(random_.choice(["announce", "withdraw"]), clock, random_.randrange(5))
    assert whole.seen(clock + 1).signal(1) == cut.seen(clock + 1).signal(1)
