"""Acknowledgements: somebody says that a person has seen an incident, as it stood then.

They stand beside an incident and are no part of a revision. Instants are whole seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nightside.model.incident import SEVERITIES, Severity
from nightside.model.instants import iso, parse_iso

ID_DIGITS = 32
"""Hexadecimal digits of an id."""
NOTE_CHARS = 500
BY_CHARS = 100
MOST = 100
"""Of one incident, withdrawn ones too: a list that people read, and that stands in every answer about it."""


@dataclass(frozen=True, slots=True)
class Retraction:
    """Somebody took an acknowledgement back. That it was given stays on record."""

    at: int
    by: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who has seen which revision of which incident, when."""

    id: str
    incident: str
    """That was acknowledged; it may be a part of another by now."""
    at: int
    by: str
    """The person, as the bearer of the token says; else the name of the token."""
    token: str
    """The name of the token, or `model.token.HERE`."""
    note: str
    revision: int
    """The latest of the incident then."""
    severity: Severity
    """Of the incident then."""
    withdrawn: Retraction | None = None


def shown_acknowledgements(kept: Sequence[Acknowledgement], incident: dict[str, Any]) -> list[dict[str, Any]]:
    """The acknowledgements as they stand in an incident, in the order in which they were given."""
    return [_shown(each, incident) for each in sorted(kept, key=lambda each: (each.at, each.id))]


def _shown(kept: Acknowledgement, incident: dict[str, Any]) -> dict[str, Any]:
    gone = kept.withdrawn
    return {
        "id": kept.id,
        "acknowledged": kept.incident,
        "at": iso(kept.at),
        "by": kept.by,
        "token": kept.token,
        "note": kept.note,
        "revision": kept.revision,
        "severity": kept.severity,
        "worsened": worsened(kept, incident),
        "withdrawn": None if gone is None else {"at": iso(gone.at), "by": gone.by, "why": gone.why},
    }


def worsened(kept: Acknowledgement, incident: dict[str, Any]) -> dict[str, Any] | None:
    """What is worse than it was when it was acknowledged: {"severity", "onset"} of the worst such episode.

    That is an episode of a worse severity than the incident had then, or one as bad that began later; of several the
    worst, then the first. None where there is none.
    """
    rank = SEVERITIES.index(kept.severity)

    def is_worse(episode: dict[str, Any]) -> bool:
        own = SEVERITIES.index(episode["severity"])
        return own > rank or (own == rank and parse_iso(episode["onset"]) > kept.at)

    worse = [episode for episode in incident["episodes"] if is_worse(episode)]
    if not worse:
        return None
    found = min(worse, key=lambda e: (-SEVERITIES.index(e["severity"]), e["onset"]))
    return {"severity": found["severity"], "onset": found["onset"]}
