"""Services: what answered in a country over time, from where that was seen, and what it says beside the routes.

All instants are whole seconds since the epoch. Steps hold until the next, the last until `end` of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from nightside.model.check import Family, Kind, Service
from nightside.model.instants import iso, iso_or_none, parse_iso

SCHEMA = "nightside.services/1"

OVER_IPV6 = " (IPv6)"
"""Stands behind the name of a place as far as it checks over IPv6: that line may fail alone, and has its own health."""
Verdict = Literal["up", "down", "unknown"]
Health = Literal["healthy", "lost", "unheard", "unwatched"]
"""`lost`: its canaries do not answer, so that its own line is what is down; `unheard`: no results of it came;
`unwatched`: it checks no canaries, and only the answers that it gets say that its line is up."""
Scope = Literal["country", "service", "group", "target"]

FindingKind = Literal[
    "services_down",
    "services_down_routes_up",
    "services_down_routes_down",
    "services_up_routes_down",
    "path_dead_routes_up",
    "slow_return",
    "names_first",
    "mail_first",
    "sites_first",
    "place_lost",
]
FINDING_KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
"""`services_down`: nobody knows of the routes meanwhile, or they are only partly there."""


@dataclass(frozen=True, slots=True)
class PlaceCourse:
    """One place over time, over one family (`OVER_IPV6`), and how often it checks."""

    place: str
    round_s: int
    """The usual time between two of its results of one part; the last known."""
    steps: list[tuple[int, Health]]


@dataclass(frozen=True, slots=True)
class PartCourse:
    """The verdict of the quorum on one part of a target in one family."""

    target: str
    kind: Kind
    part: str
    family: Family
    group: str
    service: Service
    address: str | None
    """The last that was spoken to."""
    address_country: str | None
    """ISO 3166-1 alpha-2, as of the registry; None where it is not known."""
    steps: list[tuple[int, Verdict]]
    onsets: list[tuple[int, int | None]]
    """Of each step to down (second, the last good answer before it, None where none is known)."""


@dataclass(frozen=True, slots=True)
class ServiceCourse:
    """How many parts of a country, service, group or target are up, down and unknown, as steps."""

    scope: Scope
    name: str
    steps: list[tuple[int, int, int, int]]
    """(second, up, down, unknown); the answer rate is up / (up + down), and unknown where both are 0."""


@dataclass(frozen=True, slots=True)
class Latency:
    """The median duration of what answered, by equal steps; None where nothing did."""

    scope: Scope
    name: str
    step_s: int
    steps: list[tuple[int, float | None]]
    """(second, ms)"""


@dataclass(frozen=True, slots=True)
class Return:
    """How what had answered before an outage came back: instants, None where that was not seen."""

    scope: Scope
    name: str
    down: int
    """When the outage began."""
    before: int
    """How many parts had answered before and did not in the outage."""
    lowest: int
    """How many of these answered when it was worst."""
    first: int | None
    half: int | None
    nine_tenths: int | None
    all: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the services say, alone or beside the routes."""

    kind: FindingKind
    begin: int
    end: int | None
    """None: it has not ended."""
    rests_on: list[str]
    """The places that could speak then, or the one that it is about."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Numbers and names for whoever writes the words; plain JSON, by kind. See docs/definitions.md."""


