"""The rule of IODA's BGP signal, on our input, with its published settings.

Sources: "IODA: Internet outage detection and analysis" (CAIDA, now Georgia Tech), its signal
`visibility_threshold.min_50%_ff_peer_asns.visible_slash24_cnt`: a prefix counts where at least half of the full-feed
peer ASes carry it at the end of a 5-minute bin; the /24s of such prefixes are counted as a union by country.
A peer is full feed in a bin with more than 400,000 IPv4 prefixes. Alerts: watchtower-sentry's MovingStat (median of the
history, `warmup` 1 h, `minprediction` 20, `inpainting` below 0.8 for at most 7 days, as in its sample
configuration) with a history of 24 h and the level critical below 50 %.

For our severities: *severe* is the critical alert, as it is. *Total* has no level of its own there; the bins of the
same signal with 5 % of the median or less stand for it. *Partial* has none either (the warning level, below 99 %,
tells of every churn) and is not compared. As there, a session that leaves Established holds nothing until it
announces again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

import numpy as np
import numpy.typing as npt

from nightside.detection.reference import ANNOUNCED, DOWN, TABLE_HAS, HeardLog, PrefixUnits, stretches_below
from nightside.model.incident import Episode

BIN_S = 300
FULL_FEED_ROUTES = 400_000
FULL_FEED_SHARE = 0.75
"""Of the largest table where that is smaller than what the published number was made for: 400,000 of some 530,000."""
VISIBLE_SHARE = 0.5
SHORTEST = 6
HISTORY_S = 86_400
WARMUP_S = 3_600
LEAST_UNITS = 20
INPAINT_BELOW = 0.8
INPAINT_MOST_S = 604_800
CRITICAL_BELOW = 0.5
TOTAL_AT = 0.05

MANY = 20_000
"""From so many prefixes on it is quicker to go over all units."""

Steps = dict[int, list[tuple[int, int]]]


def visible_units(log: HeardLog, prefixes: PrefixUnits, begin: int, n_countries: int) -> Steps:
    """Visible /24s by country number as steps (begin of the bin, units); a bin says what is visible at its end."""
    judge = _Bins(log, prefixes, n_countries)
    steps: Steps = {}
    first = begin - begin % BIN_S
    loads = sorted(log.first, key=lambda f: (f[0], f[1]))
    cuts = np.searchsorted(log.second, np.arange(first, log.end + BIN_S, BIN_S, dtype=np.int64)).tolist()
    done = 0
    for number in range(len(cuts) - 1):
        start = first + number * BIN_S
        while done < len(loads) and loads[done][0] < start + BIN_S:
            judge.load(loads[done][1], loads[done][2])
            done += 1
        judge.changes(cuts[number], cuts[number + 1])
        for country in judge.close():
            steps.setdefault(country, []).append((start, int(judge.units[country])))
    return steps


class _Bins:
    """The state at the end of each bin."""

    def __init__(self, log: HeardLog, prefixes: PrefixUnits, n_countries: int) -> None:
        self.log, self.prefixes = log, prefixes
        n = len(prefixes.hi)
        self.has = np.zeros((len(log.asns), n), bool)
        self.routes = np.zeros(len(log.asns), np.int64)
        self.full = np.zeros(len(log.asns), bool)
        self.visible = np.zeros(n, bool)
        self.cover = np.zeros(1 << 24, np.uint8)
        self.units = np.zeros(n_countries, np.int64)
        self.touched: list[npt.NDArray[np.uint32]] = []
        self.all_touched = False
        self.needed = FULL_FEED_ROUTES

    def load(self, session: int, row: npt.NDArray[np.bool_]) -> None:
        """A session's first table."""
        self.has[session] = row
        self.routes[session] = int(np.count_nonzero(row))
        self.needed = min(FULL_FEED_ROUTES, int(FULL_FEED_SHARE * int(self.routes.max())))
        self.all_touched = True

    def changes(self, begin: int, end: int) -> None:
        """The rows of the log from place `begin` to `end`."""
        if begin == end:
            return
        log = self.log
        downs = np.flatnonzero(log.kind[begin:end] == DOWN) + begin
        for at in [*downs.tolist(), end]:
            session, prefix = log.session[begin:at], log.prefix[begin:at]
            # Of several changes to one place, assignment keeps the last.
            self.has[session, prefix] = np.isin(log.kind[begin:at], (ANNOUNCED, TABLE_HAS))
            self.touched.append(prefix)
            for changed in np.unique(session).tolist():
                self.routes[changed] = int(np.count_nonzero(self.has[changed]))
            if at < end:
                self.has[log.session[at]] = False
                self.routes[log.session[at]] = 0
                self.all_touched = True
            begin = at + 1

    def close(self) -> list[int]:
        """The bin is over: which countries' numbers have moved?"""
        full = self.routes >= max(self.needed, 1)
        if np.any(full != self.full):
            self.full, self.all_touched = full, True
        if not self.all_touched and not self.touched:
            return []
        if self.all_touched:
            which = np.arange(len(self.visible), dtype=np.uint32)
        else:
            which = np.unique(np.concatenate(self.touched))
        self.touched, self.all_touched = [], False
        if not self.full.any():
            return []
        by_as: dict[int, list[int]] = {}
        for session in np.flatnonzero(self.full).tolist():
            by_as.setdefault(self.log.asns[session], []).append(session)
        votes = np.zeros(len(which), np.int32)
        for sessions in by_as.values():
            votes += np.any(self.has[np.ix_(np.array(sessions), which)], axis=0)
        visible = (votes > 0) & (votes >= VISIBLE_SHARE * len(by_as))
        moved = visible != self.visible[which]
        self.visible[which] = visible
        before = self.units.copy()
        changed = which[moved].astype(np.int64)
        lengths = self.prefixes.length[changed]
        fits = (lengths >= SHORTEST) & (lengths <= 24)
        self._cover(changed[fits], visible[moved][fits])
        moved_countries: list[int] = np.flatnonzero(self.units != before).tolist()
        return moved_countries

    def _cover(self, prefixes: npt.NDArray[np.int64], now: npt.NDArray[np.bool_]) -> None:
        """Prefixes that became visible (`now`) or invisible; one by one, or all at once where they are many."""
        first, last = self.prefixes.spans(prefixes)
        owner = self.prefixes.country_of_unit
        if len(prefixes) >= MANY:
            change = np.zeros((1 << 24) + 1, np.int32)
            sign = np.where(now, 1, -1)
            np.add.at(change, first, sign)
            np.add.at(change, last, -sign)
            self.cover = (self.cover + np.cumsum(change[:-1])).astype(np.uint8)
            self.units = np.bincount(owner[self.cover > 0], minlength=len(self.units)).astype(np.int64)
            return
        for a, b, gain in zip(first.tolist(), last.tolist(), now.tolist(), strict=True):
            cover = self.cover[a:b]
            if gain:
                changed = owner[a:b][cover == 0]
                cover += 1
            else:
                cover -= 1
                changed = owner[a:b][cover == 0]
            if len(changed):
                np.add.at(self.units, changed, 1 if gain else -1)


