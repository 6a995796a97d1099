"""Samples and results of checks in a catalogue and files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from nightside.model.check import CheckResult
from nightside.model.signal import Signal
from nightside.model.state import EntityState
from nightside.store import changes, merging, rollups, sample_writing, samples, segments, states
from nightside.store import results as result_rows
from nightside.store.catalogue import Catalogue
from nightside.store.files import Files
from nightside.store.folder_errors import readable, written
from nightside.store.keeping import Keeping
from nightside.store.protocol import Baselines
from nightside.store.result_form import PUBLIC
from nightside.store.samples import Held
from nightside.store.segment_reader import SegmentReader

if TYPE_CHECKING:
    import pyarrow as pa


class SampleKeeping(Keeping):
    """What `Store` says of signals, of everybody's state, and of results of checks."""

    def __init__(self, catalogue: Catalogue, files: Files, *, read_only: bool) -> None:
        super().__init__(catalogue, files, read_only=read_only)
        self._segments = files.child("segments")
        self._checks = files.child("checks")
        self._reader = SegmentReader(self._segments)
        self._states = states.States()

    def put_samples(self, signals: Iterable[Signal], baselines: Baselines = MappingProxyType({})) -> None:
        """See `Store.put_samples`."""
        contents = segments.contents_of(signals, baselines)
        if contents is not None:
            self._put_segment(contents)
            self.merge_samples()

    def merge_samples(self) -> int:
        """See `Store.merge_samples`."""
        self._before_writing()
        with self._reading() as connection:
            if not merging.is_due(connection, self._reader):
                return 0
        with self._catalogue.alone(merging.ALONE) as alone:
            return self._merge() if alone else 0

    def _merge(self) -> int:
        with self._reading() as connection:
            planned = merging.plan(connection, self._reader)
        if planned is None:
            return 0
        self._write_segment(planned.contents)
        with self._writing() as connection:
            if not merging.stands(connection, planned):
                return 0
            self._make_sure_of(planned.contents)
            with written(self._segments):
                merging.enter(connection, self._segments, planned)
        return len(planned.run)

    def _put_segment(self, contents: segments.Contents) -> None:
        # The file comes first, so that nobody waits for its writing.
        self._before_writing()
        with self._reading() as connection:
            if sample_writing.is_last(connection, contents.name):
                return
            known = sample_writing.is_known(connection, contents.name)
        if not known:
            self._write_segment(contents)
        columns = contents.columns
        pieces = segments.pieces_of(columns, segments.group_rows(len(columns.signal)))
        with self._writing() as connection:
            if sample_writing.is_last(connection, contents.name):
                return
            self._make_sure_of(contents)
            sample_writing.register(
                connection, self._reader, contents.name, contents.entities, columns, pieces
            )

    def _write_segment(self, contents: segments.Contents) -> None:
        with written(self._segments):
            segments.write(self._segments, contents)

    def _make_sure_of(self, contents: segments.Contents) -> None:
        """Within a transaction, after which nobody deletes the file: another may have, before anybody needed it."""
        with written(self._segments):
            if not self._segments.exists(segments.file_of(contents.name)):
                segments.write(self._segments, contents)

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
                with self._catalogue.moment() as connection:
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

    def entities(self, type: str | None = None) -> list[EntityState]:
        """See `Store.entities`."""
        with self._reading() as connection:
            return self._states.every(connection, type)
