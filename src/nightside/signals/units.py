"""Reachable units of each entity over time: changes of single units to one step function an entity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nightside.model.entity import Entity
from nightside.model.signal import Signal
from nightside.routing.observation import Changes, Observation

Index = npt.NDArray[np.uint16]
UNITS_AT_ONCE = 1 << 18
"""Counting numbers takes eight bytes of memory for each."""


def step_function(
    start: int, initial: int, second: npt.NDArray[np.uint32], change: npt.NDArray[np.int32]
) -> tuple[list[int], list[int]]:
    """(times, values) of a number that starts as `initial`; changes of one second are taken together."""
    if len(second) == 0:
        return [start], [initial]
    begins = np.flatnonzero(np.concatenate([[True], second[1:] != second[:-1]]))
    total = np.add.reduceat(change.astype(np.int64), begins)
    moved = total != 0
    values = initial + np.cumsum(total[moved])
    return [start, *second[begins][moved].tolist()], [initial, *values.tolist()]


def _unseen_since(second: npt.NDArray[np.uint32], since: npt.NDArray[np.uint32]) -> dict[int, int]:
    """Of each second with changes that may have happened unseen, the earliest instant."""
    unseen: dict[int, int] = {}
    for at, from_when in zip(second[since > 0].tolist(), since[since > 0].tolist(), strict=True):
        unseen[at] = min(from_when, unseen.get(at, at))
    return unseen


def unit_signals(
    observation: Observation, entities: dict[int, Entity], entity_of_unit: Index
) -> dict[int, Signal]:
    """The signal of each entity. `entity_of_unit` is the entity's number by /24, 0 for none that is asked about."""
    initial = np.zeros(max(entities, default=0) + 1, np.int64)
    for begin in range(0, len(entity_of_unit), UNITS_AT_ONCE):
        some = slice(begin, begin + UNITS_AT_ONCE)
        reachable = entity_of_unit[some][observation.reachable[some].view(np.bool_)]
        initial += np.bincount(reachable, minlength=len(initial))[: len(initial)]
    owner = entity_of_unit[observation.units.number]
    order = np.argsort(owner, kind="stable")
    owner_sorted = owner[order]
    signals: dict[int, Signal] = {}
    for number, entity in entities.items():
        lo, hi = np.searchsorted(owner_sorted, [number, number + 1])
        mine = order[lo:hi]
        units: Changes = observation.units
        times, values = step_function(
            observation.start, int(initial[number]), units.second[mine], units.change[mine]
        )
        unseen = _unseen_since(units.second[mine], units.since[mine])
        signals[number] = Signal(entity, times, values, observation.end, observation.unknown, unseen)
    return signals