@dataclass(frozen=True, slots=True)
class Services:
    """All of it for one country."""

    country: str
    begin: int
    end: int
    places: list[PlaceCourse]
    parts: list[PartCourse]
    services: list[ServiceCourse]
    """The country first, then its services."""
    groups: list[ServiceCourse]
    targets: list[ServiceCourse]
    latencies: list[Latency]
    returns: list[Return]
    findings: list[Finding]
    """In the order of begin, kind."""
    settings: Mapping[str, float | int] = field(default_factory=dict)
    reconstruction: bool = False
    """Some of the results were made up or reconstructed: nobody measured them."""

    @property
    def unwatched(self) -> bool:
        """Whether all that is known rests on places whose own lines nobody watched."""
        return bool(self.places) and all(
            health in ("unwatched", "unheard") for place in self.places for _, health in place.steps
        )

    def to_json(self) -> dict[str, Any]:
        """The shape `nightside.services/1`."""
        return {
            "schema": SCHEMA,
            "country": self.country,
            "from": iso(self.begin),
            "to": iso(self.end),
            "unwatched": self.unwatched,
            "reconstruction": self.reconstruction,
            "places": [
                {"place": p.place, "round_s": p.round_s, **_columns(("time", "health"), p.steps)}
                for p in self.places
            ],
            "parts": [
                {
                    "target": p.target,
                    "kind": p.kind,
                    "part": p.part,
                    "family": p.family,
                    "group": p.group,
                    "service": p.service,
                    "address": p.address,
                    "address_country": p.address_country,
                    **_columns(("time", "verdict"), p.steps),
                    "onsets": [{"at": iso(at), "last_good": iso_or_none(good)} for at, good in p.onsets],
                }
                for p in self.parts
            ],
            **{
                name: [
                    {"scope": c.scope, "name": c.name, **_columns(("time", "up", "down", "unknown"), c.steps)}
                    for c in courses
                ]
                for name, courses in (
                    ("services", self.services),
                    ("groups", self.groups),
                    ("targets", self.targets),
                )
            },
            "latencies": [
                {"scope": c.scope, "name": c.name, "step_s": c.step_s, **_columns(("time", "ms"), c.steps)}
                for c in self.latencies
            ],
            "returns": [
                {
                    "scope": r.scope,
                    "name": r.name,
                    "down": iso(r.down),
                    "before": r.before,
                    "lowest": r.lowest,
                    "first": iso_or_none(r.first),
                    "half": iso_or_none(r.half),
                    "nine_tenths": iso_or_none(r.nine_tenths),
                    "all": iso_or_none(r.all),
                }
                for r in self.returns
            ],
            "findings": [
                {
                    "kind": f.kind,
                    "begin": iso(f.begin),
                    "end": iso_or_none(f.end),
                    "rests_on": list(f.rests_on),
                    "facts": dict(f.facts),
                }
                for f in self.findings
            ],
            "settings": dict(self.settings),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Services:
        """The inverse of `to_json`."""
        return cls(
            country=data["country"],
            begin=parse_iso(data["from"]),
            end=parse_iso(data["to"]),
            places=[
                PlaceCourse(p["place"], p["round_s"], _steps(p, "time", "health")) for p in data["places"]
            ],
            parts=[
                PartCourse(
                    steps=_steps(p, "time", "verdict"),
                    onsets=[(parse_iso(o["at"]), _second(o["last_good"])) for o in p["onsets"]],
                    **{name: p[name] for name in _PART},
                )
                for p in data["parts"]
            ],
            services=[_course(c) for c in data["services"]],
            groups=[_course(c) for c in data["groups"]],
            targets=[_course(c) for c in data["targets"]],
            latencies=[
                Latency(c["scope"], c["name"], c["step_s"], _steps(c, "time", "ms"))
                for c in data["latencies"]
            ],
            returns=[
                Return(
                    r["scope"],
                    r["name"],
                    parse_iso(r["down"]),
                    r["before"],
                    r["lowest"],
                    *(_second(r[n]) for n in ("first", "half", "nine_tenths", "all")),
                )
                for r in data["returns"]
            ],
            findings=[
                Finding(f["kind"], parse_iso(f["begin"]), _second(f["end"]), f["rests_on"], f["facts"])
                for f in data["findings"]
            ],
            settings=data["settings"],
            reconstruction=data["reconstruction"],
        )


_PART = ("target", "kind", "part", "family", "group", "service", "address", "address_country")


def _columns(names: tuple[str, ...], steps: list[Any]) -> dict[str, Any]:
    columns = [list(c) for c in zip(*steps, strict=True)] or [[] for _ in names]
    return {"columns": dict(zip(names, [[iso(t) for t in columns[0]], *columns[1:]], strict=True))}


def _steps(data: Mapping[str, Any], *names: str) -> list[Any]:
    times, *others = (data["columns"][name] for name in names)
    return list(zip(map(parse_iso, times), *others, strict=True))


def _course(data: Mapping[str, Any]) -> ServiceCourse:
    return ServiceCourse(data["scope"], data["name"], _steps(data, "time", "up", "down", "unknown"))


def _second(text: str | None) -> int | None:
    return None if text is None else parse_iso(text)
