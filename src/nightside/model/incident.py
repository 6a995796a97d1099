"""Episodes and incidents, and the shape `nightside.incident/1` they have outside.

Instants are whole seconds since the epoch here, ISO 8601 with Z in JSON. None is "not known" or
"not yet": it is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from nightside.model.entity import Entity
from nightside.model.instants import compact, iso, iso_or_none

SCHEMA = "nightside.incident/1"

Severity = Literal["instability", "partial", "severe", "total"]
Status = Literal["ongoing", "recovering", "restored", "closed"]
SEVERITIES: tuple[Severity, ...] = ("instability", "partial", "severe", "total")
"""From the least to the worst."""

Range = tuple[int, int]

NO_HISTORY: dict[str, Any] = {
    "rank_text": None,
    "ranks": [],
    "usual": None,
    "comparison": None,
    "series": None,
    "documented": [],
    "catalogue": None,
}
"""As it is stored: what depends on the rest of the store is filled in when an incident is shown."""


def first_id(entity: Entity, began: int) -> str:
    """The id of an incident when it is first stored: `KP-20141221T0310Z`, `AS131279-20141221T0310Z`."""
    return f"{'AS' if entity.type == 'asn' else ''}{entity.code}-{compact(began)}"


def _range(value: Range | None) -> list[str] | None:
    return None if value is None else [iso(value[0]), iso(value[1])]


def _duration(onset: int | None, end: int | None) -> int | None:
    return None if onset is None or end is None else end - onset


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch below one threshold. `end` is None while it lasts, or while its end is not confirmed."""

    severity: Severity
    onset: int
    end: int | None
    lowest: float
    lowest_units: int
    onset_range: Range | None = None
    end_range: Range | None = None
    recovering_since: int | None = None
    """The crossing back above, while the ten minutes have not passed."""

    @property
    def duration_s(self) -> int | None:
        """Seconds from onset to end."""
        return _duration(self.onset, self.end)

    def to_json(self) -> dict[str, Any]:
        """The episode as it stands in an incident."""
        return {
            "severity": self.severity,
            "onset": iso(self.onset),
            "end": iso_or_none(self.end),
            "duration_s": self.duration_s,
            "lowest": round(self.lowest, 6),
            "onset_range": _range(self.onset_range),
            "end_range": _range(self.end_range),
        }


@dataclass(frozen=True, slots=True)
class InstabilityStretch:
    """Down, up, down and up again: from the first of its losses to the last return."""

    began: int
    ended: int | None
    losses: int
    units: int
    """How many units were unstable."""

    def to_json(self) -> dict[str, Any]:
        """The stretch as it stands in an incident."""
        return {
            "began": iso(self.began),
            "ended": iso_or_none(self.ended),
            "losses": self.losses,
            "units": self.units,
        }


@dataclass(frozen=True, slots=True)
class NetworkLoss:
    """One routed prefix of the entity, and its longest stretch without visibility in the headline episode."""

    prefix: str
    origin_asns: list[int]
    onset: int | None
    end: int | None

    def to_json(self) -> dict[str, Any]:
        """The network as it stands in an incident."""
        return {
            "prefix": self.prefix,
            "origin_asns": self.origin_asns,
            "onset": iso_or_none(self.onset),
            "end": iso_or_none(self.end),
            "duration_s": _duration(self.onset, self.end),
        }


@dataclass(frozen=True, slots=True)
class OperatorLoss:
    """One origin AS of the entity: its units before and at the lowest, and when all it lost went and came."""

    asn: int
    name: str | None
    units_before: int
    units_lowest: int
    onset: int | None
    end: int | None

    def to_json(self) -> dict[str, Any]:
        """The operator as it stands in an incident."""
        return {
            "asn": self.asn,
            "name": self.name,
            "units_before": self.units_before,
            "units_lowest": self.units_lowest,
            "onset": iso_or_none(self.onset),
            "end": iso_or_none(self.end),
        }


