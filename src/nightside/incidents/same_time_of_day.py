"""A series: outages of one entity that begin at about the same time of day on several days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nightside.incidents.usual import counted
from nightside.model.instants import parse_iso
from nightside.world.clocks import local_iso

DAY_S = 86_400
ARC_S = 1800
"""Fifteen minutes before and after the middle."""
WITHIN_S = 10 * DAY_S
LEAST_DAYS = 3
LEAST_SHARE = 0.5
"""A country where something is lost every hour has one at any time of day: so much of all that began must fit."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Begin:
    """When one incident began, and what the clocks showed."""

    id: str
    onset: int
    local_s: int
    """Seconds on these clocks, since some midnight."""

    @property
    def clock_s(self) -> int:
        """Seconds since midnight on these clocks."""
        return self.local_s % DAY_S


@dataclass(frozen=True, slots=True)
class Series:
    """Incidents in the order of time, of which each but the asked one is related to it."""

    zone: str
    """`UTC`, or the zone of the place."""
    days: int
    """On so many days by these clocks, each from the first of the half hour on."""
    first_clock_s: int
    last_clock_s: int
    """From when to when they began, by the clock; the last is before the first where midnight lies between."""
    of: tuple[Begin, ...]
    all: int
    """So many incidents of the entity began in that time, these included."""


def series_of(incident: Json, others: Sequence[Json]) -> Series | None:
    """The series that an incident is a part of, by the clocks of the place, or else by UTC; None where there is none.

    At least three days within ten, half an hour from the first to the last by the clock, and at least half of all
    that began on the entity within that time. `others` are its entity's incidents around it; itself may be among them.
    """
    local = (incident["local_time"] or {}).get("zone")
    zones = ["UTC"] if local in (None, "UTC", "Etc/UTC") else [local, "UTC"]
    mine = parse_iso(incident["onset"])
    near = (i for i in counted(others) if abs(parse_iso(i["onset"]) - mine) <= WITHIN_S)
    everyone = {i["id"]: i for i in (*near, incident)}
    for zone in zones:
        found = _in_zone(incident["id"], list(everyone.values()), zone)
        if found is not None:
            return found
    return None


def _in_zone(id: str, incidents: Sequence[Json], zone: str) -> Series | None:
    near = sorted((_begin(i, zone) for i in incidents), key=lambda b: (b.onset, b.id))
    mine = next(b for b in near if b.id == id)
    best: tuple[int, int, list[Begin]] | None = None
    # Some begin is the first of the arc: each that is up to half an hour before mine by the clock is tried.
    for first in near:
        if _after(first.clock_s, mine.clock_s) > ARC_S:
            continue
        fitting = _dense([b for b in near if _after(first.clock_s, b.clock_s) <= ARC_S], mine, first.clock_s)
        days = len(_days(fitting, first.clock_s))
        if days >= LEAST_DAYS and (best is None or (days, -first.clock_s) > best[:2]):
            best = (days, -first.clock_s, fitting)
    if best is None:
        return None
    days, first_clock_s, fitting = best[0], -best[1], best[2]
    all_ = [b for b in near if fitting[0].onset <= b.onset <= fitting[-1].onset]
    if len(fitting) < LEAST_SHARE * len(all_):
        return None
    clocks = sorted(fitting, key=lambda b: _after(first_clock_s, b.clock_s))
    return Series(zone, days, clocks[0].clock_s, clocks[-1].clock_s, tuple(fitting), len(all_))


def _days(begins: Iterable[Begin], first_clock_s: int) -> set[int]:
    """The days on which they began, each from the first of the half hour on: midnight may lie within it."""
    return {(b.local_s - first_clock_s) // DAY_S for b in begins}


def _dense(fitting: Sequence[Begin], mine: Begin, first_clock_s: int) -> list[Begin]:
    """Those that share ten days with mine in which the series has its three days."""
    found = []
    for other in fitting:
        low, high = min(mine.onset, other.onset), max(mine.onset, other.onset)
        for start in fitting:
            if start.onset <= low and high <= start.onset + WITHIN_S:
                within = (b for b in fitting if start.onset <= b.onset <= start.onset + WITHIN_S)
                if len(_days(within, first_clock_s)) >= LEAST_DAYS:
                    found.append(other)
                    break
    return found


def _begin(incident: Json, zone: str) -> Begin:
    onset = parse_iso(incident["onset"])
    there = datetime.fromisoformat(local_iso(onset, zone))
    clock_s = there.hour * 3600 + there.minute * 60 + there.second
    return Begin(incident["id"], onset, there.toordinal() * DAY_S + clock_s)


def _after(first_s: int, second_s: int) -> int:
    """How long after the first by the clock, over midnight where need be."""
    return (second_s - first_s) % DAY_S
