"""What a chart of one incident needs, kept in the store beside the incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from nightside.model.services import Services

LaneState = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class Lane:
    """One network over time: stretches of (begin, end, state) in seconds, in order, without holes."""

    prefix: str
    stretches: list[tuple[int, int, LaneState]]


@dataclass(frozen=True, slots=True)
class UpstreamCourse:
    """Share of an entity's (known AS, network) pairs that one upstream carries, as steps (second, share).

    A share is None while the AS of no pair is known. `asn` is None for all other upstreams together.
    """

    asn: int | None
    name: str | None
    steps: list[tuple[int, float | None]]


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
    upstreams: list[UpstreamCourse] = field(default_factory=list)
    """Who carried it, the most important first, all others together last; the first steps hold at `begin`."""
    services: Services | None = None
    """What answered meanwhile. Never stored: filled in when it is shown, None where nobody checked anything."""

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers, to be stored; without `services`."""
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
            "upstreams": [
                {"asn": u.asn, "name": u.name, "steps": [list(s) for s in u.steps]} for u in self.upstreams
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> IncidentSeries:
        """The inverse of `to_json`; what an older program did not store yet is empty."""
        return cls(
            begin=data["begin"],
            end=data["end"],
            times=data["times"],
            units=data["units"],
            baseline=data["baseline"],
            unknown=[(u[0], u[1], u[2]) for u in data["unknown"]],
            lanes=[Lane(d["prefix"], [(s[0], s[1], s[2]) for s in d["stretches"]]) for d in data["lanes"]],
            view=[(v[0], v[1], v[2]) for v in data.get("view", ())],
            upstreams=[
                UpstreamCourse(u["asn"], u["name"], [(s[0], s[1]) for s in u["steps"]])
                for u in data.get("upstreams", ())
            ],
        )
