"""Acknowledgements of incidents put, found and withdrawn. All functions run within the caller's transaction.

None is ever changed or deleted but that it may be withdrawn, once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nightside.model.acknowledgement import ID_DIGITS, MOST, Acknowledgement, Retraction
from nightside.model.errors import UsageError
from nightside.model.incident import SEVERITIES
from nightside.store.beside import FAMILY, note
from nightside.store.catalogue import Connection

_COLUMNS = (
    "acknowledgement.id, acknowledgement.incident, at_s, by, token, note, acknowledgement.revision, "
    "acknowledgement.severity, withdrawn_s, withdrawn_by, withdrawn_why"
)


def put(
    connection: Connection, incident_id: str, at: int, by: str, token: str, said: str
) -> tuple[bool, Acknowledgement]:
    """See `Store.put_acknowledgement`."""
    row = connection.execute(
        "SELECT revision, severity FROM incident WHERE id = ?", (incident_id,)
    ).fetchone()
    if row is None:
        raise LookupError(f"no incident {incident_id}")
    revision, severity = int(row[0]), SEVERITIES[row[1]]
    known = connection.execute(
        f"SELECT {_COLUMNS} FROM acknowledgement WHERE incident = ? AND revision = ? AND by = ? AND token = ? "
        "AND note = ? AND withdrawn_s IS NULL",
        (incident_id, revision, by, token, said),
    ).fetchone()
    if known is not None:
        return False, _of(known)
    (count,) = connection.execute(
        "SELECT count(*) FROM acknowledgement WHERE incident = ?", (incident_id,)
    ).fetchone()
    if count >= MOST:
        raise UsageError(
            f"{incident_id} has {MOST} acknowledgements already", advice="Withdrawn ones count too."
        )
    # The count tells two of one second apart that say the same, where the first was withdrawn.
    text = json.dumps([incident_id, revision, by, token, said, at, count])
    id = hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]
    connection.execute(
        "INSERT INTO acknowledgement (incident, id, at_s, by, token, note, revision, severity) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (incident_id, id, at, by, token, said, revision, severity),
    )
    note(connection, incident_id)
    return True, Acknowledgement(id, incident_id, at, by, token, said, revision, severity)


def withdraw(connection: Connection, incident_id: str, id: str, at: int, by: str, why: str | None) -> bool:
    """See `Store.withdraw_acknowledgement`."""
    done = connection.execute(
        "UPDATE acknowledgement SET withdrawn_s = ?, withdrawn_by = ?, withdrawn_why = ? "
        "WHERE incident = ? AND id = ? AND withdrawn_s IS NULL",
        (at, by, why, incident_id, id),
    )
    if done.rowcount > 0:
        note(connection, incident_id)
    return done.rowcount > 0


def of_incident(connection: Connection, incident_id: str) -> list[Acknowledgement]:
    """See `Store.acknowledgements`."""
    rows = connection.execute(
        FAMILY
        + f"SELECT {_COLUMNS} FROM acknowledgement JOIN family ON acknowledgement.incident = family.id "
        "ORDER BY at_s, acknowledgement.id",
        (incident_id,),
    )
    return [_of(row) for row in rows]


def _of(row: Sequence[Any]) -> Acknowledgement:
    *said, at_s, by, why = row
    kept = Acknowledgement(*said)
    return kept if at_s is None else replace(kept, withdrawn=Retraction(at_s, by, why))
