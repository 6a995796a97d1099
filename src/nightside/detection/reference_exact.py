"""The rule of exact prefixes and an absolute count of peers, on our input.

Source: BGPalerter (nttgin/BGPalerter), `monitorVisibility` with its example configuration: a prefix is reported once 40
peers have withdrawn exactly that prefix (`thresholdMinPeers: 40`), whatever covers it and however many peers there
are. That number was chosen for the sessions of RIS with a full feed, some 300 of them, so here it is the same share of
the sessions there are, at least two. Session resets are not withdrawals, and nothing tells a stuck peer.

It knows prefixes, not countries, and no end. So that it can be compared: a prefix is lost while that many peers have
withdrawn it and not announced it again; a /24 is lost while the most specific prefix of the first tables that covers it
is; a country's share is what is left of its /24s, held against our thresholds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nightside.detection.reference import (
    ANNOUNCED,
    GONE,
    TABLE_HAS,
    HeardLog,
    PrefixUnits,
    stretches_below,
)
from nightside.model.incident import Episode, Severity

PEERS = 40
OF_SESSIONS = 300
LEAST_PEERS = 2


def threshold(n_sessions: int) -> int:
    """How many peers have to withdraw a prefix, of so many sessions."""
    return max(LEAST_PEERS, round(PEERS / OF_SESSIONS * n_sessions))


def lost_prefixes(log: HeardLog, n_prefixes: int, peers: int) -> tuple[npt.NDArray[np.uint32], ...]:
    """(second, prefix, 1 where it is lost from then on and 0 where no more), in the order of time."""
    about = np.isin(log.kind, (GONE, ANNOUNCED, TABLE_HAS))
    withdrawals = np.bincount(log.prefix[log.kind == GONE], minlength=n_prefixes)
    rows = np.flatnonzero(about & (withdrawals[log.prefix] >= peers))
    key = log.prefix[rows].astype(np.int64) * len(log.asns) + log.session[rows]
    gone = log.kind[rows] == GONE
    # Per (prefix, session): +1 where it is withdrawn anew, -1 where it is announced after a withdrawal.
    order = np.argsort(key, kind="stable")
    keys, now = key[order], gone[order]
    before = np.zeros(len(now), bool)
    before[1:] = now[:-1] & (keys[1:] == keys[:-1])
    change = np.zeros(len(now), np.int64)
    change[order] = now.astype(np.int64) - before
    # Per prefix in the order of time: how many peers have withdrawn it now.
    prefix, second = log.prefix[rows], log.second[rows]
    order = np.argsort(prefix, kind="stable")
    prefix, second, change = prefix[order], second[order], change[order]
    if not len(prefix):
        return (np.empty(0, np.uint32),) * 3
    head = np.concatenate([[True], prefix[1:] != prefix[:-1]])
    total = np.cumsum(change)
    base = (total - change)[head]
    count = total - np.repeat(base, np.diff(np.append(np.flatnonzero(head), len(prefix))))
    # What happens in one second is taken together.
    last = np.append((prefix[1:] != prefix[:-1]) | (second[1:] != second[:-1]), True)
    prefix, second, lost = prefix[last], second[last], count[last] >= peers
    head = np.concatenate([[True], prefix[1:] != prefix[:-1]])
    was = np.zeros(len(lost), bool)
    was[1:] = lost[:-1] & ~head[1:]
    moved = np.flatnonzero(lost != was)
    moved = moved[np.argsort(second[moved], kind="stable")]
    return second[moved], prefix[moved], lost[moved].astype(np.uint32)


def own_units(log: HeardLog, prefixes: PrefixUnits) -> tuple[npt.NDArray[np.int64], ...]:
    """(prefix, country, units) for the units whose most specific prefix in the first tables it is."""
    held = np.zeros(len(prefixes.hi), bool)
    for _second, _session, row in log.first:
        held |= row
    owner = np.full(1 << 24, -1, np.int64)
    for length in range(8, 25):
        # The longer come later and take their units over.
        chosen = np.flatnonzero(held & (prefixes.length == length))
        first, _last = prefixes.spans(chosen)
        inside = first[:, None] + np.arange(1 << (24 - length))
        owner[inside.reshape(-1)] = np.repeat(chosen, 1 << (24 - length))
    units = np.flatnonzero((owner >= 0) & (prefixes.country_of_unit > 0))
    key = owner[units] * 256 + prefixes.country_of_unit[units]
    pairs, count = np.unique(key, return_counts=True)
    return pairs // 256, pairs % 256, count


def episodes(
    log: HeardLog,
    prefixes: PrefixUnits,
    begin: int,
    end: int,
    below: dict[Severity, Callable[[float], bool]],
) -> dict[int, list[Episode]]:
    """The episodes of each country number, by our thresholds (`below`, by the share of units that are left)."""
    prefix, country, count = own_units(log, prefixes)
    all_units = np.bincount(country, weights=count, minlength=256).astype(np.int64)
    second, which, lost = lost_prefixes(log, len(prefixes.hi), threshold(len(log.asns)))
    low = np.searchsorted(prefix, which, "left")
    high = np.searchsorted(prefix, which, "right")
    moves: dict[int, list[tuple[int, int]]] = {}
    for at, a, b, gone in zip(second.tolist(), low.tolist(), high.tolist(), lost.tolist(), strict=True):
        for place in range(a, b):
            change = int(count[place])
            moves.setdefault(int(country[place]), []).append((at, -change if gone else change))
    found: dict[int, list[Episode]] = {}
    for number, changes in sorted(moves.items()):
        steps = _steps(changes, begin, int(all_units[number]))
        mine = [e for s, is_below in below.items() for e in stretches_below(s, steps, is_below, end)]
        if mine:
            found[number] = sorted(mine, key=lambda e: e.onset)
    return found


def _steps(changes: list[tuple[int, int]], begin: int, units: int) -> list[tuple[int, float, int]]:
    steps = [(begin, 1.0, units)]
    left = units
    for second, change in changes:
        left += change
        if steps[-1][0] == second:
            steps.pop()
        steps.append((second, left / units, left))
    return steps
