"""Reports attached to incidents, found and withdrawn. All functions run within the caller's transaction.

Nothing is ever changed or deleted here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from nightside.model.errors import UsageError
from nightside.model.ndjson import dumps
from nightside.model.report import KeptReport, PutReport, Report, Withdrawal
from nightside.store.beside import FAMILY, note
from nightside.store.catalogue import Connection

MOST = 1000
"""Reports of one incident: a list that people read, and that stands in every answer about it."""


def put(
    connection: Connection, incident_id: str, reports: Sequence[Report], at: int, by: str
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
        note(connection, incident_id)
    return outcomes


def withdraw(connection: Connection, incident_id: str, report_id: str, at: int, by: str, why: str) -> bool:
    """See `Store.withdraw_report`."""
    done = connection.execute(
        "INSERT INTO withdrawal (incident, report, at_s, by, why) "
        "SELECT incident, report, ?, ?, ? FROM report WHERE incident = ? AND report = ? ON CONFLICT DO NOTHING",
        (at, by, why, incident_id, report_id),
    )
    if done.rowcount > 0:
        note(connection, incident_id)
    return done.rowcount > 0


def of_incident(connection: Connection, incident_id: str) -> list[KeptReport]:
    """See `Store.reports`."""
    rows = connection.execute(
        FAMILY + "SELECT incident, report.json, attached_s, attached_by, at_s, withdrawal.by, why "
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
