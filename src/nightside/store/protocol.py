"""What every store offers. Commands and the engine know this protocol, never an implementation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from nightside.model.acknowledgement import Acknowledgement
from nightside.model.check import CheckResult
from nightside.model.entity import Entity
from nightside.model.incident import Incident, Severity, Status
from nightside.model.lease import Lease
from nightside.model.report import KeptReport, PutReport, Report
from nightside.model.series import IncidentSeries
from nightside.model.signal import Signal
from nightside.model.state import Change, EntityState
from nightside.model.store_care import Compaction, StoreFinding
from nightside.model.token import Scope, Token

if TYPE_CHECKING:
    import pyarrow as pa

    from nightside.store.files import Files

Baselines = Mapping[Entity, Sequence[tuple[int, int]]]
"""Of an entity the steps (second, units) of its baseline: each holds until the next, the last for ever."""


class Store(Protocol):
    """Incidents with all their revisions, their series, and samples. Instants are seconds since the epoch.

    One object may be used by any number of threads at once, and one folder by any number of processes: one
    writes at a time, readers never wait and see the last commit. An iterator belongs to one thread.

    Errors of the medium (unwritable, damaged, of a newer program) are raised as NightsideError.
    """

    @property
    def files(self) -> Files:
        """Where its files lie; others may have a place of their own beside them."""

    def put_incident(self, incident: Incident, series: IncidentSeries) -> dict[str, Any]:
        """Store one finding and return it as stored, in the shape `nightside.incident/1`.

        A finding is the same incident as a stored one of its entity where the two overlap in time, both ends
        included, or where its id is taken. An incident reaches from `began` to `ended`; one that has not
        ended reaches to the end of its series, which is as far as anybody looked.

        The same content again changes nothing but the series; other content is one revision more, with an
        entry {"revision", "changed"} in `corrections`. Where it overlaps several, the earliest id goes on;
        the others get a last revision with status `closed`, `closed_as` `merged` and the id that goes on in
        `related` as {"id", "relation": "merged_into"}, and are listed no more. One of them that is found
        apart again later is listed again.

        Findings are to be put in the order of `began`. Otherwise, where one stored incident turns out to be
        two, the later half would take its id.
        """

    def close_incident(
        self, id: str, closed_as: str | None, provenance: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Close an incident as it stands; returns it as stored. `closed_as` says how (`withdrawn`: it never was).

        `provenance`, as in `nightside.incident/1`, is what says so, in place of what the incident rested on. One
        that had not ended has `ended` as far as anybody looked. What is so already is no new revision. Raises
        LookupError where the id is unknown.
        """

    def incident(self, id: str) -> dict[str, Any] | None:
        """The latest revision, of a merged incident too; None where the id is unknown.

        Here, in `incidents` and in what is put or closed, `reports` holds the incident's reports beside what was
        measured (`model.report_beside`), and `acknowledgements` who has seen it (`model.acknowledgement`); in a
        numbered revision, of which they are no part, both are empty.
        """

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
        """The latest revisions, in the order of began, entity type, code, id; merged incidents are left out.

        `type` and `codes` narrow to entities, `begin` and `end` to incidents that overlap [begin, end) (what
        has not ended overlaps everything after it began), `severity` to that severity or worse. `newest_first`
        turns the order round. `after` is the `cursor_of` an incident (store/cursor.py): the list goes on behind
        its place. At most `limit` are listed. `summaries` gives each in short, see `store/summary.py`.

        Raises UsageError where `after` is no cursor.
        """

    def revisions(self, id: str) -> list[int]:
        """The numbers of all revisions of an incident, in order; empty where the id is unknown."""

    def revision(self, id: str, number: int) -> dict[str, Any] | None:
        """The incident as this revision said it; None where there is none."""

    def series(self, id: str) -> IncidentSeries | None:
        """What the chart of an incident needs; None where the id is unknown."""

    def put_messages(self, id: str, messages: Sequence[dict[str, Any]]) -> None:
        """Store what is to be told of an incident, in place of what was stored for it before.

        Each is a dict of key, kind, at, severity, onset and end (null or ISO 8601), in the order of sending.
        Raises LookupError where the id is unknown.
        """

    def messages(self, id: str) -> list[dict[str, Any]]:
        """The messages of an incident as they were put; empty where there are none."""

    def put_flips(self, id: str, flips: pa.Table) -> None:
        """Store the flips of an incident, in place of those that were stored for it before.

        Columns: `time` (timestamp[s, UTC]), `collector`, `peer_address` (strings), `peer_asn` (uint32), `prefix`,
        `kind` and `source` (strings, of `model.flips`), `origin` (uint32), `path` (string: the new AS path, of a
        loss the one that was lost; null where not known), `file` (string, as in the incident's inputs) and
        `offset` (int64, of the record in the unpacked file), both null where no record says it. Strings may be
        dictionaries. The metadata `peers` is JSON: [collector, address, asn] of every session of the input.

        Raises LookupError where the id is unknown.
        """

    def flips(self, id: str, *, peer: int | str | None = None, skip: int = 0) -> pa.RecordBatchReader | None:
        """The flips of an incident as they were put, in their order; a part of them is in memory at a time.

        `peer` narrows to an AS number or to an address, `skip` leaves out so many of the first of those. None
        where none are stored for the incident: its replay was that of an older program, or `compact` let go of them.
        """

    def put_samples(self, signals: Iterable[Signal], baselines: Baselines) -> None:
        """Store signals, and what they are held against, for good. The same twice is stored once.

        Where `baselines` has no entry, or before its first step, the baseline is not known.
        """

    def merge_samples(self) -> int:
        """Make one of the small pieces in which samples were put last, where these are many; how many it was.

        No answer is another after it. `put_samples` does it by itself.
        """

    def samples(self, type: str, code: str, begin: int, end: int) -> pa.Table:
        """The signal of one entity within [begin, end) as change points, in the order of time.

        Columns: `time` (timestamp[s, UTC]), `units` (int64, null where unknown), `quality` ("known" or
        "unknown"), `baseline` (int64, null where not known), `resolution_s` (int64: 1 where the row is exact, 3600
        where `units` is the mean of an hour or of what is known of it, see `compact`). A row holds until the next,
        the last until `end`.
        The first row stands at `begin`, or where the samples start; a hole between samples, and what follows
        the last of them, is unknown. Where signals overlap, the one stored last counts.
        """

    def rollup(self, type: str, code: str, begin: int, end: int) -> pa.Table:
        """The signal of one entity by the hour (UTC): the hours that overlap [begin, end), in the order of time.

        Columns: `time` (timestamp[s, UTC], the begin of the hour), `lowest`, `highest` (int64) and `mean` (float64,
        over time) of what is known of the hour, null where nothing is; `baseline` (int64), the last known in the
        hour, else null; `unknown_s` (int64), the seconds of the hour of which nothing is known, because our view
        was broken or because nothing is stored. The first row is the first hour with samples, the last row the
        last; hours without samples between them are unknown.
        """

    def put_results(self, results: Sequence[CheckResult]) -> int:
        """Store results of checks for good, all or none; how many were new.

        The same (at to the millisecond, place, country, target, kind, part, family) is stored once: who came first
        stays. A detail is cut at 200 characters; facts of more than 4 KiB are left out, and say so as
        {"left_out_bytes"}. Raises UsageError for what is no result, see `store/result_form.py`.
        """

    def results(
        self, country: str, begin: int, end: int, *, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """The results of checks within [begin, end), by at, place, target, kind, part and family.

        `country` is "" for canaries. Columns as in `CheckResult`: `at` (timestamp[ms, UTC]), `place`, `country`,
        `target`, `group`, `kind`, `part` (strings), `family` (uint8), `address`, `outcome`, `failed_in`, `detail`
        (strings), the five durations (float64), `facts` (a string of JSON), `reconstruction` (bool); strings but
        facts are dictionaries. `columns` narrows to some of them, in its order.
        """

    def result_countries(self) -> list[str]:
        """The countries of which anybody checked anything, in order."""

    def put_reports(self, id: str, reports: Sequence[Report], *, at: int, by: str) -> list[PutReport]:
        """Attach reports to an incident, all or none; what became of each. `at` and `by` say when, and who did it.

        A report that the incident has already changes nothing; one that was withdrawn stays withdrawn. No report is
        ever changed. They are no part of a revision, and survive all of them. Raises LookupError where the id is
        unknown, UsageError where the incident would have more than 1,000.
        """

    def withdraw_report(self, id: str, report_id: str, *, at: int, by: str, why: str) -> bool:
        """Note that a report was withdrawn from the incident to which it was attached; False where there is none
        that is not. It stays on record, and so does who withdrew it."""

    def reports(self, id: str) -> list[KeptReport]:
        """The reports of an incident, withdrawn ones too, in the order in which they were attached; each id once.

        Those of incidents that were merged into it are among them, as long as they are.
        """

    def put_acknowledgement(
        self, id: str, *, at: int, by: str, token: str, note: str
    ) -> tuple[bool, Acknowledgement]:
        """Note that a person has seen the latest revision of an incident; whether that is new, and what is kept.

        The same of the same revision again (by, token, note) changes nothing, unless it was withdrawn. They are no
        part of a revision, and survive all of them. Raises LookupError where the id is unknown, UsageError where the
        incident would have more than 100.
        """

    def withdraw_acknowledgement(
        self, id: str, acknowledgement_id: str, *, at: int, by: str, why: str | None
    ) -> bool:
        """Note that an acknowledgement was withdrawn from the incident to which it was given; False where there is
        none that is not. It stays on record, and so does who withdrew it."""

    def acknowledgements(self, id: str) -> list[Acknowledgement]:
        """The acknowledgements of an incident, withdrawn ones too, in the order in which they were given.

        Those of incidents that were merged into it are among them, as long as they are.
        """

    def put_token(self, token: Token) -> None:
        """Know a token from now on. Raises UsageError where its name has one of this scope that is not revoked.

        One that has run out when this one is made is put down as revoked then.
        """

    def revoke_token(self, scope: Scope, name: str, at: int) -> bool:
        """Have the token of this name revoked at this instant; False where there is none that is not revoked."""

    def note_heard(self, digest: bytes, at: int) -> None:
        """The token with this digest was used at this instant."""

    def tokens(self, scope: Scope | None = None) -> list[Token]:
        """All of this scope (None: of any) that were ever given out, revoked ones too, by scope, name and time."""

    def take_lease(self, name: str, holder: str, for_s: float) -> Lease | None:
        """Do something alone for so long, by the store's clock; None where somebody else does.

        It is free where nobody ever took it, it was given back, or its time is over. Who holds it takes it again
        under the same number; who takes it anew, under the next.
        """

    def release_lease(self, lease: Lease) -> bool:
        """Give a lease back before its time; False where somebody else has taken it meanwhile."""

    def leases(self, prefix: str = "") -> list[Lease]:
        """All leases whose names begin so and whose time is not over, by name."""

    def under(self, lease: Lease) -> Store:
        """This store for who holds the lease: whatever is written there raises LeaseLostError, and writes nothing,
        where somebody else has taken the lease. It is closed with this one."""

    def put_note(self, name: str, text: str | None) -> None:
        """Note something small under a name, in place of what was noted there; None: nothing more."""

    def note(self, name: str) -> str | None:
        """What is noted under this name."""

    def notes(self, prefix: str = "") -> dict[str, str]:
        """All notes whose names begin so, by name."""

    def entities(self, type: str | None = None) -> list[EntityState]:
        """Every entity with samples, in the order of type, code, and how it is doing."""

    def changes(self, after: int, limit: int) -> list[Change]:
        """What was stored since the change of this number, in order; at most `limit`."""

    def last_change(self) -> int:
        """The number of the last change; 0 in a new store. Whoever has read since knows all there is."""

    def check(self) -> Iterator[StoreFinding]:
        """Look whether all that was stored can be told, and what else is wrong; everything is read once.

        Readers and writers go on. Nothing is changed.
        """

    def repair(self) -> Iterator[StoreFinding]:
        """The same, and put right what can be, one finding after the other (`repaired`).

        What can be read stays, or is written anew. Where samples are lost, `samples` says unknown afterwards instead of
        failing; `rollup` still knows the hours that were worked out of them.
        """

    def compact(
        self, *, exact_days: int | None = None, flips_days: int | None = None, work_days: int | None = None
    ) -> Compaction:
        """Make the store smaller. Readers and writers go on, and each answer is the one before or the one after.

        Segments become few, and what later samples cover goes: no answer is another after it. Of whole months (UTC)
        that ended `exact_days` ago `samples` gives the means of hours afterwards (`resolution_s`); what is unknown
        stays so to the second, and `rollup` says what it said before. Flips that were stored `flips_days` ago go, but
        of incidents that are not over; so do files that jobs of clusters have left for `work_days`. None: all stay.
        """

    def close(self) -> None:
        """Let go of all files. A store is a context manager that does it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
