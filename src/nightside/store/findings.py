"""How a finding becomes an incident of the embedded store: which one it is, and what its next revision says.

The rules are those of `Store.put_incident`. All functions run within the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nightside.model.incident import SEVERITIES, Incident, first_id
from nightside.model.instants import iso, parse_iso
from nightside.model.ndjson import dumps
from nightside.model.series import IncidentSeries
from nightside.store import changes
from nightside.store.catalogue import Connection, chunks, marks
from nightside.store.summary import summary_of

_OF_THE_STORE = frozenset({"id", "revision", "corrections", "reports", "acknowledgements"})
"""What the store adds to a finding; no part of its content."""

_REVISIONS = range(1, 1 << 63)
"""A catalogue's numbers have 64 bits."""

_COLUMNS = (
    "id",
    "type",
    "code",
    "began",
    "ended",
    "reach",
    "severity",
    "status",
    "revision",
    "summary",
    "series",
)
_PUT = (
    f"INSERT INTO incident ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT (id) DO UPDATE SET merged_into = NULL, "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
)
"""What was merged into another and is found apart again is listed again."""


def changed_keys(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The top-level keys, sorted, whose text differs; what the store itself adds is left out."""
    keys = (old.keys() | new.keys()) - _OF_THE_STORE
    return sorted(k for k in keys if k not in old or k not in new or dumps(old[k]) != dumps(new[k]))


def latest(connection: Connection, incident_id: str) -> str | None:
    """The JSON text of the latest revision; None where the id is unknown."""
    row = connection.execute(
        "SELECT json FROM revision JOIN incident USING (id, revision) WHERE id = ?", (incident_id,)
    ).fetchone()
    return None if row is None else str(row[0])


def summary(connection: Connection, incident_id: str) -> str | None:
    """The JSON text of the latest revision in short; None where the id is unknown."""
    row = connection.execute("SELECT summary FROM incident WHERE id = ?", (incident_id,)).fetchone()
    return None if row is None else str(row[0])


def texts(connection: Connection, ids: Sequence[str], *, summaries: bool) -> list[str]:
    """The JSON texts of the latest revisions, or of these in short, in the order of the ids; unknown ones left out."""
    found: dict[str, str] = {}
    for some in chunks(ids):
        rows = connection.execute(
            f"SELECT id, summary FROM incident WHERE id IN ({marks(some)})"
            if summaries
            else f"SELECT id, json FROM revision JOIN incident USING (id, revision) WHERE id IN ({marks(some)})",
            some,
        )
        found |= dict(rows)
    return [found[id] for id in ids if id in found]


def revisions(connection: Connection, incident_id: str) -> list[int]:
    """The numbers of all revisions, in order."""
    rows = connection.execute("SELECT revision FROM revision WHERE id = ? ORDER BY revision", (incident_id,))
    return [int(row[0]) for row in rows]


def revision(connection: Connection, incident_id: str, number: int) -> str | None:
    """The JSON text of one revision; None where there is none."""
    if number not in _REVISIONS:
        return None
    row = connection.execute(
        "SELECT json FROM revision WHERE id = ? AND revision = ?", (incident_id, number)
    ).fetchone()
    return None if row is None else str(row[0])


def put(connection: Connection, incident: Incident, series: IncidentSeries) -> str:
    """Store a finding; its JSON text as stored."""
    reach = max(incident.began, series.end) if incident.ended is None else incident.ended
    own = first_id(incident.entity, incident.began)
    same = _same(connection, incident, reach, own)
    # Ids of one entity differ in their time alone, so their order is the order of time.
    kept = same[0] if same else own
    before = connection.execute("SELECT revision, series FROM incident WHERE id = ?", (kept,)).fetchone()
    revision, text = _revise(connection, kept, incident.to_json(id=kept, revision=1, corrections=[]))
    drawn = dumps(series.to_json())
    connection.execute(
        _PUT,
        (
            kept,
            incident.entity.type,
            incident.entity.code,
            incident.began,
            incident.ended,
            reach,
            SEVERITIES.index(incident.severity),
            incident.status,
            revision,
            dumps(summary_of(json.loads(text))),
            drawn,
        ),
    )
    if before != (revision, drawn):
        changes.note_incident(connection, kept, revision)
    for other in same[1:]:
        _merge(connection, other, kept)
    return text


def _same(connection: Connection, incident: Incident, reach: int, own: str) -> list[str]:
    """The listed incidents that this finding is, earliest id first."""
    rows = connection.execute(
        "SELECT id FROM incident WHERE type = ? AND code = ? AND merged_into IS NULL "
        "AND (began <= ? AND reach >= ? OR id = ?) ORDER BY id",
        (incident.entity.type, incident.entity.code, reach, incident.began, own),
    )
    return [str(row[0]) for row in rows]


def _revise(connection: Connection, incident_id: str, new: dict[str, Any]) -> tuple[int, str]:
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
    connection.execute(
        "INSERT INTO revision (id, revision, json) VALUES (?, ?, ?)", (incident_id, new["revision"], text)
    )
    return new["revision"], text


def _merge(connection: Connection, incident_id: str, successor: str) -> None:
    """Close an incident as a part of `successor`; it keeps its address."""
    stored = latest(connection, incident_id)
    if stored is None:
        raise LookupError(incident_id)
    new = json.loads(stored)
    new["status"], new["closed_as"] = "closed", "merged"
    new["related"] = [*new["related"], {"id": successor, "relation": "merged_into"}]
    revision, _ = _revise(connection, incident_id, new)
    connection.execute(
        "UPDATE incident SET revision = ?, merged_into = ?, status = 'closed', summary = ? WHERE id = ?",
        (revision, successor, dumps(summary_of(new)), incident_id),
    )
    changes.note_incident(connection, incident_id, revision)


def close(
    connection: Connection, incident_id: str, closed_as: str | None, provenance: dict[str, Any] | None
) -> str:
    """Close an incident as it stands (`Store.close_incident`); its JSON text as stored."""
    stored = latest(connection, incident_id)
    if stored is None:
        raise LookupError(incident_id)
    new = json.loads(stored)
    (reach,) = connection.execute("SELECT reach FROM incident WHERE id = ?", (incident_id,)).fetchone()
    new["status"], new["closed_as"] = "closed", closed_as
    new["provenance"] = provenance or new["provenance"]
    # What is over must not be listed with all that comes after it.
    new["ended"] = new["ended"] or iso(reach)
    revision, text = _revise(connection, incident_id, new)
    if revision != json.loads(stored)["revision"]:
        connection.execute(
            "UPDATE incident SET revision = ?, status = 'closed', ended = ?, summary = ? WHERE id = ?",
            (revision, parse_iso(new["ended"]), dumps(summary_of(json.loads(text))), incident_id),
        )
        changes.note_incident(connection, incident_id, revision)
    return text


def put_messages(connection: Connection, incident_id: str, messages: Sequence[dict[str, Any]]) -> None:
    """Store what is to be told of an incident, in place of what was stored for it before.

    Raises LookupError where the id is unknown.
    """
    row = connection.execute("SELECT revision FROM incident WHERE id = ?", (incident_id,)).fetchone()
    if row is None:
        raise LookupError(f"no incident {incident_id}")
    new = [dumps(message) for message in messages]
    if new == stored_messages(connection, incident_id):
        return
    connection.execute("DELETE FROM message WHERE id = ?", (incident_id,))
    connection.executemany(
        "INSERT INTO message (id, position, json) VALUES (?, ?, ?)",
        ((incident_id, i, text) for i, text in enumerate(new)),
    )
    changes.note_incident(connection, incident_id, row[0])


def stored_messages(connection: Connection, incident_id: str) -> list[str]:
    """The JSON texts of an incident's messages, in order."""
    rows = connection.execute("SELECT json FROM message WHERE id = ? ORDER BY position", (incident_id,))
    return [str(row[0]) for row in rows]
