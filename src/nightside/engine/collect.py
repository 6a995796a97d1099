"""Inputs to collector logs: each collector's files in the order of time, gaps where files are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np

from nightside.engine.files import choose, covers_until
from nightside.engine.prefix_countries import PrefixCountries
from nightside.model.elements import Columns
from nightside.model.errors import InputError, NotMrtError, UnreadableError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.observation import PrefixTable, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex
from nightside.sources.layout import Found, InputFile
from nightside.sources.local import HashedPieces
from nightside.wire.decoder import Decoder
from nightside.world.snapshot import Snapshot

CLOCK_MARGIN_S = 3600
"""Elements this far outside of the time their file is named for are counted and left out."""
END_OF_TIME_S = 2**32 - 1
MOST_TOLD = 5
"""So many reasons why something in one file could not be used are told each by itself."""

Warn = Callable[[str], None]
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Reading:
    """How one collector was read, so that a part of it can be read again."""

    files: list[InputFile]
    """In the order in which they were read."""
    starts: list[int]
    """The number of each file's first element; elements are numbered as they come (see `routing.places`)."""


@dataclass
class Collected:
    """All collectors' logs, the numbers they use, and what is to be said about the input."""

    logs: list[CollectorLog]
    prefixes: PrefixIndex
    prefix_table: PrefixTable
    ways: WayTable
    inputs: list[tuple[str, str]]
    """(name, SHA-256) of every file that was read."""
    tables: list[CollectorTable]
    first_second: int
    end: int
    readings: list[Reading] = field(default_factory=list)
    """Of each log, in the same order; none where the elements came from no files."""

    @property
    def first_day(self) -> date:
        """The UTC day of the first element."""
        return datetime.fromtimestamp(self.first_second, UTC).date()


def collector_table(prefixes: PrefixIndex, ways: WayIndex, settings: Settings) -> CollectorTable:
    """The empty state of one collector, by the settings."""
    return CollectorTable(
        prefixes,
        ways,
        transfer_quiet_s=settings.transfer_quiet_s,
        silent_s=settings.silent_s,
        table_margin_s=settings.table_margin_s,
        transfer_back_share=settings.transfer_back_share,
    )


def time_bounds(nominal: int | None, cadence_s: int | None) -> tuple[int, int]:
    """The earliest and the latest second that an element of a file may have; anything where that is not known."""
    if nominal is None or not cadence_s:
        return 0, END_OF_TIME_S
    return nominal - CLOCK_MARGIN_S, nominal + cadence_s + CLOCK_MARGIN_S


def _of_its_time(file: InputFile, what: str) -> str:
    return "" if covers_until(file) is None else f", {what} is unknown"


class _Reader:
    """Reads one collector after the other into shared prefix and way numbers."""

    def __init__(self, snapshot: Snapshot, settings: Settings, warn: Warn, advance: Advance) -> None:
        self.settings, self.warn, self.advance = settings, warn, advance
        self.prefixes = PrefixIndex()
        self.ways = WayIndex(snapshot.asn_numbers, snapshot.asn_codes.astype(np.uint16))
        self.countries = PrefixCountries(snapshot, settings.country_by)
        self.ids = np.empty(1 << 16, np.uint32)
        self.inputs: list[tuple[str, str]] = []
        self.first_second: int | None = None
        self.alone = False
        """There is one file to read, so that what is wrong with it is wrong with the whole input."""
        self.elements = 0
        self.used = 0
        self.odd = 0

    def collector(
        self, files: Sequence[InputFile], gaps: Sequence[tuple[int, int]], until: int | None
    ) -> tuple[Decoder, CollectorTable, Reading, int]:
        """Read one collector's files; returns its decoder, its state, what it read, and when its input ends."""
        table = collector_table(self.prefixes, self.ways, self.settings)
        decoder = Decoder()
        starts = []
        end = 0
        to_come = sorted(gaps)
        for file in files:
            while to_come and file.nominal is not None and file.nominal >= to_come[0][0]:
                begin, gap_end = to_come.pop(0)
                self.warn(
                    f"{file.collector}: no updates from {iso(begin)} to {iso(gap_end)}: its peers are unknown then"
                )
                table.gap(begin, gap_end)
            starts.append(table.elements)
            last = self._file(file, decoder, table, until)
            end = max(end, last + 1 if last else 0, covers_until(file) or 0)
        if until is not None:
            end = max(0, min(end, until))
        table.close(end)
        return decoder, table, Reading(list(files), starts), end

    def _file(self, file: InputFile, decoder: Decoder, table: CollectorTable, until: int | None) -> int:
        """Read one file; returns the second of its last element (0: it has none)."""
        decoder.start(str(file.path))
        self.odd = 0
        last = 0
        try:
            pieces = HashedPieces(file.path)
            done = 0
            for piece in pieces:
                for columns in decoder.feed(piece):
                    last = max(last, self._batch(columns, decoder, table, file, until))
                self.advance(pieces.bytes_read - done)
                done = pieces.bytes_read
            for columns in decoder.finish():
                last = max(last, self._batch(columns, decoder, table, file, until))
            self.advance(pieces.bytes_read - done)
            self.inputs.append((file.name, pieces.sha256))
            broken = bool(pieces.truncated or decoder.truncated)
            self._report(file, decoder, pieces.truncated)
        except (NotMrtError, UnreadableError) as error:
            # In the middle of an archive a bad file is a gap, not the end of everything.
            if self.alone:
                raise
            broken = True
            self.warn(f"{error.where}: {error.what}: nothing of it is used{_of_its_time(file, 'its time')}")
        table.table_done(broken)
        covered = covers_until(file)
        if broken and covered is not None:
            # What is garbled may bear any time: at least the last second is unknown.
            table.gap(min(max(last, file.nominal or 0), covered - 1), covered)
        return last

    def _report(self, file: InputFile, decoder: Decoder, cut: str | None) -> None:
        """What of a file that was read could not be used."""
        skips = list(decoder.skipped)
        if decoder.truncated:
            # The packing may say too that the end is missing; one line does.
            last = skips.pop()
            cut = f"byte {last.offset}: " + ": ".join(filter(None, (cut, last.reason)))
        for skip in skips[:MOST_TOLD]:
            times = f" ({skip.count} records)" if skip.count > 1 else ""
            self.warn(f"{file.path}: byte {skip.offset}: {skip.reason}{times}")
        if more := skips[MOST_TOLD:]:
            records = sum(skip.count for skip in more)
            self.warn(
                f"{file.path}: byte {more[0].offset}: from here to byte {more[-1].offset} "
                f"{records} more record{'' if records == 1 else 's'} passed over"
            )
        if cut:
            self.warn(
                f"{file.path}: {cut}: what stands before is used{_of_its_time(file, 'the rest of its time')}"
            )
        if self.odd:
            self.warn(
                f"{file.path}: {self.odd} elements are dated far outside of the file's time and left out"
            )

    def _batch(
        self,
        columns: Columns,
        decoder: Decoder,
        table: CollectorTable,
        file: InputFile,
        until: int | None,
    ) -> int:
        """Take one batch; returns the second of its last element (0: it has none)."""
        n = columns.count
        if n == 0:
            return 0
        earliest, latest = time_bounds(file.nominal, file.cadence_s)
        times = columns.time_us[:n] // 1_000_000
        self.odd += int(np.count_nonzero((times < earliest) | (times > latest)))
        if until is not None:
            latest = min(latest, until - 1)
        if n > len(self.ids):
            self.ids = np.empty(n, np.uint32)
        self.prefixes.intern_batch(
            columns.prefix_hi, columns.prefix_lo, columns.prefix_len, columns.family, n, self.ids
        )
        self.countries.learn(self.prefixes, columns, self.ids)
        table.apply(columns, self.ids, self.countries.column, len(decoder.peers), earliest, latest)
        self.elements += n
        times = times[(times >= earliest) & (times <= latest)]
        if not len(times):
            return 0
        self.used += len(times)
        first = int(times.min())
        self.first_second = first if self.first_second is None else min(self.first_second, first)
        return int(times.max())


