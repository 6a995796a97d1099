"""The truth of a block: what a perfect observer tells, from the ASes' own routes at every second.

A short reading of docs/definitions.md of its own: one vote for each AS, half of them make a prefix visible, a
/24 is reachable while a visible prefix of /8 or longer covers it that is no stranger's, and a country falls by
the share of its /24s. Only prefixes that change need a line of time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nightside.model.settings import Settings
from nightside.scenes.ground import GONE, SECOND, Ground
from nightside.scenes.ordering import stable_order
from nightside.scenes.shares import episodes
from nightside.scenes.territory import covers, spread
from nightside.scenes.truth import TrueEpisode
from nightside.scenes.turns import Moves
from nightside.world.snapshot import load

Int = NDArray[np.int64]


def first_units(ground: Ground, rules: Settings) -> tuple[NDArray[np.int32], Int]:
    """Covers of each /24 in the first table, and each country's reachable units."""
    everything = np.arange(len(ground.hi))
    seen = _first_votes(ground, everything) >= _needed(ground, rules, everything)
    seen &= ground.length >= rules.shortest_cover_ipv4
    cover = covers(ground.first_unit[seen], ground.size[seen])
    return cover, np.bincount(load().ipv4[cover > 0], minlength=len(load().codes))


def block_truth(
    ground: Ground, moves: Moves, begin: int, end: int, rules: Settings
) -> dict[str, list[TrueEpisode]]:
    """The episodes of every country that has any."""
    cover, reachable = first_units(ground, rules)
    second, prefix, change = _crossings(ground, moves, rules)
    long_enough = ground.length[prefix] >= rules.shortest_cover_ipv4
    second, prefix, change = second[long_enough], prefix[long_enough], change[long_enough]
    second, country, change = _unit_changes(ground, cover, second, prefix, change)
    found: dict[str, list[TrueEpisode]] = {}
    order = np.argsort(country, kind="stable")
    second, country, change = second[order], country[order], change[order]
    for code in np.unique(country).tolist():
        if code == 0:
            continue
        low, high = np.searchsorted(country, [code, code + 1])
        times, units = _steps(begin, int(reachable[code]), second[low:high], change[low:high])
        if units.min() < rules.partial_below * units.max():
            some = episodes(times, units, end, rules)
            if some:
                found[load().codes[code]] = some
    return dict(sorted(found.items()))


def _needed(ground: Ground, rules: Settings, prefixes: Int) -> NDArray[np.float64]:
    """How many votes make each of these prefixes visible: a part of all ASes, or of those who usually see it."""
    everybody = len(ground.audience.asns)
    voters = np.full(len(prefixes), everybody, np.int64)
    if rules.visible_among_usual:
        usual = _first_votes(ground, prefixes)
        # What hardly anybody ever saw has no usual audience.
        voters = np.where(usual >= max(2.0, 0.1 * everybody), usual, everybody)
    return np.asarray(rules.visible_share * voters, np.float64)


def _first_votes(ground: Ground, prefixes: Int) -> Int:
    votes = np.zeros(len(prefixes), np.int64)
    for usual in ground.usual:
        votes += ground.counts(usual[prefixes], prefixes)
    return votes


def _crossings(ground: Ground, moves: Moves, rules: Settings) -> tuple[Int, Int, Int]:
    """(second, prefix, +1 or -1) where a prefix becomes visible or stops to be, at the end of each second."""
    n_as = len(ground.audience.asns)
    # Who only takes another way stays: only prefixes that somebody loses (or that are new) can change.
    changes = np.zeros(len(ground.hi), bool)
    changes[moves.prefix[(moves.value == GONE) | (moves.value == SECOND)]] = True
    mine = changes[moves.prefix]
    second, who = moves.second[mine], moves.who[mine].astype(np.int64)
    prefix, value = moves.prefix[mine].astype(np.int64), moves.value[mine]
    holder = prefix * n_as + who
    order = stable_order(holder)
    second, who, prefix, holder = second[order], who[order], prefix[order], holder[order]
    has = ground.counts(value[order], prefix).astype(np.int8)
    had = np.empty_like(has)
    had[1:] = has[:-1]
    first = np.flatnonzero(np.append(True, holder[1:] != holder[:-1])) if len(holder) else np.empty(0, int)
    had[first] = ground.counts(ground.usual[who[first], prefix[first]], prefix[first])
    turned = np.flatnonzero(has != had)
    second, prefix, change = second[turned], prefix[turned], (has - had)[turned].astype(np.int64)
    order = stable_order(prefix, second)
    second, prefix, change = second[order], prefix[order], change[order]
    if len(second) == 0:
        return second, prefix, change
    votes = _running(prefix, change, _first_votes(ground, prefix[_heads(prefix)]))
    # Of one second only its end counts.
    last = np.append((prefix[1:] != prefix[:-1]) | (second[1:] != second[:-1]), True)
    second, prefix, votes = second[last], prefix[last], votes[last]
    heads = _heads(prefix)
    visible = (votes >= _needed(ground, rules, prefix)).astype(np.int64)
    before = np.append(np.int64(0), visible[:-1])
    before[heads] = _first_votes(ground, prefix[heads]) >= _needed(ground, rules, prefix[heads])
    crossed = visible != before
    return second[crossed], prefix[crossed], (visible - before)[crossed]


def _unit_changes(
    ground: Ground, cover: NDArray[np.int32], second: Int, prefix: Int, change: Int
) -> tuple[Int, Int, Int]:
    """(second, country, +1 or -1) where a unit becomes reachable or stops to be, in order of time."""
    owner, unit = spread(ground.first_unit[prefix], ground.size[prefix])
    second, change = second[owner], change[owner]
    order = stable_order(unit, second)
    second, unit, change = second[order], unit[order], change[order]
    if len(unit) == 0:
        return second, unit, change
    covered = _running(unit, change, cover[unit[_heads(unit)]].astype(np.int64))
    last = np.append((unit[1:] != unit[:-1]) | (second[1:] != second[:-1]), True)
    second, unit, covered = second[last], unit[last], covered[last]
    reachable = (covered > 0).astype(np.int64)
    before = np.append(np.int64(0), reachable[:-1])
    heads = _heads(unit)
    before[heads] = cover[unit[heads]] > 0
    crossed = reachable != before
    second, unit, change = second[crossed], unit[crossed], (reachable - before)[crossed]
    order = stable_order(second)
    return second[order], load().ipv4[unit[order]].astype(np.int64), change[order]


def _heads(keys: Int) -> Int:
    """Where each run of equal keys begins."""
    return np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))


def _running(keys: Int, change: Int, first: Int) -> Int:
    """The sum of the changes so far within each run of equal keys, on top of the run's first value."""
    total = np.cumsum(change)
    heads = _heads(keys)
    lengths = np.diff(np.append(heads, len(keys)))
    found: Int = total + np.repeat(first - (total - change)[heads], lengths)
    return found


def _steps(begin: int, first: int, second: Int, change: Int) -> tuple[Int, Int]:
    """A number over time from its changes, one step a second at most."""
    heads = _heads(second)
    values = first + np.cumsum(np.add.reduceat(change, heads))
    return np.append(begin, second[heads]), np.append(first, values)
