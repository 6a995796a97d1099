"""The definitions once more, slowly: dicts and sets, everything counted from scratch every second.

Written from docs/definitions.md, to be compared with the fast rooms. IPv4 only; a route is its path.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from routing_world import Collector, Element, Gap, World

from nightside.model.elements import Kind

DAY = 86400


@dataclass
class Fact:
    """What happened to a session: `what` is route, heard, stale, known, unknown, gap_end, table, load."""

    second: int
    session: int
    what: str
    prefix: str = ""
    path: tuple[int, ...] | None = None
    flip: bool = False
    value: Any = None


@dataclass
class SlowSession:
    phase: str = "unseen"
    routes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)
    former: int = 0
    went_down: int | None = None
    began: int = 0
    announced: int | None = None
    heard: int = 0
    tail_ends: int = 0
    missed: bool = False


class SlowCollector:
    """One collector's sessions, played."""

    def __init__(self, world: World, collector: Collector, first: int) -> None:
        self.settings, self.first = world.settings, first
        self.sessions = [SlowSession() for _ in collector.peers]
        self.facts: list[Fact] = []
        self.tables: list[tuple[int, bool, dict[int, int]]] = []
        self.ends: list[tuple[int, int, int]] = []
        self.now = 0
        self.gap_span = (0, 0)
        self.before_gap = 0
        self.swapped = 0
        self.latest: dict[int, int] = defaultdict(int)
        self.staged: dict[int, dict[str, tuple[int, ...]]] | None = None
        self.span = (0, 0)
        self.ready: bool | None = None  # truncated or not, once read
        self.named: list[tuple[int, int, str]] = []

    def say(self, second: int, peer: int, what: str, **more: Any) -> None:
        if what != "gap_end":
            self.latest[peer] = max(self.latest[peer], second)
        self.facts.append(Fact(second, self.first + peer, what, **more))

    def play(self, collector: Collector, end: int) -> None:
        for step in collector.steps:
            if isinstance(step, Gap):
                self.gap(step.begin, step.end)
            elif isinstance(step, Element):
                self.element(step)
            elif self.staged is not None and self.ready is None:
                self.ready = step.truncated
                if self.now >= self.span[1]:
                    self.swap()
        ends = end if collector.ends is None else collector.ends
        self.advance(ends)
        if self.ready is not None:
            self.swap()
        self.gap(ends, end)

    # -- time ---------------------------------------------------------------------------------------

    def advance(self, second: int) -> None:
        if self.ready is not None and second >= self.span[1]:
            self.quiet(self.span[1])
            self.swap()
        self.quiet(second)
        self.now = max(self.now, second)

    def quiet(self, second: int) -> None:
        for peer, s in enumerate(self.sessions):
            if s.announced is None:
                continue
            ends = s.announced + self.settings.transfer_quiet_s
            if s.phase == "tail":
                ends = min(ends, s.tail_ends)
                if second >= ends:
                    self.finish(peer, ends)
            elif (
                s.phase == "transfer" and second >= ends and 2 * (len(s.routes) - len(s.awaited)) >= s.former
            ):
                self.finish(peer, ends)

    def finish(self, peer: int, second: int) -> None:
        s = self.sessions[peer]
        for prefix in sorted(s.awaited):
            del s.routes[prefix]
            self.say(second, peer, "route", prefix=prefix, value="left")
        s.awaited.clear()
        if s.phase == "transfer":
            self.say(second, peer, "known")
        s.phase = "up"
        self.ends.append((second, peer, len(s.routes)))

    def gap(self, begin: int, end: int) -> None:
        if end <= begin:
            return
        self.advance(begin)
        for peer, s in enumerate(self.sessions):
            if s.phase in ("up", "tail"):
                s.phase = "up"
                s.awaited.clear()
                self.say(begin, peer, "unknown", value="gap")
                self.say(end, peer, "gap_end", value=begin)
            elif s.phase == "transfer":
                s.phase = "unseen"
                s.awaited.clear()
            elif s.phase == "down":
                s.missed = True
        self.gap_span, self.before_gap = (begin, end), self.now
        self.now = max(self.now, end)
        if self.ready is not None and self.span[1] < end:
            self.swap()

    # -- elements -----------------------------------------------------------------------------------

    def element(self, e: Element) -> None:
        second = int(e.second)
        if e.kind is Kind.ROUTE:
            assert e.prefix
            if self.staged is None or self.ready is not None:
                if self.ready is not None:
                    self.quiet(self.span[1])
                    self.swap()
                self.staged, self.span = {}, (second, second)
            self.span = (min(self.span[0], second), max(self.span[1], second))
            self.staged.setdefault(e.peer, {})[e.prefix] = e.path
            return
        if second > self.now:
            self.advance(second)
        raw, second = second, max(second, self.latest[e.peer], self.gap_span[1])
        self.latest[e.peer] = second
        s = self.sessions[e.peer]
        if e.kind is Kind.STATE:
            self.leave(e.peer, second)
            if e.new_state == 6:
                s.phase, s.began, s.announced, s.missed = "transfer", second, None, False
            return
        if e.kind is Kind.END_OF_RIB:
            if e.family == 4:
                s.heard = second
                if s.phase in ("transfer", "tail"):
                    self.finish(e.peer, second)
            return
        assert e.prefix
        self.named.append((raw, e.peer, e.prefix))
        if e.kind is Kind.ANNOUNCE and s.phase == "down":
            if s.missed:
                s.phase = "unseen"
                s.awaited.clear()
            else:
                s.phase, s.began = "transfer", second
        s.heard = second
        path = e.path if e.kind is Kind.ANNOUNCE else None
        old = s.routes.get(e.prefix)
        if path is None:
            s.routes.pop(e.prefix, None)
        else:
            s.routes[e.prefix] = path
        s.awaited.discard(e.prefix)
        updates = s.phase in ("up", "unseen")
        self.say(
            second,
            e.peer,
            "route",
            prefix=e.prefix,
            path=path,
            flip=updates and _way(old) != _way(path),
            value=None if updates else "transfer",
        )
        if path is not None and s.phase in ("transfer", "tail"):
            s.announced = second
        if path is not None and s.phase == "transfer" and s.former:
            resolved = s.former - len(s.awaited)
            if resolved >= self.settings.transfer_back_share * s.former:
                s.phase = "tail"
                s.tail_ends = second + max(self.settings.transfer_quiet_s, (second - s.began) // 10)
                for prefix in s.awaited:
                    self.say(second, e.peer, "stale", prefix=prefix)
                self.say(second, e.peer, "known")

    def leave(self, peer: int, second: int) -> None:
        s = self.sessions[peer]
        if s.phase == "down":
            return
        if s.phase in ("up", "tail"):
            self.say(second, peer, "unknown", value="state")
        if s.phase == "unseen" or (s.phase == "transfer" and not s.former):
            for prefix in s.routes:
                self.say(second, peer, "route", prefix=prefix, value="left")
            s.routes.clear()
        s.awaited = set(s.routes)
        s.former = len(s.routes)
        s.missed = False
        s.went_down = second
        s.phase = "down"

    # -- tables -------------------------------------------------------------------------------------

    def swap(self) -> None:
        assert self.staged is not None
        staged, cut, (begin, until) = self.staged, bool(self.ready), self.span
        self.staged = self.ready = None
        before = max(self.before_gap, self.swapped)
        in_gap = self.gap_span[0] <= until < self.gap_span[1] and before < self.gap_span[1]
        at = self.swapped = max(until, before if in_gap else self.now, self.swapped)
        self.tables.append((begin, cut, {p: len(r) for p, r in staged.items()}))
        margin = self.settings.table_margin_s
        for peer, s in enumerate(self.sessions):
            routes = staged.get(peer)
            if routes is None:
                if s.phase == "up" and not cut and at >= s.heard + self.settings.silent_s:
                    self.say(at, peer, "unknown", value="silent")
                    s.phase = "unseen"
                continue
            if s.went_down is not None and s.went_down + margin >= begin:
                continue
            if cut and s.phase in ("down", "transfer"):
                continue
            if s.phase == "transfer":
                whole = s.former and len(routes) >= self.settings.transfer_back_share * s.former
                if not whole and at < s.began + self.settings.silent_s:
                    continue
            new = dict(routes)
            for second, who, prefix in self.named:
                if who == peer and begin - margin <= second <= self.now:
                    new.pop(prefix, None)
                    if prefix in s.routes:
                        new[prefix] = s.routes[prefix]
            s.heard = max(s.heard, at)
            if cut and s.phase != "unseen":
                for prefix, path in new.items():
                    s.awaited.discard(prefix)
                    s.routes[prefix] = path
                    self.say(at, peer, "route", prefix=prefix, path=path)
                continue
            self.say(at, peer, "load", value=(dict(new), cut, s.phase == "unseen"))
            if s.phase not in ("up", "tail"):
                if in_gap:
                    self.say(self.gap_span[1], peer, "gap_end", value=at)
                else:
                    self.say(at, peer, "known")
            s.routes, s.phase, s.missed = new, "up", False
            s.awaited.clear()


@dataclass
class Sight:
    """What holds at the end of a second."""

    known: int
    expected: int
    unknown: bool
    visible: frozenset[str]
    units: frozenset[int]


def _standing(
    tables: list[tuple[int, bool, dict[int, int]]], ends: list[tuple[int, int, int]], share: float
) -> dict[int, dict[int, bool]]:
    """Per session and day whether it is full feed (only days with news)."""
    whole = [t for t in tables if not t[1]]
    largest: dict[int, int] = defaultdict(int)
    for begin, _cut, counts in whole or tables:
        largest[begin // DAY] = max(largest[begin // DAY], *counts.values())
    by_transfer = max((n for _s, _p, n in ends), default=0)

    def measure(day: int) -> int:
        if not largest:
            return by_transfer
        before = [d for d in largest if d <= day]
        return largest[max(before) if before else min(largest)]

    routes: dict[tuple[int, int], int] = defaultdict(int)
    for begin, cut, counts in tables:
        for session, n in counts.items():
            if not cut or not whole or n >= share * measure(begin // DAY):
                key = (session, begin // DAY)
                routes[key] = max(routes[key], n)
    for second, session, n in ends:
        key = (session, second // DAY)
        routes[key] = max(routes[key], n)
    full: dict[int, dict[int, bool]] = defaultdict(dict)
    for (session, day), n in routes.items():
        full[session][day] = n > 0 and n >= share * measure(day)
    return full


def slow_sight(world: World, end: int, start: int) -> dict[int, Sight]:
    """Everything again for every second in which anything happened; `start` as the fast rooms found it."""
    settings = world.settings
    facts: list[Fact] = []
    asns: list[int] = []
    tables: list[tuple[int, bool, dict[int, int]]] = []
    ends: list[tuple[int, int, int]] = []
    for collector in world.collectors:
        first = len(asns)
        slow = SlowCollector(world, collector, first)
        slow.play(collector, end)
        facts += slow.facts
        asns += [p.asn for p in collector.peers]
        tables += [(b, c, {first + p: n for p, n in r.items()}) for b, c, r in slow.tables]
        ends += [(s, first + p, n) for s, p, n in slow.ends]
    full = _standing(tables, ends, settings.full_feed_share)

    def is_full(session: int, second: int) -> bool:
        days = full.get(session)
        if not days:
            return False
        before = [d for d in days if d <= second // DAY]
        return days[max(before) if before else min(days)]

    facts.sort(key=lambda f: f.second)
    by_second: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_second[fact.second].append(fact)
    moments = set(by_second)
    for second in list(by_second):
        moments |= {second + settings.expected_memory_s, second - second % DAY + DAY}
    prefixes = {f.prefix for f in facts if f.prefix} | {
        p for f in facts if f.what == "load" for p in f.value[0]
    }
    country = {p: world.country_of(p) for p in prefixes}
    covered = {p: _units_below(p, settings.shortest_cover_ipv4) for p in prefixes}

    routes: dict[int, dict[str, tuple[Any, bool]]] = defaultdict(dict)  # (way, whether it is cover)
    stale: dict[int, set[str]] = defaultdict(set)
    unsure: dict[int, set[str]] = defaultdict(set)  # not heard since a gap
    follows: dict[int, set[str]] = defaultdict(set)  # nor since the prefix changed after sight was lost
    changed: dict[str, int] = {}
    known: set[int] = set()
    confirmed: dict[int, int] = defaultdict(int)
    last_heard: dict[str, int] = {}
    origin_country: dict[str, int] = {}
    ever_visible: set[str] = set()
    foreign: set[tuple[str, int]] = set()  # (prefix, unit): no cover there
    unit_country = world.entity_of_unit()
    was_blind, blind_from, last_blind = False, 0, 0
    last_voted: dict[int, int] = {}
    admitted: set[tuple[str, int]] = set()
    visible: frozenset[str] = frozenset()
    units: frozenset[int] = frozenset()
    found: dict[int, Sight] = {}

    def covers(session: int, prefix: str, path: tuple[int, ...], second: int) -> bool:
        """Whether the route's origin is no stranger; judged when the route is told, not when it is repeated."""
        origin = path[-1]
        if prefix in routes[session] and routes[session][prefix][0] == _way(path):
            return routes[session][prefix][1]
        if country[prefix] and world.asn_country.get(origin, 0) == country[prefix]:
            origin_country[prefix] = country[prefix]
            return True
        below = _units_below(prefix, 0)
        if second <= start or 2 * len(units & below) >= len(below):
            admitted.add((prefix, origin))
        if (prefix, origin) in admitted:
            origin_country[prefix] = world.asn_country.get(origin, 0)
            return True
        return False

    for second in sorted(m for m in moments if m <= end):
        for asn in {asns[s] for s in known if is_full(s, second - 1)}:
            last_voted[asn] = second
        for f in sorted(by_second.get(second, ()), key=lambda f: f.what != "gap_end"):
            s = f.session
            if f.what == "route":
                heard = f.flip or (f.prefix in unsure[s] and f.value is None)
                if heard and s in known and is_full(s, second):
                    last_heard[f.prefix] = second
                stale[s].discard(f.prefix)
                unsure[s].discard(f.prefix)
                follows[s].discard(f.prefix)
                if f.path is None:
                    routes[s].pop(f.prefix, None)
                else:
                    routes[s][f.prefix] = (_way(f.path), covers(s, f.prefix, f.path, second))
            elif f.what == "stale":
                stale[s].add(f.prefix)
            elif f.what == "load":
                mine, cut, anew = f.value
                if anew:
                    routes[s].clear()
                routes[s] = {p: (_way(path), covers(s, p, path, second)) for p, path in mine.items()}
                stale[s] = prefixes - set(mine) if cut else set()
                unsure[s].clear()
                follows[s].clear()
                confirmed[s] = second
            elif f.what == "gap_end":
                since = max(f.value, confirmed[s])
                if was_blind or last_blind > since:
                    unsure[s] = set(prefixes)
                    follows[s] |= {p for p, t in changed.items() if t >= max(blind_from, confirmed[s])}
                stale[s] |= {p for p, t in last_heard.items() if t >= since}
                known.add(s)
            elif f.what == "known":
                known.add(s)
            elif f.what == "unknown":
                known.discard(s)
                if f.value != "gap":
                    stale[s].clear()
                    unsure[s].clear()
                    follows[s].clear()
        votes: dict[int, list[int]] = defaultdict(list)
        for s in known:
            if is_full(s, second):
                votes[asns[s]].append(s)
        for asn in votes:
            last_voted[asn] = second
        expected = sum(
            1 for asn, t in last_voted.items() if asn in votes or second < t + settings.expected_memory_s
        )
        needed = settings.expected_share * expected
        blind = not votes or len(votes) < needed
        if not blind:
            now_visible = set()
            for p in prefixes:
                has = voters = 0
                for sessions in votes.values():
                    fresh = [s for s in sessions if p not in stale[s]]
                    voters += bool(fresh)
                    if fresh and all(p in follows[s] for s in fresh):
                        # Who was not heard since speaks for what the prefix became.
                        has += p in visible
                    else:
                        has += any(routes[s][p][1] for s in fresh if p in routes[s])
                enough = has > 0 and has >= settings.visible_share * voters
                if p in visible if voters < needed else enough:
                    now_visible.add(p)
            stay = {u for p in visible & now_visible for u in covered[p] if (p, u) not in foreign}
            for p in sorted(now_visible - visible) if second > start else ():
                for u in covered[p]:
                    elsewhere = unit_country[u] and unit_country[u] != origin_country.get(p, 0)
                    if p not in ever_visible and u not in stay and elsewhere:
                        foreign.add((p, u))
                    elif u in stay and elsewhere:
                        foreign.discard((p, u))
            changed |= dict.fromkeys(now_visible ^ visible, second)
            for p in now_visible ^ visible:
                for s in unsure:
                    follows[s] |= {p} & unsure[s]
            visible = frozenset(now_visible)
            ever_visible |= visible
            units = frozenset(u for p in visible for u in covered[p] if (p, u) not in foreign)
        nobody = not votes or len(votes) < settings.blind_share * expected
        if was_blind and not nobody:
            last_blind = second
        if nobody and not was_blind:
            blind_from = second
        was_blind = nobody
        found[second] = Sight(len(votes), expected, blind, visible, units)
    return found


def _way(path: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """What makes a re-route: another origin, or another AS beside it (paths here are not longer at the border)."""
    return None if path is None else path[-2:]


def _units_below(prefix: str, shortest: int) -> frozenset[int]:
    network = ipaddress.ip_network(prefix)
    if network.version != 4 or network.prefixlen < shortest or (shortest and network.prefixlen > 24):
        return frozenset()
    first = int(network.network_address) >> 8
    return frozenset(range(first, first + (1 << max(0, 24 - network.prefixlen))))
