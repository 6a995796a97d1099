"""What `Store` says of its own care: looking for damage, repairing it, keeping it small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nightside.model.store_care import StoreFinding
from nightside.store import merging, result_segments
from nightside.store.cases import Case
from nightside.store.catalogue import Connection
from nightside.store.files import Files
from nightside.store.flips import file_of as flips_of
from nightside.store.folder_errors import readable, require_there, written
from nightside.store.hour_cases import hour_cases
from nightside.store.incident_cases import flip_cases, incident_cases
from nightside.store.incident_keeping import IncidentKeeping
from nightside.store.result_cases import result_cases
from nightside.store.retired import delete_retired, nobodys
from nightside.store.sample_keeping import SampleKeeping
from nightside.store.segment_cases import segment_cases

_COPY = "Bring back a copy of the store, or replay its inputs into a new one."


class Care(IncidentKeeping, SampleKeeping):
    """A store's care; readers and writers go on meanwhile."""

    def check(self) -> Iterator[StoreFinding]:
        """See `Store.check`."""
        return (case.finding for case in self._cases())

    def repair(self) -> Iterator[StoreFinding]:
        """See `Store.repair`."""
        for case in self._cases():
            repaired = False
            if case.repair is not None:
                with self._writing() as connection:
                    repaired = case.repair(connection)
            yield replace(case.finding, repaired=repaired)
        self._delete_unneeded()

    def _cases(self) -> Iterator[Case]:
        if (said := self._catalogue.damage()) is not None:
            where = self._catalogue.where
            yield Case(StoreFinding("catalogue-damaged", where, said, True, None, _COPY))
        for files in (self._segments, self._checks):
            with self._reading() as connection:
                require_there(files, len(self._known(connection, files)))
        with readable(self._segments):
            yield from segment_cases(self._reading, self._segments)
        with readable(self._checks):
            yield from result_cases(self._reading, self._checks)
        with readable(self._flips):
            yield from flip_cases(self._reading, self._flips)
        yield from incident_cases(self._reading)
        yield from hour_cases(self._reading, self._reader)
        for files in (self._segments, self._checks, self._flips):
            with readable(files):
                yield from self._unknown(files)

    def _unknown(self, files: Files) -> Iterator[Case]:
        # The files first: what is entered meanwhile is known then.
        listing = files.listing()
        sizes = {each.name: each.size for each in listing}
        with self._reading() as connection:
            found = nobodys(connection, files, listing, self._known(connection, files))
        for name in found:
            said = f"no row of the catalogue names this file of {sizes[name]:,} bytes; nothing is lost"
            where = f"{files.name}/{name}"
            # It goes with all others of its kind, at the end.
            yield Case(StoreFinding("file-unknown", where, said, False, "deletes it", None), lambda _: True)

    def _known(self, connection: Connection, files: Files) -> set[str]:
        """The names of all files of a place that the catalogue needs."""
        if files == self._segments:
            return merging.known_files(connection)
        if files == self._checks:
            return result_segments.known_files(connection)
        return {flips_of(id) for (id,) in connection.execute("SELECT id FROM incident")}

    def _delete_unneeded(self) -> int:
        """Delete what nobody needs any more, in all places; how many files."""
        count = 0
        for files in (self._segments, self._checks, self._flips):
            with self._writing() as connection, written(files):
                count += delete_retired(connection, files, self._known(connection, files))
        return count
