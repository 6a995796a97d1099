"""Evidence and causes: what was observed with the rule that says so, and what speaks for which cause.

Instants are whole seconds since the epoch here, ISO 8601 with Z in JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nightside.model.instants import iso, iso_or_none

Family = Literal["internal", "upstream", "external", "our_view"]
FAMILIES: tuple[Family, ...] = ("internal", "upstream", "external", "our_view")
"""Inside the country; on the way out of it; from elsewhere; no outage at all, but a fault of how we see."""

UNDETERMINED = "undetermined"
UNKNOWN = "unknown"

CAUSES: dict[Family, tuple[str, ...]] = {
    "internal": (
        "power_or_equipment",
        "software_or_reconfiguration",
        "deliberate_shutdown",
        "maintenance",
    ),
    "upstream": ("transit_loss", "upstream_disconnection", "cable_cut"),
    "external": ("attack", "leak_or_hijack"),
    "our_view": ("broken_view",),
}
"""The causes of each family. A cable counts as the way out, an attack as from elsewhere, wherever it hits."""


@dataclass(frozen=True, slots=True)
class RestsOn:
    """Where to look: a signal as the outputs call it, and the instant at which it says so."""

    signal: str
    at: int

    def to_json(self) -> dict[str, str]:
        """As it stands in a piece of evidence; the minute is that of `at`."""
        return {"signal": self.signal, "at": iso(self.at)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one rule says of one incident. `level` is `unknown` where it lacks what it looks at: never false."""

    rule: str
    version: int
    level: str
    says: str
    """In a sentence; of `unknown`: what is lacking."""
    at: int | None
    to: int | None
    rests_on: tuple[RestsOn, ...]
    """Never empty but for `unknown`."""
    source: str
    """Who reasons so."""

    @property
    def known(self) -> bool:
        """Whether the rule had what it needs."""
        return self.level != UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """As it stands in a diagnosis."""
        return {
            "id": self.rule,
            "rule_version": self.version,
            "level": self.level,
            "says": self.says,
            "at": iso_or_none(self.at),
            "to": iso_or_none(self.to),
            "rests_on": [r.to_json() for r in self.rests_on],
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Weighed:
    """One piece of evidence in one score: by how much it moves it, in natural log-odds, and why."""

    evidence: Evidence
    weight: float
    why: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in `for` and `against`; `evidence` is the id under which the diagnosis lists it."""
        return {
            "evidence": self.evidence.rule,
            "level": self.evidence.level,
            "weight": round(self.weight, 3),
            "says": self.evidence.says,
            "why": self.why,
            "rests_on": [r.to_json() for r in self.evidence.rests_on],
        }


@dataclass(frozen=True, slots=True)
class Score:
    """How well one family, or one cause within its family, is spoken for."""

    family: str
    cause: str
    score: float
    """Normalised, 0 to 1: of all families and causes together. No measured frequency."""
    prior: float
    """Before any evidence, in natural log-odds: the family's, and the cause's within it."""
    log_odds: float
    """The prior and all weights together."""
    speaks_for: tuple[Weighed, ...]
    against: tuple[Weighed, ...]

    def to_json(self) -> dict[str, Any]:
        """As it stands in `causes`."""
        return {
            "family": self.family,
            "cause": self.cause,
            "score": round(self.score, 4),
            "prior": round(self.prior, 3),
            "log_odds": round(self.log_odds, 3),
            "for": [w.to_json() for w in self.speaks_for],
            "against": [w.to_json() for w in self.against],
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All of it for one incident."""

    rules_version: str
    """Of the rules and of the weights: the same rules and weights have the same."""
    family: str
    """The family that is sure, or `undetermined`."""
    cause: str
    """The cause that is sure within it, or `undetermined`."""
    families: tuple[Score, ...]
    """By score, highest first; their `cause` is `undetermined`, since each stands for all its causes."""
    causes: tuple[Score, ...]
    """By score, highest first. Where the cause is undetermined, the first stands for all that it may be."""
    evidence: tuple[Evidence, ...]
    """In the order of the rules, also what is unknown."""

    def to_json(self) -> dict[str, Any]:
        """The key `diagnosis` of an incident."""
        return {
            "family": self.family,
            "cause": self.cause,
            "families": [
                {key: value for key, value in f.to_json().items() if key != "cause"} for f in self.families
            ],
            "evidence": [e.to_json() for e in self.evidence],
        }
