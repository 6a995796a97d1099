"""What a chart of one incident needs, kept in the store beside the incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

LaneState = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class Lane:
    """One network over time: stretches of (begin, end, state) in seconds, in order, without holes."""

    prefix: str
    stretches: list[tuple[int, int, LaneState]]


@dataclass(frozen=True, slots=True)
class IncidentSeries:
    """Reachable units and networks of an incident's entity from `begin` to `end` (seconds since the epoch).

    `units[i]` holds from `times[i]` (the first is `begin`) until `times[i+1]` or `end`; within an `unknown`
    stretch (begin, end, why) it is only what was last seen. `baseline[i]` is the baseline at `times[i]`.
    """

    begin: int
    end: int
    times: list[int]
    units: list[int]
    baseline: list[int]
    unknown: list[tuple[int, int, str]] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    view: list[tuple[int, int, int]] = field(default_factory=list)
    """Health of the view as steps (second, peer ASes known, peer ASes expected); the first holds at `begin`."""

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers, to be stored."""
        return {
            "begin": self.begin,
            "end": self.end,
            "times": self.times,
            "units": self.units,
            "baseline": self.baseline,
            "unknown": [list(u) for u in self.unknown],
            "lanes": [
                {"prefix": lane.prefix, "stretches": [list(s) for s in lane.stretches]} for lane in self.lanes
            ],
            "view": [list(v) for v in self.view],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> IncidentSeries:
        """The inverse of `to_json`."""
        lanes = [Lane(d["prefix"], [(s[0], s[1], s[2]) for s in d["stretches"]]) for d in data["lanes"]]
        unknown = [(u[0], u[1], u[2]) for u in data["unknown"]]
        return cls(data["begin"], data["end"], data["times"], data["units"], data["baseline"], unknown, lanes)
