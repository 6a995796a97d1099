"""The embedded store: one folder with an SQLite catalogue (`nightside.sqlite`) and Parquet `segments/`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from nightside.model.acknowledgement import Acknowledgement, shown_acknowledgements
from nightside.model.check import CheckResult
from nightside.model.errors import NightsideError
from nightside.model.incident import Incident, Severity, Status
from nightside.model.lease import Lease
from nightside.model.report import KeptReport, PutReport, Report
from nightside.model.report_beside import shown_reports
from nightside.model.series import IncidentSeries
from nightside.model.signal import Signal
from nightside.model.state import Change, EntityState
from nightside.model.token import Scope, Token
from nightside.store import acknowledgements as acknowledgement_rows
from nightside.store import (
    changes,
    findings,
    leases,
    listing,
    merging,
    notes,
    rollups,
    sample_writing,
    samples,
    segments,
    states,
)
from nightside.store import flips as incident_flips
from nightside.store import reports as report_rows
from nightside.store import results as result_rows
from nightside.store import tokens as token_rows
from nightside.store.connections import Connections
from nightside.store.folder_errors import make_folder, readable, written
from nightside.store.local_files import LocalFiles
from nightside.store.protocol import Baselines
from nightside.store.result_form import PUBLIC
from nightside.store.samples import Held
from nightside.store.segment_reader import SegmentReader
from nightside.store.sqlite_catalogue import explained, moment, open_catalogue, open_to_read, transaction

if TYPE_CHECKING:
    import sqlite3

    import pyarrow as pa

AT_ONCE = 64
"""A list is read so many incidents at a time: it is long, and its reader may stop early."""


class EmbeddedStore:
    """`Store` in one folder of one machine."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open the store in `folder`, and make it where there is none; `read_only` makes and changes nothing.

        Raises NightsideError where the folder cannot be used, or the catalogue is damaged or too new.
        """
        self.folder = folder
        self._read_only = read_only
        self._segments = LocalFiles(folder / "segments")
        self._checks = LocalFiles(folder / "checks")
        self._flips = LocalFiles(folder / "flips")
        self._path = folder / "nightside.sqlite"
        self._reader = SegmentReader(self._segments)
        self._states = states.States()
        self._leases: tuple[Lease, ...] = ()
        if not read_only:
            make_folder(folder)
        connect = open_to_read if read_only else open_catalogue
        self._connections = Connections(lambda: connect(self._path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all files. One that is `under` a lease has none of its own."""
        if not self._leases:
            self._connections.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with explained(self._path), self._connections.lent() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._read_only:
            raise NightsideError(
                "the store cannot be written: it was opened to be read only", where=str(self._path)
            )
        with self._reading() as connection, transaction(connection):
            for lease in self._leases:
                leases.hold_to(connection, lease)
            yield connection

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
        text_of = findings.summary if summaries else findings.latest
        for first in range(0, len(ids), AT_ONCE):
            with self._reading() as connection:
                texts = (text_of(connection, id) for id in ids[first : first + AT_ONCE])
                found = [
                    _loaded(text) if summaries else _shown(connection, text)
                    for text in texts
                    if text is not None
                ]
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

    def put_samples(self, signals: Iterable[Signal], baselines: Baselines = MappingProxyType({})) -> None:
        """See `Store.put_samples`."""
        contents = segments.contents_of(signals, baselines)
        if contents is not None:
            self._put_segment(contents)
            self.merge_samples()

    def merge_samples(self) -> int:
        """See `Store.merge_samples`."""
        with self._reading() as connection:
            planned = merging.plan(connection, self._reader)
        if planned is None:
            return 0
        with self._writing() as connection:
            if not merging.stands(connection, planned):
                return 0
            with written(self._segments):
                segments.write(self._segments, planned.contents)
                merging.enter(connection, self._segments, planned)
        return len(planned.run)

    def _put_segment(self, contents: segments.Contents) -> None:
        with self._writing() as connection:
            if sample_writing.is_last(connection, contents.name):
                return
            with written(self._segments):
                if not sample_writing.is_known(connection, contents.name) or not self._segments.exists(
                    segments.file_of(contents.name)
                ):
                    segments.write(self._segments, contents)
            columns = contents.columns
            pieces = segments.pieces_of(columns, segments.group_rows(len(columns.signal)))
            sample_writing.register(
                connection, self._reader, contents.name, contents.entities, columns, pieces
            )

    def samples(self, type: str, code: str, begin: int, end: int) -> pa.Table:
        """See `Store.samples`."""
        held = self._held(type, code, begin, end)
        with readable(self._segments):
            while True:
                try:
                    return samples.table_of(
                        samples.read(self._reader, samples.visible(held, begin, end), end)
                    )
                except FileNotFoundError:
                    # Merged since, and gone: what they held is elsewhere now.
                    before, held = held, self._held(type, code, begin, end)
                    if held == before:
                        raise

    def _held(self, type: str, code: str, begin: int, end: int) -> list[Held]:
        with self._reading() as connection:
            number = states.number(connection, type, code)
            return [] if number is None else samples.held(connection, number, begin, end)

    def rollup(self, type: str, code: str, begin: int, end: int) -> pa.Table:
        """See `Store.rollup`."""
        with self._reading() as connection:
            number = states.number(connection, type, code)
            days = [] if number is None else rollups.days_within(connection, number, begin, end)
        return rollups.table_of(days, begin, end)

    def put_results(self, results: Sequence[CheckResult]) -> int:
        """See `Store.put_results`."""
        by_country = result_rows.rows_of(results)
        with self._writing() as connection, readable(self._checks):
            new = sum(result_rows.put(connection, self._checks, c, rows) for c, rows in by_country.items())
            if new:
                changes.note_results(connection)
        for country in by_country:
            with self._reading() as connection:
                crowded = result_rows.crowded(connection, country)
            if crowded:
                with self._writing() as connection, written(self._checks):
                    # Another process may have done it meanwhile.
                    if result_rows.crowded(connection, country):
                        result_rows.pack(connection, self._checks, country)
        return new

    def results(
        self, country: str, begin: int, end: int, *, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """See `Store.results`."""
        wanted = PUBLIC if columns is None else columns
        with readable(self._checks):
            while True:
                with self._reading() as connection, moment(connection):
                    found = result_rows.find(connection, country, begin, end, wanted)
                try:
                    return result_rows.read(self._checks, found)
                except FileNotFoundError:
                    # Merged since, and gone: what it held is elsewhere now.
                    with self._reading() as connection:
                        if result_rows.stands(connection, found):
                            raise

    def result_countries(self) -> list[str]:
        """See `Store.result_countries`."""
        with self._reading() as connection:
            return result_rows.countries(connection)

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

    def put_token(self, token: Token) -> None:
        """See `Store.put_token`."""
        with self._writing() as connection:
            token_rows.put(connection, token)

    def revoke_token(self, scope: Scope, name: str, at: int) -> bool:
        """See `Store.revoke_token`."""
        with self._writing() as connection:
            return token_rows.revoke(connection, scope, name, at)

    def note_heard(self, digest: bytes, at: int) -> None:
        """See `Store.note_heard`."""
        with self._writing() as connection:
            token_rows.heard(connection, digest, at)

    def tokens(self, scope: Scope | None = None) -> list[Token]:
        """See `Store.tokens`."""
        with self._reading() as connection:
            return token_rows.every(connection, scope)

    def take_lease(self, name: str, holder: str, for_s: float) -> Lease | None:
        """See `Store.take_lease`. The store's clock is the host's wall clock."""
        with self._writing() as connection:
            return leases.take(connection, name, holder, for_s, time.time())

    def release_lease(self, lease: Lease) -> bool:
        """See `Store.release_lease`."""
        with self._writing() as connection:
            return leases.release(connection, lease)

    def leases(self, prefix: str = "") -> list[Lease]:
        """See `Store.leases`."""
        with self._reading() as connection:
            return leases.holding(connection, prefix, time.time())

    def under(self, lease: Lease) -> Self:
        """See `Store.under`."""
        held = copy(self)
        held._leases = (*self._leases, lease)
        return held

    def put_note(self, name: str, text: str | None) -> None:
        """See `Store.put_note`."""
        with self._writing() as connection:
            notes.put(connection, name, text)

    def note(self, name: str) -> str | None:
        """See `Store.note`."""
        with self._reading() as connection:
            return notes.get(connection, name)

    def notes(self, prefix: str = "") -> dict[str, str]:
        """See `Store.notes`."""
        with self._reading() as connection:
            return notes.every(connection, prefix)

    def entities(self, type: str | None = None) -> list[EntityState]:
        """See `Store.entities`."""
        with self._reading() as connection:
            return self._states.every(connection, type)

    def changes(self, after: int, limit: int) -> list[Change]:
        """See `Store.changes`."""
        with self._reading() as connection:
            return changes.since(connection, after, limit)

    def last_change(self) -> int:
        """See `Store.last_change`."""
        with self._reading() as connection:
            return changes.last(connection)


def _shown(connection: sqlite3.Connection, text: str) -> dict[str, Any]:
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
