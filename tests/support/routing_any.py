"""Worlds in which anything at all happens, from a seed."""

from __future__ import annotations

import random

from routing_world import HOME, T0, Collector, World

PREFIXES = [
    "175.45.176.0/22",
    "175.45.176.0/23",
    "175.45.176.0/24",
    "175.45.177.0/24",
    "175.45.178.0/24",
    "175.45.179.0/24",
    "175.45.179.128/25",
    "172.0.0.0/7",
    "10.0.0.0/22",
    "10.0.4.0/24",
]
PATHS = [(4837, HOME), (20485, HOME), (4837, 64999), (4837, 0)]


def tell(random_: random.Random, collector: Collector, clock: int, steps: int) -> int:
    """Let a collector hear anything at all, from `clock` on; returns when it stops."""
    peers = range(len(collector.peers))

    def some_routes() -> dict[str, tuple[int, ...]]:
        share = random_.choice([0.0, 0.5, 0.9, 1.0])
        return {p: random_.choice(PATHS) for p in PREFIXES if random_.random() <= share}

    for _ in range(steps):
        clock += random_.choice([0, 0, 0, 1, 1, 2, 5, 29, 30, 31, 61, 600])
        peer = random_.choice(peers)
        what = random_.random()
        if what < 0.35:
            collector.announce(clock, peer, random_.choice(PREFIXES), path=random_.choice(PATHS))
        elif what < 0.55:
            collector.withdraw(clock, peer, random_.choice(PREFIXES))
        elif what < 0.62:
            collector.down(clock, peer)
        elif what < 0.69:
            collector.up(clock, peer)
        elif what < 0.76:
            for prefix, path in some_routes().items():
                collector.announce(clock + random_.choice([0, 0, 1]), peer, prefix, path=path)
        elif what < 0.80:
            collector.end_of_rib(clock, peer, random_.choice([4, 4, 6]))
        elif what < 0.85:
            span = random_.choice([1, 10, 300, 900])
            collector.gap(clock, clock + span)
            if random_.random() < 0.3:
                routes = {p: some_routes() for p in peers if random_.random() < 0.8}
                collector.table(clock + random_.randrange(span), routes)
            clock += span
        elif what < 0.93:
            routes = {p: some_routes() for p in peers if random_.random() < 0.8}
            last = clock + random_.choice([0, 0, 3, 120])
            collector.table(clock, routes, until=last, truncated=random_.random() < 0.2)
        elif what < 0.95:
            clock += random_.choice([3600, 40000])
        else:
            collector.announce(clock - random_.randrange(1, 90), peer, random_.choice(PREFIXES))
    return clock


def make_world(seed: int, steps: int) -> tuple[World, int]:
    random_ = random.Random(seed)
    world = World(asn_country={HOME: 1, 4837: 2, 64999: 2})
    clock = T0
    for name in ("rrc00", "rrc01", "rrc02")[: random_.randint(1, 3)]:
        collector = world.collector(name)
        collector.batch = random_.choice([1, 3, 1 << 20])
        for i in range(random_.randint(1, 4)):
            collector.peer(random_.choice([100, 101, 102, 103, 104]), f"192.0.2.{i}")
        if random_.random() < 0.8:
            collector.table(T0, dict.fromkeys(range(len(collector.peers)), PREFIXES))
        clock = max(clock, tell(random_, collector, T0, steps))
    return world, clock + random_.choice([121, 200])
