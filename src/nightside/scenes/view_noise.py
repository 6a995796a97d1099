"""When our view of a block is broken: at any time, and right where an outage begins or ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nightside.scenes.audience import Audience
from nightside.scenes.chance import log_uniform, stream
from nightside.scenes.disturbances import (
    FILE_S,
    TABLE_S,
    Disturbances,
    Place,
    Reset,
    Skew,
    Stuck,
    TurnedPartial,
)
from nightside.scenes.happenings import Noise
from nightside.scenes.outages import Drawn

HOUR_S, DAY_S = 3600, 86400
_RESETS_A_DAY, _MISSING_A_DAY, _LATE_A_DAY = 3.0, 3.0, 4.0
_MASS_RESET_EVERY_S, _LOSS_EVERY_S, _PARTIAL_EVERY_S = 2 * DAY_S, 4 * DAY_S, 4 * DAY_S
_APART_S = 2 * HOUR_S
"""Between two disturbances that take many sessions."""
_STUCK_SHARE = 0.25
_SKEW_S = 90
_REST_S = 1800
"""Between two resets of one session, at least."""
_AIMED = ("reset", "mass_reset", "gap", "blind", "collector_loss", "late_file", "nothing")
_AIMED_WEIGHTS = (0.12, 0.012, 0.12, 0.02, 0.012, 0.06, 0.656)
"""What meets the begin of an outage, and what its end."""


class _Planner:
    def __init__(self, audience: Audience, begin: int, end: int, seed: int, number: int) -> None:
        self.audience, self.begin, self.end = audience, begin, end
        self.rng = stream(seed, "disturbances", number)
        self.places = [(c, i) for c, some in enumerate(audience.watchers) for i in range(len(some))]
        self.names = {p: self._name(p) for p in self.places}
        self.busy: dict[Place, list[tuple[int, int]]] = {p: [] for p in self.places}
        self.resets: list[Reset] = []
        self.missing: set[tuple[int, int]] = set()
        self.late: dict[tuple[int, int], int] = {}
        self.great: list[tuple[int, int]] = []
        self.noise: list[Noise] = []

    def _name(self, place: Place) -> str:
        watcher = self.audience.watchers[place[0]][place[1]]
        return f"{self.audience.collectors[place[0]]} {watcher.peer.address} (AS{watcher.peer.asn})"

    def note(self, noise: Noise) -> None:
        self.noise.append(noise)

    def times(self, every_s: float, lasts_s: int) -> list[int]:
        """Beginnings, at random, so that one is due every so often; what begins is over within the block."""
        latest = self.end - lasts_s - HOUR_S
        if latest <= self.begin + HOUR_S:
            return []
        number = int(self.rng.poisson((self.end - self.begin) / every_s))
        return sorted(int(t) for t in self.rng.integers(self.begin + HOUR_S, latest, number))

    def reset(self, place: Place, down: int, up: int, *, states: bool = True) -> bool:
        """Plan a reset of one session, where it is not busy with another."""
        rng = self.rng
        one = Reset(
            place,
            down,
            up,
            int(rng.integers(20, 301)),
            states,
            bool(rng.random() < 0.6),
            bool(rng.random() < 0.5),
        )
        if any(a - _REST_S < one.settled and one.down < b + _REST_S for a, b in self.busy[place]):
            return False
        self.busy[place].append((one.down, one.settled))
        self.resets.append(one)
        what = f"{self.names[place]}" + ("" if states else ", without changes of state")
        self.note(Noise("reset", down, up, what))
        self.note(Noise("transfer", up, one.settled, self.names[place]))
        return True

    def alone(self, begin: int, end: int) -> bool:
        """Whether no other great disturbance is near; takes the time if so."""
        if any(begin - _APART_S < b and a < end + _APART_S for a, b in self.great):
            return False
        self.great.append((begin, end))
        return True

    def mass_reset(self, at: int) -> None:
        """Up to 40 % of the ASes leave within seconds, and come back one by one."""
        if not self.alone(at, at + 1200):
            return
        n = len(self.audience.asns)
        number = int(self.rng.integers(max(1, n // 5), max(2, int(0.4 * n) + 1)))
        chosen = set(self.rng.choice(n, number, replace=False).tolist())
        for c, i in self.places:
            watcher = self.audience.watchers[c][i]
            if watcher.share == 1 and watcher.voice in chosen:
                down = at + int(self.rng.integers(0, 6))
                self.reset((c, i), down, down + round(log_uniform(self.rng, 10, 600)))

    def collector_loss(self, at: int) -> None:
        """An hour without files. Half of the time the collector was down itself, and all sessions begin anew."""
        collector = int(self.rng.integers(len(self.audience.collectors)))
        # On the cadence of the files, and clear of the tables.
        begin = at // FILE_S * FILE_S
        begin = begin // TABLE_S * TABLE_S + min(max(begin % TABLE_S, 6 * FILE_S), 78 * FILE_S)
        end = begin + HOUR_S
        if begin < self.begin + HOUR_S or end > self.end - HOUR_S or not self.alone(begin, end):
            return
        self.missing |= {(collector, nominal) for nominal in range(begin, end, FILE_S)}
        name = self.audience.collectors[collector]
        crashed = bool(self.rng.random() < 0.5)
        if crashed:
            for place in self.places:
                if place[0] == collector:
                    self.reset(place, begin + 1, end + int(self.rng.integers(1, 90)))
        how = "the collector was down" if crashed else "its files are lost"
        self.note(Noise("collector_loss", begin, end, f"{name}: {how}"))

    def gap(self, collector: int, at: int) -> None:
        """One file is missing."""
        begin = at // FILE_S * FILE_S
        if (collector, begin) not in self.missing:
            self.missing.add((collector, begin))
            name = self.audience.collectors[collector]
            self.note(Noise("gap", begin, begin + FILE_S, f"{name}: one file is missing"))

    def late_file(self, collector: int, at: int) -> None:
        """One file is late."""
        begin = at // FILE_S * FILE_S
        late_s = self.late[collector, begin] = round(log_uniform(self.rng, 600, 7200))
        name = self.audience.collectors[collector]
        self.note(Noise("late_file", begin, begin + FILE_S, f"{name}: {late_s} s late"))

    def at_any_time(self) -> None:
        """What comes as it comes."""
        for at in self.times(_MASS_RESET_EVERY_S, 1200):
            self.mass_reset(at)
        for at in self.times(_LOSS_EVERY_S, 2 * HOUR_S):
            self.collector_loss(at)
        rate = max(2.0, _RESETS_A_DAY * len(self.places) / 48)
        for at in self.times(DAY_S / rate, 1200):
            place = self.places[int(self.rng.integers(len(self.places)))]
            up = at + round(log_uniform(self.rng, 10, 600))
            self.reset(place, at, up, states=bool(self.rng.random() > 0.05))
        n = len(self.audience.collectors)
        for at in self.times(DAY_S / _MISSING_A_DAY, FILE_S):
            self.gap(int(self.rng.integers(n)), at)
        for at in self.times(DAY_S / _LATE_A_DAY, FILE_S):
            self.late_file(int(self.rng.integers(n)), at)

    def where_it_hurts(self, drawn: Sequence[Drawn]) -> None:
        """What meets the very minutes in which an outage begins or ends."""
        n = len(self.audience.collectors)
        for one in drawn:
            for moment in (one.injection.begin, one.injection.end):
                kind = _AIMED[int(self.rng.choice(len(_AIMED), p=_AIMED_WEIGHTS))]
                before = moment + int(self.rng.integers(-400, 60))
                if kind == "reset":
                    place = self.places[int(self.rng.integers(len(self.places)))]
                    self.reset(place, before, before + round(log_uniform(self.rng, 10, 600)))
                elif kind == "mass_reset":
                    self.mass_reset(before)
                elif kind == "collector_loss":
                    self.collector_loss(moment - int(self.rng.integers(0, HOUR_S)))
                elif kind == "late_file":
                    self.late_file(int(self.rng.integers(n)), moment + 20)
                elif kind != "nothing":
                    # Where all collectors lack the file, nobody saw it.
                    for collector in range(n) if kind == "blind" else [int(self.rng.integers(n))]:
                        self.gap(collector, moment + 20)

    def stuck(self, drawn: Sequence[Drawn]) -> list[Stuck]:
        full = [p for p in self.places if self.audience.watchers[p[0]][p[1]].share == 1]
        found: list[Stuck] = []
        for one in drawn:
            if self.rng.random() >= _STUCK_SHARE:
                continue
            place = full[int(self.rng.integers(len(full)))]
            networks = np.unique(one.networks)
            if self.rng.random() < 0.5:
                networks = networks[[int(self.rng.integers(len(networks)))]]
            begin = one.injection.begin - 60
            end = begin + round(log_uniform(self.rng, 1800, DAY_S))
            if any(s.place == place and s.begin < end and begin < s.end for s in found):
                continue
            found.append(Stuck(place, networks, begin, end))
            what = f"{self.names[place]} keeps {len(networks)} networks"
            self.note(Noise("stuck", begin, end, what, (one.injection.country,)))
        return found

    def turned_partial(self) -> list[TurnedPartial]:
        single = [
            p
            for p in self.places
            if (watcher := self.audience.watchers[p[0]][p[1]]).share == 1
            and sum(
                w.voice == watcher.voice and w.share == 1 for some in self.audience.watchers for w in some
            )
            == 1
        ]
        found: list[TurnedPartial] = []
        for at in self.times(_PARTIAL_EVERY_S, DAY_S):
            place = single[int(self.rng.integers(len(single)))]
            if any(t.place == place for t in found):
                continue
            share = float(self.rng.uniform(0.6, 0.9))
            found.append(TurnedPartial(place, share, at, at + DAY_S))
            what = f"{self.names[place]} tells {1 - share:.0%} of its table"
            self.note(Noise("turned_partial", at, at + DAY_S, what))
        return found

    def skews(self) -> list[Skew]:
        if self.rng.random() > 0.7:
            return []
        collector = int(self.rng.integers(len(self.audience.collectors)))
        lasts = round(log_uniform(self.rng, 4 * HOUR_S, 30 * HOUR_S))
        begin = int(self.rng.integers(self.begin + HOUR_S, max(self.begin + HOUR_S + 1, self.end - lasts)))
        off = int(self.rng.integers(5, _SKEW_S + 1)) * (1 if self.rng.random() < 0.5 else -1)
        end = min(begin + lasts, self.end - HOUR_S)
        self.note(Noise("clock_skew", begin, end, f"{self.audience.collectors[collector]}: {off:+d} s"))
        return [Skew(collector, off, begin, end)]


def plan_disturbances(
    audience: Audience, drawn: Sequence[Drawn], begin: int, end: int, seed: int, number: int
) -> tuple[Disturbances, list[Noise]]:
    """All that breaks the view in [begin, end), and the notes of it."""
    planner = _Planner(audience, begin, end, seed, number)
    planner.where_it_hurts(drawn)
    planner.at_any_time()
    resets: dict[Place, list[Reset]] = {}
    for reset in sorted(planner.resets, key=lambda r: r.down):
        resets.setdefault(reset.place, []).append(reset)
    stuck: dict[Place, list[Stuck]] = {}
    for one in planner.stuck(drawn):
        stuck.setdefault(one.place, []).append(one)
    partial = {t.place: [t] for t in planner.turned_partial()}
    skews: dict[int, list[Skew]] = {}
    for skew in planner.skews():
        skews.setdefault(skew.collector, []).append(skew)
    missed = {place: float(planner.rng.uniform(0.02, 0.03)) for place in planner.places}
    few = sum(w.share < 1 for some in audience.watchers for w in some)
    planner.note(Noise("missed_withdrawals", begin, end, "2 to 3 % of each session's withdrawals"))
    planner.note(Noise("partial_feed", begin, end, f"{few} sessions that tell 1 to 40 % of the table"))
    view = Disturbances(resets, stuck, partial, skews, frozenset(planner.missing), planner.late, missed)
    return view, planner.noise
