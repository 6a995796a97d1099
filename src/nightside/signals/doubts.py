"""Where an entity may have been down though nobody saw it: what was announced anew after a gap in which nobody saw."""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.model.signal import Signal, UnknownStretch
from nightside.routing.observation import Observation, PrefixTable

Index = npt.NDArray[np.uint16]
UNITS = 1 << 24
TOGETHER_S = 60
"""What is announced anew with less than this between belongs together."""


def doubts(
    observation: Observation,
    prefixes: PrefixTable,
    signals: dict[int, Signal],
    entity_of_unit: Index,
    settings: Settings,
) -> dict[int, list[UnknownStretch]]:
    """By entity the stretches in which so many units may have been gone unseen that it would be an outage.

    A unit is in doubt from the begin of the gap until the first of its covers is announced anew, where all of them
    are. An entity's stretch begins with the gap, and ends when few enough are left and what belongs together is over.
    """
    found: dict[int, list[UnknownStretch]] = {}
    news = observation.doubts
    for since in np.unique(news.since).tolist():
        mine = news.since == since
        unit, until = _units_in_doubt(observation, prefixes, news.number[mine], news.second[mine], since)
        owner = entity_of_unit[unit]
        order = np.lexsort((until, owner))
        owner, until = owner[order], until[order]
        for number, signal in signals.items():
            lo, hi = np.searchsorted(owner, [number, number + 1])
            at = bisect_right(signal.times, since) - 1
            if lo == hi or at < 0:
                continue
            enough = math.ceil(settings.partial_below * signal.units[at])
            end = _end(until[lo:hi], signal.units[at] - enough)
            if end is not None:
                why = f"nobody saw from {iso(since)} on, and routes were announced anew until {iso(end)}"
                found.setdefault(number, []).append(UnknownStretch(since, end, why))
    return found


def _units_in_doubt(
    observation: Observation,
    prefixes: PrefixTable,
    number: npt.NDArray[np.uint32],
    second: npt.NDArray[np.uint32],
    since: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """The units all of whose covers at `since` were announced anew, and when the first of these was."""
    visible = observation.visible.astype(np.int32)
    before = observation.prefixes.second < since
    np.add.at(visible, observation.prefixes.number[before], observation.prefixes.change[before])
    number, first = np.unique(number, return_index=True)
    second = second[first]
    all_covers = _covers(prefixes, np.flatnonzero(visible > 0))
    doubtful = _covers(prefixes, number)
    until = np.zeros(UNITS, np.uint32)
    for i in np.argsort(second)[::-1].tolist():
        begin, end = _range(prefixes, int(number[i]))
        until[begin:end] = second[i]
    unit = np.flatnonzero((doubtful > 0) & (doubtful >= all_covers))
    return unit, until[unit]


def _covers(prefixes: PrefixTable, number: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """How many of these prefixes cover each unit."""
    number = number[(prefixes.length[number] <= 24) & (prefixes.family[number] == 4)]
    begin = (prefixes.hi[number] >> np.uint64(40)).astype(np.int64)
    end = begin + (1 << (24 - prefixes.length[number].astype(np.int64)))
    steps = np.bincount(begin, minlength=UNITS + 1) - np.bincount(end, minlength=UNITS + 1)
    return np.cumsum(steps[:UNITS], dtype=np.int32)


def _range(prefixes: PrefixTable, number: int) -> tuple[int, int]:
    length = int(prefixes.length[number])
    if length > 24:
        return 0, 0
    begin = int(prefixes.hi[number]) >> 40
    return begin, begin + (1 << (24 - length))


def _end(until: npt.NDArray[np.uint32], bearable: int) -> int | None:
    """When no more than `bearable` of these are in doubt; None where that is never exceeded. `until` ascends."""
    if len(until) <= bearable:
        return None
    last = len(until) - bearable - 1
    while last + 1 < len(until) and int(until[last + 1]) - int(until[last]) < TOGETHER_S:
        last += 1
    return int(until[last])
