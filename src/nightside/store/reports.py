"""Reports attached to incidents, found and withdrawn. All functions run within the caller's transaction.

Nothing is ever changed or deleted here. A report stays with the incident to which it was attached; where that was
merged into another, it is found with the other too, and is where it was should the two be found apart again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from nightside.model.errors import UsageError
from nightside.model.ndjson import dumps
from nightside.model.report import KeptReport, PutReport, Report, Withdrawal
from nightside.store import changes

MOST = 1000
"""Reports of one incident: a list that people read, and that stands in every answer about it."""

_FAMILY = """
WITH RECURSIVE family (id) AS (
    SELECT ?
    UNION
    SELECT incident.id FROM incident JOIN family ON incident.merged_into = family.id
)
"""
_SUCCESSORS = """
WITH RECURSIVE line (id, merged_into, revision) AS (
    SELECT id, merged_into, revision FROM incident WHERE id = ?
    UNION
    SELECT incident.id, incident.merged_into, incident.revision
    FROM incident JOIN line ON incident.id = line.merged_into
)
SELECT id, revision FROM line
"""


def put(
    connection: sqlite3.Connection, incident_id: str, reports: Sequence[Report], at: int, by: str
) -> list[PutReport]:
    """See `Store.put_reports`."""
    if not connection.execute("SELECT 1 FROM incident WHERE id = ?", (incident_id,)).fetchone():
        raise LookupError(f"no incident {incident_id}")
    outcomes: list[PutReport] = []
    for report in reports:
        known = connection.execute(
            "SELECT withdrawal.report IS NOT NULL FROM report LEFT JOIN withdrawal USING (incident, report) "
            "WHERE incident = ? AND report = ?",
            (incident_id, report.id),
        ).fetchone()
        if known:
            outcomes.append("withdrawn" if known[0] else "known")
            continue
        connection.execute(
            "INSERT INTO report (incident, report, attached_s, attached_by, json) VALUES (?, ?, ?, ?, ?)",
            (incident_id, report.id, at, by, dumps(report.to_kept())),
        )
        outcomes.append("attached")
    (count,) = connection.execute("SELECT count(*) FROM report WHERE incident = ?", (incident_id,)).fetchone()
    if count > MOST and "attached" in outcomes:
        raise UsageError(
            f"{incident_id} would have more than {MOST} reports", advice="Withdrawn ones count too. Choose."
        )
    if "attached" in outcomes:
        _note(connection, incident_id)
    return outcomes


def withdraw(
    connection: sqlite3.Connection, incident_id: str, report_id: str, at: int, by: str, why: str
) -> bool:
    """See `Store.withdraw_report`."""
    done = connection.execute(
        "INSERT OR IGNORE INTO withdrawal (incident, report, at_s, by, why) "
        "SELECT incident, report, ?, ?, ? FROM report WHERE incident = ? AND report = ?",
        (at, by, why, incident_id, report_id),
    )
    if done.rowcount > 0:
        _note(connection, incident_id)
    return done.rowcount > 0


def of_incident(connection: sqlite3.Connection, incident_id: str) -> list[KeptReport]:
    """See `Store.reports`."""
    rows = connection.execute(
        _FAMILY + "SELECT incident, report.json, attached_s, attached_by, at_s, withdrawal.by, why "
        "FROM report JOIN family ON report.incident = family.id "
        "LEFT JOIN withdrawal USING (incident, report) "
        "ORDER BY attached_s, incident, report",
        (incident_id,),
    )
    found: dict[str, KeptReport] = {}
    for incident, text, attached_s, attached_by, at_s, by, why in rows:
        report = Report.from_kept(json.loads(text))
        withdrawn = None if at_s is None else Withdrawal(at_s, by, why)
        known = found.get(report.id)
        # Attached to two that turned out to be one, it stands once; and stands as long as either does.
        if known is None or (known.withdrawn is not None and withdrawn is None):
            found[report.id] = KeptReport(report, incident, attached_s, attached_by, withdrawn)
    return list(found.values())


def _note(connection: sqlite3.Connection, incident_id: str) -> None:
    """The incident is shown otherwise than before, and so is the one that it is a part of."""
    for id, revision in connection.execute(_SUCCESSORS, (incident_id,)).fetchall():
        changes.note_incident(connection, id, revision)
