"""Signals: a number over time for one entity, with the quality of each stretch."""

from __future__ import annotations

from dataclasses import dataclass, field

from nightside.model.entity import Entity


@dataclass(frozen=True, slots=True)
class UnknownStretch:
    """Our view was broken from `begin` (inclusive) to `end` (exclusive), in seconds; `why` in words."""

    begin: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Signal:
    """Reachable units of one entity as a step function.

    `times[i]` is the second from which `units[i]` holds, until `times[i+1]` (the last: until `end`).
    Within an unknown stretch the value is what was last seen and must not be read as the truth.
    """

    entity: Entity
    times: list[int]
    units: list[int]
    end: int
    unknown: list[UnknownStretch] = field(default_factory=list)
    unseen_since: dict[int, int] = field(default_factory=dict)
    """For a change at the key's second: from when on it may have happened without being seen."""
    in_doubt: list[UnknownStretch] = field(default_factory=list)
    """Where so much may have been gone unseen that it would be an outage: what is seen then is seen, and no more."""


@dataclass(frozen=True, slots=True)
class Loss:
    """`units` units with one fate were lost at `lost`, and were back at `returned` (None: not seen to return).

    `group` is the number of these units' group: losses of one group are of the same units.
    """

    lost: int
    returned: int | None
    group: int
    units: int
