"""Worlds of several days in which countries lose networks: for long, for short, again and again, and unseen."""

from __future__ import annotations

import random

from routing_world import HOME, T0, Collector, World

DAY_S = 86400
HOUR_S = 3600
COUNTRIES = 3
NETWORKS = 12
"""Of each country, each of a unit."""


def networks(country: int) -> list[str]:
    return [f"20.{country}.{i}.0/24" for i in range(NETWORKS)]


class Storm:
    """Actions on a world of three collectors with four peers each; what they hear is sorted by time at the end."""

    def __init__(self) -> None:
        homes = {f"20.{c}.0.0/16": c for c in range(1, COUNTRIES + 1)}
        self.world = World(homes, {HOME + c: c for c in range(1, COUNTRIES + 1)} | {4837: 9})
        self.collectors = [self.world.collector(f"rrc0{i}") for i in range(3)]
        self.peers = [(c, c.peer(100 + 10 * i + k)) for i, c in enumerate(self.collectors) for k in range(4)]
        self.gaps: list[tuple[Collector, int, int]] = []
        every = {p: HOME + c for c in range(1, COUNTRIES + 1) for p in networks(c)}
        self.paths = {p: (4837, origin) for p, origin in every.items()}
        for c in self.collectors:
            mine = [peer for owner, peer in self.peers if owner is c]
            routes = {
                peer: {p: (c.peers[peer].asn, *path) for p, path in self.paths.items()} for peer in mine
            }
            c.table(T0, routes)

    def lose(self, at: int, prefixes: list[str], seconds: int, peers: int, spread: int = 5) -> None:
        """So many peers lose these for so long."""
        for i, (c, peer) in enumerate(self.peers[:peers]):
            for p in prefixes:
                c.withdraw(at + i * spread // max(peers, 1), peer, p)
                c.announce(
                    at + seconds + i * spread // max(peers, 1),
                    peer,
                    p,
                    path=(c.peers[peer].asn, *self.paths[p]),
                )

    def silence(self, at: int, seconds: int, collectors: int) -> None:
        """These collectors tell nothing for so long, and nothing that they say is dated then."""
        self.gaps += [(c, at, at + seconds) for c in self.collectors[:collectors]]

    def done(self) -> World:
        """The world, all in the order of time."""
        for c in self.collectors:
            mine = sorted((a, b) for owner, a, b in self.gaps if owner is c)
            table = [s for s in c.steps if getattr(s, "second", T0) == T0][: len(self.paths) * 4 + 1]
            later = [s for s in c.steps[len(table) :] if not any(a <= s.second < b for a, b in mine)]
            c.steps = list(later)
            for a, b in mine:
                c.gap(a, b)
            c.steps = table + sorted(
                c.steps, key=lambda s: getattr(s, "second", None) or getattr(s, "begin", 0)
            )
        return self.world


def stormy(seed: int, days: int) -> tuple[World, int]:
    """A world by chance, and its end."""
    random_ = random.Random(seed)
    storm = Storm()
    end = T0 + days * DAY_S
    for _ in range(days * 3):
        country = random_.randint(1, COUNTRIES)
        at = T0 + random_.randrange(HOUR_S, days * DAY_S)
        some = random_.sample(networks(country), random_.choice([1, 2, 3, 8, NETWORKS]))
        what = random_.random()
        if what < 0.35:
            storm.lose(at, some, random_.choice([20, 300, 900, 7200, 30000, 2 * DAY_S]), 12)
        elif what < 0.6:
            for k in range(random_.randint(2, 5)):
                storm.lose(
                    at + k * random_.choice([100, 1500, 5000]),
                    some,
                    random_.choice([30, 600]),
                    random_.choice([4, 5, 12]),
                )
        elif what < 0.75:
            storm.lose(
                at,
                some,
                random_.choice([60, 4000]),
                random_.choice([3, 4, 5]),
                spread=random_.choice([5, 400]),
            )
        elif what < 0.9:
            storm.silence(at, random_.choice([60, 900, 9000]), random_.choice([1, 1, 2, 3]))
        else:
            i = random_.randrange(len(storm.peers))
            c, peer = storm.peers[i]
            c.down(at, peer)
            c.up(at + 50, peer)
            for p, path in storm.paths.items():
                c.announce(at + 51, peer, p, path=(c.peers[peer].asn, *path))
    return storm.done(), end
