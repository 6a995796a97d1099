"""How a finding becomes an incident of the embedded store: which one it is, and what its next revision says.

The rules are those of `Store.put_incident`. All functions run within the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from nightside.model.incident import SEVERITIES, Incident, first_id
from nightside.model.ndjson import dumps
from nightside.model.series import IncidentSeries

_OF_THE_STORE = frozenset({"id", "revision", "corrections"})
"""What the store adds to a finding; no part of its content."""


def changed_keys(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The top-level keys, sorted, whose text differs; what the store itself adds is left out."""
    keys = (old.keys() | new.keys()) - _OF_THE_STORE
    return sorted(k for k in keys if k not in old or k not in new or dumps(old[k]) != dumps(new[k]))


def latest(connection: sqlite3.Connection, incident_id: str) -> str | None:
    """The JSON text of the latest revision; None where the id is unknown."""
    row = connection.execute(
        "SELECT json FROM revision JOIN incident USING (id, revision) WHERE id = ?", (incident_id,)
    ).fetchone()
    return None if row is None else str(row[0])


def put(connection: sqlite3.Connection, incident: Incident, series: IncidentSeries) -> str:
    """Store a finding; its JSON text as stored."""
    reach = max(incident.began, series.end) if incident.ended is None else incident.ended
    own = first_id(incident.entity, incident.began)
    same = _same(connection, incident, reach, own)
    # Ids of one entity differ in their time alone, so their order is the order of time.
    kept = same[0] if same else own
    revision, text = _revise(connection, kept, incident.to_json(id=kept, revision=1, corrections=[]))
    connection.execute(
        "INSERT OR REPLACE INTO incident (id, type, code, began, ended, reach, severity, revision, series) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kept,
            incident.entity.type,
            incident.entity.code,
            incident.began,
            incident.ended,
            reach,
            SEVERITIES.index(incident.severity),
            revision,
            dumps(series.to_json()),
        ),
    )
    for other in same[1:]:
        _merge(connection, other, kept)
    return text


def _same(connection: sqlite3.Connection, incident: Incident, reach: int, own: str) -> list[str]:
    """The listed incidents that this finding is, earliest id first."""
    rows = connection.execute(
        "SELECT id FROM incident WHERE type = ? AND code = ? AND merged_into IS NULL "
        "AND (began <= ? AND reach >= ? OR id = ?) ORDER BY id",
        (incident.entity.type, incident.entity.code, reach, incident.began, own),
    )
    return [str(row[0]) for row in rows]


def _revise(connection: sqlite3.Connection, incident_id: str, new: dict[str, Any]) -> tuple[int, str]:
    """Store `new` as the next revision, unless it says what the latest says; its number and text."""
    stored = latest(connection, incident_id)
    if stored is not None:
        old = json.loads(stored)
        changed = changed_keys(old, new)
        if not changed:
            return old["revision"], stored
        new["revision"] = old["revision"] + 1
        new["corrections"] = [*old["corrections"], {"revision": new["revision"], "changed": changed}]
    text = dumps(new)
    connection.execute("INSERT INTO revision VALUES (?, ?, ?)", (incident_id, new["revision"], text))
    return new["revision"], text


def _merge(connection: sqlite3.Connection, incident_id: str, successor: str) -> None:
    """Close an incident as a part of `successor`; it keeps its address."""
    stored = latest(connection, incident_id)
    if stored is None:
        raise LookupError(incident_id)
    new = json.loads(stored)
    new["status"], new["closed_as"] = "closed", "merged"
    new["related"] = [*new["related"], {"id": successor, "relation": "merged_into"}]
    revision, _ = _revise(connection, incident_id, new)
    connection.execute(
        "UPDATE incident SET revision = ?, merged_into = ? WHERE id = ?", (revision, successor, incident_id)
    )
