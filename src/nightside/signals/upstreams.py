"""Through whom the ASes of the world reach an entity's networks, before, during and after an outage.

A pair is (known full-feed AS, network); its upstream is the border upstream of the route that the AS's first
session with a route holds. Shares are time-means over the pairs of the baseline whose AS is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nightside.routing.observation import WayTable
from nightside.routing.ways import NO_ASN
from nightside.signals.pair_ways import Int64, PairWays, Voters
from nightside.signals.routes import RouteHistory
from nightside.signals.upstream_course import PairCounts

PAIRS_AT_ONCE = 1 << 19
"""Pairs of sessions and networks that are in memory together; each takes some 100 bytes."""

Window = tuple[int, int]


@dataclass
class UpstreamMeans:
    """Per upstream AS the time-mean share in each window (None: no time, or no pair known in it)."""

    shares: dict[int, list[float | None]]
    origins: dict[int, list[int]]
    """Origin ASes of each network (by prefix number) in the baseline, ascending."""
    pairs: int
    """(AS, network) pairs of the baseline."""
    counts: PairCounts
    """The same pairs over time, from the earliest second that was asked about."""


@dataclass
class _Ledger:
    """What the pairs are worth in each window, in seconds."""

    windows: Sequence[Window]
    through: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    known: list[int] = field(default_factory=lambda: [0, 0, 0])
    counts: PairCounts = field(default_factory=PairCounts)

    def add(self, upstream: Int64, since: Int64, until: Int64) -> None:
        """Stretches in which a pair's AS is known, and the pair's upstream in them (NO_ASN: none)."""
        self.counts.add_all(upstream, since, until, nobody=NO_ASN)
        asns, which = np.unique(upstream, return_inverse=True)
        for i, (begin, end) in enumerate(self.windows):
            seconds = np.maximum(np.minimum(until, end) - np.maximum(since, begin), 0)
            self.known[i] += int(seconds.sum())
            # Whole numbers far below 2 ** 53 are exact as floats.
            carried = np.bincount(which.reshape(-1), seconds, len(asns)).astype(np.int64)
            for asn, mine in zip(asns.tolist(), carried.tolist(), strict=True):
                if mine and asn != NO_ASN:
                    self.through[asn][i] += mine


def upstream_means(
    history: RouteHistory,
    networks: Sequence[int],
    ways: WayTable,
    *,
    baseline_at: int,
    windows: Sequence[Window],
    by_border: bool,
) -> UpstreamMeans:
    """Shares by upstream in the windows (before, during, after), and the baseline's origins.

    `networks` are prefix numbers; `baseline_at` the second whose pairs are the baseline's; `by_border`: the first
    AS outside the country (of a country) or the AS beside the origin (of an AS).
    """
    line = history.timeline
    # Nothing before the first window is asked about.
    voters = Voters.of(line, min(baseline_at, *(begin for begin, _end in windows)))
    upstream_of = (ways.border if by_border else ways.upstream).astype(np.int64)
    ledger = _Ledger(windows)
    origins: dict[int, list[int]] = {}
    count = 0
    each = np.unique(np.asarray(networks, np.int64))
    at_once = max(1, PAIRS_AT_ONCE // max(1, len(voters.session)))
    for first in range(0, len(each) if len(voters.session) else 0, at_once):
        some = each[first : first + at_once]
        held = PairWays(history, voters, some)
        known, way = held.at(held.pairs, np.full(len(held.pairs), baseline_at))
        baseline = way > 0
        count += int(baseline.sum())
        origins |= _origins(some[held.pairs[baseline] % len(some)], ways.origin[way[baseline]])
        pair, second = held.turns(baseline, line.end)
        known, way = held.at(pair, second)
        upstream = np.where(known, upstream_of[way], -1)
        news = np.append(True, (pair[1:] != pair[:-1]) | (upstream[1:] != upstream[:-1]))[: len(pair)]
        pair, second, known, upstream = pair[news], second[news], known[news], upstream[news]
        until = np.append(second[1:], line.end)[: len(pair)]
        until[np.append(pair[1:] != pair[:-1], True)[: len(pair)]] = line.end
        ledger.add(upstream[known], second[known], until[known])
    shares = {
        asn: [s / k if k else None for s, k in zip(seconds, ledger.known, strict=True)]
        for asn, seconds in sorted(ledger.through.items())
    }
    return UpstreamMeans(shares, origins, count, ledger.counts)


def _origins(network: Int64, origin: np.typing.NDArray[np.uint32]) -> dict[int, list[int]]:
    """The origins of each network, ascending."""
    found: dict[int, list[int]] = {}
    for number, asn in np.unique(np.stack([network, origin.astype(np.int64)]), axis=1).T.tolist():
        found.setdefault(number, []).append(asn)
    return found