def _unusable(reader: _Reader, files: Sequence[InputFile], end: int | None) -> InputError:
    """Why nothing in the input is of use."""
    where = str(files[0].path) if len(files) == 1 else ""
    if end is not None and (not files or reader.elements):
        return InputError(
            f"nothing in the input is from before {iso(end)}", where=where, advice="Choose a later --to."
        )
    these = (
        "there is no MRT record in this file"
        if where
        else f"none of the {len(files)} files holds MRT records"
    )
    return InputError(
        "all of it is dated far outside of the file's time" if reader.elements else these,
        where=where,
        advice="Give MRT files of updates or tables, or folders in the layout of RIS or RouteViews.",
    )


def collect(
    found: Found,
    snapshot: Snapshot,
    settings: Settings,
    *,
    begin: int | None,
    end: int | None,
    warn: Warn,
    advance: Advance,
    to_the_end: bool = True,
) -> Collected:
    """Read everything that was found; raises InputError where nothing of it is usable.

    `to_the_end`: behind its last file a collector's sessions are unknown; else its state is left as it was then.
    """
    if found.passed_over:
        n = len(found.passed_over)
        warn(
            f"{n} file{'' if n == 1 else 's'} not named like an archive's passed over: {found.passed_over[0]}"
            + (" …" if n > 1 else "")
        )
    by_collector: dict[str, list[InputFile]] = {}
    for file in found.files:
        by_collector.setdefault(file.collector, []).append(file)
    chosen = {c: choose(f, begin, end, settings.table_margin_s) for c, f in sorted(by_collector.items())}
    files = [file for of_collector in chosen.values() for file in of_collector]
    reader = _Reader(snapshot, settings, warn, advance)
    reader.alone = len(files) == 1
    read = []
    for collector, of_collector in chosen.items():
        if not of_collector:
            continue
        nominals = [f.nominal for f in of_collector if f.nominal is not None]
        gaps = [
            g for g in found.gaps(collector) if nominals and min(nominals) < g[1] and g[0] < max(nominals)
        ]
        read.append((collector, gaps, *reader.collector(of_collector, gaps, end)))
    if reader.used == 0:
        raise _unusable(reader, files, end)
    last = max(e for *_rest, e in read)
    logs = []
    for collector, gaps, decoder, table, _reading, ends in read:
        if to_the_end:
            table.gap(ends, last)
        logs.append(CollectorLog.of(collector, decoder.peers, table, gaps))
    hi, lo, length, family = reader.prefixes.columns()
    country = reader.countries.column[: reader.prefixes.count].copy()
    return Collected(
        logs=logs,
        prefixes=reader.prefixes,
        prefix_table=PrefixTable(hi, lo, length, family, country),
        ways=WayTable(*reader.ways.columns()),
        inputs=sorted(reader.inputs),
        tables=[table for _c, _g, _d, table, _r, _e in read],
        first_second=reader.first_second or last,
        end=last,
        readings=[reading for _c, _g, _d, _t, reading, _e in read],
    )
