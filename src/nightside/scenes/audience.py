"""Who watches: collectors, the ASes that send them full feeds, and the sessions that send less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nightside.model.elements import Peer
from nightside.model.errors import UsageError
from nightside.scenes.chance import log_uniform, stream
from nightside.scenes.routes import RouteTable
from nightside.world.snapshot import load

CORE = (
    174,
    701,
    1239,
    1299,
    2914,
    3257,
    3320,
    3356,
    3491,
    3549,
    4134,
    4637,
    4837,
    5511,
    6453,
    6461,
    6762,
    6939,
    7018,
    12956,
)
"""Transit ASes through which the made-up paths lead."""
RESERVE = 9498
"""Stands in where a transit AS would be its own customer."""
_NETS = ("192.0.2", "198.51.100", "203.0.113", "198.18.0", "198.19.0")
"""Addresses for documentation and for benchmarks (RFC 5737, RFC 2544)."""
_NAMES = ("rrc00", "rrc01", "rrc03", "rrc04", "rrc05")
MOST_PEERS = 160
LEAST_PEERS = 4


@dataclass(frozen=True, slots=True)
class Watcher:
    """One session. `voice` is whose routes it tells: the place of a full-feed AS."""

    collector: int
    peer: Peer
    voice: int
    share: float
    """Share of the table that it sends; 1.0 is a full feed."""


@dataclass(frozen=True)
class Audience:
    """All watchers, collector by collector, and the full-feed ASes in the order of their places."""

    collectors: tuple[str, ...]
    addresses: tuple[str, ...]
    """The collectors' own addresses."""
    asns: tuple[int, ...]
    watchers: tuple[tuple[Watcher, ...], ...]


def audience(routes: RouteTable, peers: int, seed: int, number: int) -> Audience:
    """`peers` full-feed ASes over three to five collectors, a fifth of them at two, and partial feeds besides.

    The peer ASes are real ones that announce nothing in the table: the sessions are made up. Raises
    UsageError for fewer than four peers, or too many.
    """
    if not LEAST_PEERS <= peers <= MOST_PEERS:
        raise UsageError(f"{peers} peers: between {LEAST_PEERS} and {MOST_PEERS} can be made up")
    rng = stream(seed, "audience", number)
    n_collectors = 3 if peers < 16 else 4 if peers < 30 else 5
    partial = round(peers * rng.uniform(0.2, 0.4))
    strangers = np.setdiff1d(load().asn_numbers, np.append(routes.origin, np.array(CORE, np.uint32)))
    asns = [int(a) for a in rng.choice(strangers, peers + partial, replace=False)]
    seats: list[list[tuple[int, int, float]]] = [[] for _ in range(n_collectors)]
    for place in range(peers):
        home = place % n_collectors
        seats[home].append((asns[place], place, 1.0))
        if place % 5 == 0:
            seats[(home + 1 + int(rng.integers(n_collectors - 1))) % n_collectors].append(
                (asns[place], place, 1.0)
            )
    for extra in range(partial):
        share = log_uniform(rng, 0.01, 0.4)
        seats[int(rng.integers(n_collectors))].append((asns[peers + extra], int(rng.integers(peers)), share))
    watchers = tuple(
        tuple(
            Watcher(c, Peer(f"{_NETS[c]}.{10 + i}", asn), voice, share)
            for i, (asn, voice, share) in enumerate(seats[c])
        )
        for c in range(n_collectors)
    )
    return Audience(
        _NAMES[:n_collectors],
        tuple(f"{net}.1" for net in _NETS[:n_collectors]),
        tuple(asns[:peers]),
        watchers,
    )
