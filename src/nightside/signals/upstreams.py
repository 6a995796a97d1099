"""Through whom the ASes of the world reach an entity's networks, before, during and after an outage.

A pair is (known full-feed AS, network); its upstream is the border upstream of the route that the AS's first
session with a route holds. Shares are time-means over the pairs of the baseline whose AS is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import WayTable
from nightside.routing.ways import NO_ASN
from nightside.signals.routes import RouteHistory
from nightside.signals.upstream_course import PairCounts

STALE = EVENT_KINDS["STALE"]
HEARD = EVENT_KINDS["HEARD"]

Window = tuple[int, int]
Pair = tuple[int, int]


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
    """What each pair is worth in which window."""

    windows: Sequence[Window]
    through: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    known: list[int] = field(default_factory=lambda: [0, 0, 0])
    counts: PairCounts = field(default_factory=PairCounts)

    def add(self, upstream: int | None, since: int, until: int) -> None:
        self.counts.add(upstream, since, until)
        for i, (begin, end) in enumerate(self.windows):
            seconds = min(until, end) - max(since, begin)
            if seconds > 0:
                self.known[i] += seconds
                if upstream is not None:
                    self.through[upstream][i] += seconds


def _upstream_of(way: int, ways: WayTable, by_border: bool) -> int | None:
    asn = int(ways.border[way] if by_border else ways.upstream[way])
    return None if asn == NO_ASN else asn


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
    sessions_of: dict[int, list[int]] = defaultdict(list)
    for session in range(len(line.sessions)):
        if session in line.votes:
            sessions_of[int(line.as_of[session])].append(session)
    held: dict[tuple[int, int], int] = {}
    ledger = _Ledger(windows)
    value: dict[Pair, tuple[bool, int | None]] = {}
    since: dict[Pair, int] = {}
    early: dict[Pair, list[tuple[int | None, int, int]]] = defaultdict(list)
    baseline: set[Pair] | None = None
    # Nothing before the first window is asked about.
    opens_at = min(baseline_at, *(begin for begin, _end in windows))
    opened = False
    origins: dict[int, set[int]] = defaultdict(set)

    def way_of(pair: Pair, second: int) -> tuple[bool, int]:
        """Whether the pair's AS is known, and the way it holds (0: none)."""
        asn, network = pair
        voting = [s for s in sessions_of[asn] if history.votes_at(s, second)]
        return bool(voting), next((held[s, network] for s in voting if held.get((s, network))), 0)

    def judge(pair: Pair, second: int) -> None:
        known, way = way_of(pair, second)
        new = (known, _upstream_of(way, ways, by_border) if way else None)
        old = value.get(pair)
        if old == new:
            return
        if old is not None and old[0]:
            if baseline is None:
                early[pair].append((old[1], since[pair], second))
            elif pair in baseline:
                ledger.add(old[1], since[pair], second)
        value[pair] = new
        since[pair] = second

    def take_all(second: int) -> set[Pair]:
        """Judge all pairs; returns those with a route, of known ASes."""
        pairs = set()
        for asn in list(sessions_of):
            for network in networks:
                judge((asn, network), second)
                _known, way = way_of((asn, network), second)
                if way:
                    pairs.add((asn, network))
                    origins[network].add(int(ways.origin[way]))
        return pairs

    def take_baseline() -> set[Pair]:
        swing_until(baseline_at)
        origins.clear()
        pairs = take_all(baseline_at)
        for pair in pairs:
            for span in early.pop(pair, ()):
                ledger.add(*span)
        early.clear()
        return pairs

    # Whole sessions coming and going, as events between those of the routes.
    swings = sorted(
        {
            (t, s)
            for s, stretches in line.votes.items()
            for a, b, _ in stretches
            for t in (a, b)
            if t is not None
        }
    )
    next_swing = 0

    def swing_until(second: int) -> None:
        nonlocal next_swing
        while next_swing < len(swings) and swings[next_swing][0] <= second:
            at, session = swings[next_swing]
            if opened:
                for network in networks:
                    judge((int(line.as_of[session]), network), at)
            next_swing += 1

    for event in history.events(networks):
        if not opened and event.second > opens_at:
            swing_until(opens_at)
            opened = True
            take_all(opens_at)
        if baseline is None and event.second > baseline_at:
            baseline = take_baseline()
        swing_until(event.second)
        if event.kind not in (STALE, HEARD):
            held[event.session, event.prefix] = event.way
            if opened:
                judge((int(line.as_of[event.session]), event.prefix), event.second)
    if not opened:
        swing_until(opens_at)
        opened = True
        take_all(opens_at)
    if baseline is None:
        baseline = take_baseline()
    swing_until(line.end)
    for pair in baseline:
        if value[pair][0]:
            ledger.add(value[pair][1], since[pair], line.end)
    shares = {
        asn: [s / k if k else None for s, k in zip(seconds, ledger.known, strict=True)]
        for asn, seconds in ledger.through.items()
    }
    return UpstreamMeans(shares, {n: sorted(o) for n, o in origins.items()}, len(baseline), ledger.counts)