def alerts(steps: list[tuple[int, int]], begin: int, end: int) -> list[Episode]:
    """The critical alerts of one country, as severe episodes, and its bins with next to nothing, as total ones."""
    values = [units for _at, units in steps]
    if not values or max(values) < LEAST_UNITS or min(values) >= CRITICAL_BELOW * max(values):
        return []
    shares = list(_shares(steps, begin, end))
    severe = stretches_below("severe", shares, lambda share: share < CRITICAL_BELOW, end)
    total = stretches_below("total", shares, lambda share: share <= TOTAL_AT, end)
    return sorted([*severe, *total], key=lambda e: e.onset)


def _shares(steps: list[tuple[int, int]], begin: int, end: int) -> list[tuple[int, float, int]]:
    """(bin, value / median of the history, value) of each bin; bins that no median can be held against are 1."""
    history: deque[int] = deque()
    ordered: list[int] = []
    shares = []
    inpainting_since: int | None = None
    place = 0
    value = steps[0][1]
    for start in range(begin - begin % BIN_S, end, BIN_S):
        while place < len(steps) and steps[place][0] <= start:
            value = steps[place][1]
            place += 1
        median = ordered[len(ordered) // 2] if len(ordered) >= WARMUP_S // BIN_S else None
        share, kept = 1.0, value
        if median is not None and median >= LEAST_UNITS:
            share = value / median
            if share < INPAINT_BELOW:
                inpainting_since = start if inpainting_since is None else inpainting_since
                if start - inpainting_since < INPAINT_MOST_S:
                    kept = median
            else:
                inpainting_since = None
        shares.append((start, share, value))
        history.append(kept)
        insort(ordered, kept)
        if len(history) > HISTORY_S // BIN_S:
            del ordered[bisect_left(ordered, history.popleft())]
    return shares
