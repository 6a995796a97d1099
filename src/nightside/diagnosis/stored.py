"""What rules may look at: what is stored of one incident and of the world around it, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nightside.model.instants import parse_iso
from nightside.model.series import IncidentSeries
from nightside.model.services import Services
from nightside.model.settings import Settings

Json = dict[str, Any]
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Other:
    """Another country or AS around the onset: the least share of its baseline, None where nobody could see it."""

    type: str
    code: str
    lowest: float | None
    at: int
    """When it was lowest; where nothing changed, the onset."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Another incident around the onset, and the upstreams that carried whom it happened to."""

    id: str
    began: int
    upstream_asns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stranger:
    """An AS that announced the entity's space, though it had not been among its origins."""

    asn: int
    prefix: str
    at: int
    peers: int
    """How many peer ASes followed it."""


@dataclass(frozen=True)
class Stored:
    """All of it. None is "nobody knows": rules then say `unknown`, and why."""

    incident: Json
    """`nightside.incident/1`."""
    series: IncidentSeries | None
    others: list[Other] | None = None
    """None where no other entity is stored for that time."""
    beside: list[Beside] | None = None
    days: int = 0
    """On how many other days, of the ten before and after, this entity was watched."""
    strangers: list[Stranger] | None = None
    """None where no flips are stored."""

    @property
    def services(self) -> Services | None:
        """What answered; None where nobody checked anything."""
        return None if self.series is None else self.series.services

    @cached_property
    def onset(self) -> int:
        """The headline's onset, or its earliest."""
        return parse_iso(self.incident["onset"])

    @cached_property
    def end(self) -> int | None:
        """The headline's end, or its latest; None while it lasts."""
        return None if self.incident["end"] is None else parse_iso(self.incident["end"])

    @cached_property
    def began(self) -> int:
        """The first sign."""
        return parse_iso(self.incident["began"])

    @cached_property
    def onset_range(self) -> Range | None:
        """Where the onset is only known to lie within."""
        return _range(self.incident["onset_range"])

    @cached_property
    def end_range(self) -> Range | None:
        """The same of the end."""
        return _range(self.incident["end_range"])

    @property
    def is_instability(self) -> bool:
        """An instability that stands alone has no onset of an outage."""
        return bool(self.incident["severity"] == "instability")

    @cached_property
    def blind(self) -> list[Range]:
        """Stretches without sight, in order."""
        found = [(parse_iso(u["from"]), parse_iso(u["to"])) for u in self.incident["view"]["unknown"]]
        if self.series is not None:
            found += [(begin, end) for begin, end, _why in self.series.unknown]
        return sorted(set(found))

    def blind_within(self, begin: int, end: int) -> Range | None:
        """The first stretch without sight that touches [begin, end]."""
        return next((b for b in self.blind if b[0] <= end and b[1] >= begin), None)

    def setting(self, name: str) -> float:
        """A threshold as stored with the incident, else the house's default."""
        return float(self.incident["settings"].get(name, getattr(Settings(), name)))

    @property
    def signal(self) -> str:
        """What the signal of reachable units is called."""
        entity = self.incident["entity"]
        return f"routes:{entity['type']}:{entity['code']}"


def _range(pair: list[str] | None) -> Range | None:
    return None if pair is None else (parse_iso(pair[0]), parse_iso(pair[1]))
