"""Incidents, and what stands beside them, in a catalogue and files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nightside.model.acknowledgement import Acknowledgement, shown_acknowledgements
from nightside.model.incident import Incident, Severity, Status
from nightside.model.report import KeptReport, PutReport, Report
from nightside.model.report_beside import shown_reports
from nightside.model.series import IncidentSeries
from nightside.store import acknowledgements as acknowledgement_rows
from nightside.store import findings, listing
from nightside.store import flips as incident_flips
from nightside.store import reports as report_rows
from nightside.store.catalogue import Catalogue, Connection
from nightside.store.files import Files
from nightside.store.keeping import Keeping

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 64
"""A list is read so many incidents at a time: it is long, and its reader may stop early."""


class IncidentKeeping(Keeping):
    """What `Store` says of incidents, their messages, flips, reports and acknowledgements."""

    def __init__(self, catalogue: Catalogue, files: Files, *, read_only: bool) -> None:
        super().__init__(catalogue, files, read_only=read_only)
        self._flips = files.child("flips")

    def put_incident(self, incident: Incident, series: IncidentSeries) -> dict[str, Any]:
        """See `Store.put_incident`."""
        with self._writing() as connection:
            return _shown(connection, findings.put(connection, incident, series))

    def close_incident(
        self, id: str, closed_as: str | None, provenance: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """See `Store.close_incident`."""
        with self._writing() as connection:
            return _shown(connection, findings.close(connection, id, closed_as, provenance))

    def incident(self, id: str) -> dict[str, Any] | None:
        """See `Store.incident`."""
        with self._reading() as connection:
            text = findings.latest(connection, id)
            return None if text is None else _shown(connection, text)

    def incidents(
        self,
        *,
        type: str | None = None,
        codes: Sequence[str] = (),
        begin: int | None = None,
        end: int | None = None,
        severity: Severity | None = None,
        status: Status | None = None,
        newest_first: bool = False,
        after: str | None = None,
        limit: int | None = None,
        summaries: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """See `Store.incidents`."""
        with self._reading() as connection:
            # The ids first: a caller may store something while it goes through them.
            ids = listing.ids(
                connection,
                type=type,
                codes=codes,
                begin=begin,
                end=end,
                severity=severity,
                status=status,
                newest_first=newest_first,
                after=after,
                limit=limit,
            )
        return self._each(ids, summaries=summaries)

    def _each(self, ids: Sequence[str], *, summaries: bool) -> Iterator[dict[str, Any]]:
        for first in range(0, len(ids), AT_ONCE):
            with self._reading() as connection:
                texts = findings.texts(connection, ids[first : first + AT_ONCE], summaries=summaries)
                found = [_loaded(text) if summaries else _shown(connection, text) for text in texts]
            yield from found

    def revisions(self, id: str) -> list[int]:
        """See `Store.revisions`."""
        with self._reading() as connection:
            return findings.revisions(connection, id)

    def revision(self, id: str, number: int) -> dict[str, Any] | None:
        """See `Store.revision`."""
        with self._reading() as connection:
            text = findings.revision(connection, id, number)
        return None if text is None else {"reports": [], "acknowledgements": [], **_loaded(text)}

    def series(self, id: str) -> IncidentSeries | None:
        """See `Store.series`."""
        with self._reading() as connection:
            row = connection.execute("SELECT series FROM incident WHERE id = ?", (id,)).fetchone()
        return None if row is None else IncidentSeries.from_json(json.loads(row[0]))

    def put_messages(self, id: str, messages: Sequence[dict[str, Any]]) -> None:
        """See `Store.put_messages`."""
        with self._writing() as connection:
            findings.put_messages(connection, id, messages)

    def messages(self, id: str) -> list[dict[str, Any]]:
        """See `Store.messages`."""
        with self._reading() as connection:
            return [_loaded(text) for text in findings.stored_messages(connection, id)]

    def put_flips(self, id: str, flips: pa.Table) -> None:
        """See `Store.put_flips`."""
        with self._writing() as connection:
            if findings.latest(connection, id) is None:
                raise LookupError(id)
            incident_flips.write(self._flips, id, flips)

    def flips(self, id: str, *, peer: int | str | None = None, skip: int = 0) -> pa.RecordBatchReader | None:
        """See `Store.flips`."""
        with self._reading() as connection:
            # An id may come from anybody; only ours are names of files.
            if findings.summary(connection, id) is None:
                return None
        return incident_flips.read(self._flips, id, peer, skip)

    def put_reports(self, id: str, reports: Sequence[Report], *, at: int, by: str) -> list[PutReport]:
        """See `Store.put_reports`."""
        with self._writing() as connection:
            return report_rows.put(connection, id, reports, at, by)

    def withdraw_report(self, id: str, report_id: str, *, at: int, by: str, why: str) -> bool:
        """See `Store.withdraw_report`."""
        with self._writing() as connection:
            return report_rows.withdraw(connection, id, report_id, at, by, why)

    def reports(self, id: str) -> list[KeptReport]:
        """See `Store.reports`."""
        with self._reading() as connection:
            return report_rows.of_incident(connection, id)

    def put_acknowledgement(
        self, id: str, *, at: int, by: str, token: str, note: str
    ) -> tuple[bool, Acknowledgement]:
        """See `Store.put_acknowledgement`."""
        with self._writing() as connection:
            return acknowledgement_rows.put(connection, id, at, by, token, note)

    def withdraw_acknowledgement(
        self, id: str, acknowledgement_id: str, *, at: int, by: str, why: str | None
    ) -> bool:
        """See `Store.withdraw_acknowledgement`."""
        with self._writing() as connection:
            return acknowledgement_rows.withdraw(connection, id, acknowledgement_id, at, by, why)

    def acknowledgements(self, id: str) -> list[Acknowledgement]:
        """See `Store.acknowledgements`."""
        with self._reading() as connection:
            return acknowledgement_rows.of_incident(connection, id)


def _shown(connection: Connection, text: str) -> dict[str, Any]:
    """An incident with what stands beside it; one that an older program stored had no such keys."""
    incident = _loaded(text)
    id = incident["id"]
    incident["reports"] = shown_reports(report_rows.of_incident(connection, id), incident)
    incident["acknowledgements"] = shown_acknowledgements(
        acknowledgement_rows.of_incident(connection, id), incident
    )
    return incident


def _loaded(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
