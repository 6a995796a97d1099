"""Reports attached to an incident of the store, and withdrawn. The clock is the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from nightside.model.errors import InputError, UsageError
from nightside.model.instants import iso
from nightside.model.report import ID_DIGITS, PutReport, Report
from nightside.model.report_beside import Nearness, nearness
from nightside.store.protocol import Store

SCHEMA = "nightside.reports-taken/1"
AHEAD_S = 300
"""Clocks differ so much."""
EASTERNMOST = timedelta(hours=14)
"""Where a day begins first: its date is that much ahead of UTC's."""
WHY_CHARS = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one report."""

    report: Report
    outcome: PutReport
    nearness: Nearness


def attach(store: Store, incident_id: str, reports: Sequence[Report], *, at: int, by: str) -> list[Taken]:
    """Attach all of them, or none. `at` is now, in seconds since the epoch; `by` a token's name, or `model.token.HERE`.

    Raises UsageError where there is no such incident, or it has too many; InputError where a report is of the future.
    """
    incident = store.incident(incident_id)
    if incident is None:
        raise no_incident(incident_id)
    for number, report in enumerate(reports):
        refuse_future(report, at, f"reports[{number}]" if len(reports) > 1 else "report")
    outcomes = store.put_reports(incident_id, reports, at=at, by=by)
    return [
        Taken(report, outcome, nearness(report, incident))
        for report, outcome in zip(reports, outcomes, strict=True)
    ]


def refuse_future(report: Report, at: int, where: str) -> None:
    """Raises InputError where a report says what nobody can know at this instant."""
    today = (datetime.fromtimestamp(at, UTC) + EASTERNMOST).date()
    said_on = date.fromisoformat(report.said_on)
    if said_on > today:
        raise InputError(
            f"its source is dated in the future: {report.said_on}",
            where=f"{where}.said_on",
            advice="Look at the date again; attach it when it has been said.",
        )
    begins = report.about.covers[0]
    if begins > at + AHEAD_S:
        raise InputError(
            f"it is about a time in the future: {iso(begins)}",
            where=f"{where}.about",
            advice="Look at the time and its zone again.",
        )
    # Where it was said first, that day lasted until this instant.
    day_over = (
        int(datetime(said_on.year, said_on.month, said_on.day, tzinfo=UTC).timestamp()) + 86_400 * 3 // 2
    )
    if report.kind == "observation" and begins >= day_over:
        raise InputError(
            f"its source, of {report.said_on}, is older than what it observed, {iso(begins)}",
            where=f"{where}.about",
            advice="Look at both dates; what was foretold is no observation.",
        )


def withdraw(store: Store, incident_id: str, report_id: str, *, at: int, by: str, why: str) -> None:
    """Take a report back, for good.

    Raises UsageError where there is none such, or it is withdrawn, or no reason is given.
    """
    reason = require_reason(why)
    if store.incident(incident_id) is None:
        raise no_incident(incident_id)
    wanted = report_id.lower()
    found = [
        kept
        for kept in store.reports(incident_id)
        if kept.report.id.startswith(wanted) and len(wanted) >= min(8, ID_DIGITS)
    ]
    if len(found) != 1:
        raise UsageError(
            f"no report {report_id[:ID_DIGITS]!r} of {incident_id}",
            advice="`nightside show ID --json` has the ids of reports and acknowledgements; give at least 8 digits.",
        )
    if not store.withdraw_report(found[0].attached_to, found[0].report.id, at=at, by=by, why=reason):
        raise UsageError(
            f"report {found[0].report.id} is withdrawn already", advice="There is nothing to be done."
        )


def require_reason(why: str) -> str:
    """The reason on one line. Raises UsageError where it is none, or too long."""
    reason = " ".join("".join(sign if sign.isprintable() else " " for sign in why).split())
    if not 1 <= len(reason) <= WHY_CHARS:
        raise UsageError("no reason is given", advice=f"Say why in 1 to {WHY_CHARS} characters with --why.")
    return reason


def no_incident(incident_id: str) -> UsageError:
    """The error for an unknown id."""
    return UsageError(
        f"no incident {incident_id[:80]}", advice="`nightside incidents` lists those there are."
    )


def taken_json(incident_id: str, taken: Sequence[Taken], at: int) -> dict[str, Any]:
    """The shape `nightside.reports-taken/1`."""
    return {
        "schema": SCHEMA,
        "incident": incident_id,
        "at": iso(at),
        "items": [
            {"id": each.report.id, "outcome": each.outcome, "nearness": each.nearness} for each in taken
        ],
    }