@dataclass(frozen=True, slots=True)
class UpstreamShare:
    """Share of the (known AS, network) pairs of the baseline that go through one upstream; time-means."""

    asn: int
    name: str | None
    before: float | None
    during: float | None
    after: float | None

    def to_json(self) -> dict[str, Any]:
        """The upstream as it stands in an incident."""
        shares = {"before": self.before, "during": self.during, "after": self.after}
        rounded = {k: None if v is None else round(v, 6) for k, v in shares.items()}
        return {"asn": self.asn, "name": self.name, **rounded}


@dataclass(frozen=True, slots=True)
class View:
    """How well we saw: expected peer ASes, the fewest that were known, and the stretches without sight."""

    peers_expected: int | None
    peers_known_min: int | None
    unknown: list[tuple[int, int, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The view as it stands in an incident."""
        return {
            "peers_expected": self.peers_expected,
            "peers_known_min": self.peers_known_min,
            "unknown": [{"from": iso(a), "to": iso(b), "why": why} for a, b, why in self.unknown],
        }


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Onset and end on the clocks of the entity, each with its offset."""

    zone: str
    onset: str | None
    end: str | None

    def to_json(self) -> dict[str, Any]:
        """The local times as they stand in an incident."""
        return {"zone": self.zone, "onset": self.onset, "end": self.end}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the result rests on."""

    inputs: list[tuple[str, str]]
    """(name below the input folder, SHA-256 of the bytes)."""
    snapshot: str | None
    """Name and date of the registry snapshot, `later_than_input` added where it is younger than the input."""
    version: str
    reconstruction: bool
    note: str | None

    def to_json(self) -> dict[str, Any]:
        """The provenance as it stands in an incident."""
        return {
            "inputs": [{"name": name, "sha256": digest} for name, digest in self.inputs],
            "snapshot": self.snapshot,
            "version": self.version,
            "reconstruction": self.reconstruction,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Incident:
    """Episodes of one entity that belong together. Onset, end and duration are the headline episode's."""

    entity: Entity
    status: Status
    closed_as: str | None
    severity: Severity
    headline: Episode | None
    """The longest episode of the worst severity; None for an instability that stands alone."""
    began: int
    ended: int | None
    baseline_units: int
    lowest_units: int
    lowest: float
    episodes: list[Episode]
    instability: list[InstabilityStretch]
    networks: list[NetworkLoss]
    operators: list[OperatorLoss]
    upstreams: list[UpstreamShare]
    view: View
    local_time: LocalTime | None
    provenance: Provenance
    settings: dict[str, float | int | str]

    def to_json(self, *, id: str, revision: int, corrections: list[dict[str, Any]]) -> dict[str, Any]:
        """The incident in the shape `nightside.incident/1`; id, revision, corrections and reports are the store's."""
        head = self.headline
        onset = head.onset if head else self.began
        end = head.end if head else self.ended
        return {
            "schema": SCHEMA,
            "id": id,
            "revision": revision,
            "corrections": corrections,
            "entity": self.entity.to_json(),
            "status": self.status,
            "closed_as": self.closed_as,
            "severity": self.severity,
            "onset": iso(onset),
            "end": iso_or_none(end),
            "duration_s": _duration(onset, end),
            "onset_range": _range(head.onset_range) if head else None,
            "end_range": _range(head.end_range) if head else None,
            "began": iso(self.began),
            "ended": iso_or_none(self.ended),
            "share": {
                "baseline_units": self.baseline_units,
                "lowest_units": self.lowest_units,
                "lowest": round(self.lowest, 6),
            },
            "episodes": [e.to_json() for e in self.episodes],
            "instability": [s.to_json() for s in self.instability],
            "networks": [n.to_json() for n in self.networks],
            "operators": [o.to_json() for o in self.operators],
            "upstreams": [u.to_json() for u in self.upstreams],
            "view": self.view.to_json(),
            # Causes, diagnosis, history and the series in `related` depend on what else is stored: they are filled in
            # when the incident is shown.
            "causes": [],
            "diagnosis": None,
            "history": dict(NO_HISTORY),
            "related": [],
            "reports": [],
            "acknowledgements": [],
            "local_time": self.local_time.to_json() if self.local_time else None,
            "provenance": self.provenance.to_json(),
            "settings": self.settings,
            "rules_version": None,
        }
