"""Inputs to collector logs: each collector's files in the order of time, gaps where files are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from nightside.model.errors import InputError, NotMrtError, UnreadableError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.observation import PrefixTable, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex
from nightside.sources.layout import Found, InputFile
from nightside.sources.local import Pieces
from nightside.wire.decoder import Columns, Decoder
from nightside.world.snapshot import Snapshot
from nightside.world.units import prefix_country

CLOCK_MARGIN_S = 3600
"""Elements this far outside of the time their file is named for are counted and left out."""
END_OF_TIME_S = 2**32 - 1

Warn = Callable[[str], None]
Advance = Callable[[int], None]


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


class _Reader:
    """Reads one collector after the other into shared prefix and way numbers."""

    def __init__(self, snapshot: Snapshot, settings: Settings, warn: Warn, advance: Advance) -> None:
        self.snapshot, self.settings, self.warn, self.advance = snapshot, settings, warn, advance
        self.prefixes = PrefixIndex()
        self.ways = WayIndex(snapshot.asn_numbers, snapshot.asn_codes.astype(np.uint16))
        self.country = np.zeros(1 << 16, np.uint16)
        self.countries_known = 0
        self.ids = np.empty(1 << 16, np.uint32)
        self.inputs: list[tuple[str, str]] = []
        self.first_second: int | None = None
        self.elements = 0

    def collector(
        self, files: Sequence[InputFile], gaps: Sequence[tuple[int, int]], until: int | None
    ) -> tuple[Decoder, CollectorTable, int]:
        """Read one collector's files; returns its decoder, its state and the second its input ends."""
        table = collector_table(self.prefixes, self.ways, self.settings)
        decoder = Decoder()
        end = 0
        to_come = sorted(gaps)
        for file in files:
            while to_come and file.nominal is not None and file.nominal >= to_come[0][0]:
                begin, gap_end = to_come.pop(0)
                self.warn(
                    f"{file.collector}: no updates from {iso(begin)} to {iso(gap_end)}: its peers are unknown then"
                )
                table.gap(begin, gap_end)
            last = self._file(file, decoder, table, until)
            covered = None
            if file.kind == "updates" and file.nominal is not None and file.cadence_s:
                covered = file.nominal + file.cadence_s
            end = max(end, last + 1 if last else 0, covered or 0)
        if until is not None:
            end = min(end, until)
        table.close(end)
        return decoder, table, end

    def _file(self, file: InputFile, decoder: Decoder, table: CollectorTable, until: int | None) -> int:
        """Read one file; returns the second of its last element (0: it has none)."""
        earliest, latest = time_bounds(file.nominal, file.cadence_s)
        if until is not None:
            latest = min(latest, until)
        decoder.start(file.name)
        odd_before = table.out_of_time
        last = 0
        try:
            pieces = Pieces(file.path)
            done = 0
            for piece in pieces:
                for columns in decoder.feed(piece):
                    last = max(last, self._batch(columns, decoder, table, earliest, latest))
                self.advance(pieces.bytes_read - done)
                done = pieces.bytes_read
            for columns in decoder.finish():
                last = max(last, self._batch(columns, decoder, table, earliest, latest))
            self.advance(pieces.bytes_read - done)
            self.inputs.append((file.name, pieces.sha256))
            cut = pieces.truncated or ("the file ends inside a record" if decoder.truncated else None)
        except (NotMrtError, UnreadableError) as error:
            # In the middle of an archive a bad file is a gap, not the end of everything.
            self.warn(str(error).replace("\n", " "))
            cut = error.what
        self._report(file, decoder, cut, table.out_of_time - odd_before)
        table.table_done(bool(cut))
        if cut and file.kind == "updates" and file.nominal is not None and file.cadence_s:
            table.gap(max(last, file.nominal), file.nominal + file.cadence_s)
        return last

    def _report(self, file: InputFile, decoder: Decoder, cut: str | None, odd: int) -> None:
        for skip in decoder.skipped:
            times = f" ({skip.count} records)" if skip.count > 1 else ""
            self.warn(f"{file.name}: byte {skip.offset}: {skip.reason}{times}")
        if cut:
            self.warn(f"{file.name}: {cut}: what stands before is used, the rest of its time is unknown")
        if odd:
            self.warn(f"{file.name}: {odd} elements are dated far outside of the file's time and left out")

    def _batch(
        self, columns: Columns, decoder: Decoder, table: CollectorTable, earliest: int, latest: int
    ) -> int:
        n = columns.count
        if n == 0:
            return 0
        if n > len(self.ids):
            self.ids = np.empty(n, np.uint32)
        self.prefixes.intern_batch(
            columns.prefix_hi, columns.prefix_lo, columns.prefix_len, columns.family, n, self.ids
        )
        self._know_countries()
        table.apply(columns, self.ids, self.country, len(decoder.peers), earliest, latest)
        self.elements += n
        times = columns.time_us[:n] // 1_000_000
        times = times[(times >= earliest) & (times <= latest)]
        if not len(times):
            return 0
        first = int(times.min())
        self.first_second = first if self.first_second is None else min(self.first_second, first)
        return int(times.max())

    def _know_countries(self) -> None:
        """The country of every prefix seen for the first time."""
        count = self.prefixes.count
        if count == self.countries_known:
            return
        hi, _lo, length, family = self.prefixes.columns(self.countries_known)
        if count > len(self.country):
            grown = np.zeros(max(count, 2 * len(self.country)), np.uint16)
            grown[: self.countries_known] = self.country[: self.countries_known]
            self.country = grown
        self.country[self.countries_known : count] = prefix_country(self.snapshot, hi, length, family)
        self.countries_known = count


def choose(files: Sequence[InputFile], begin: int | None, end: int | None, margin_s: int) -> list[InputFile]:
    """One collector's files that matter from `begin` to `end`: the newest table before, and what came since."""
    chosen = list(files)
    if end is not None:
        chosen = [f for f in chosen if f.nominal is None or f.nominal < end]
    if begin is not None:
        tables = [
            f.nominal for f in chosen if f.kind == "table" and f.nominal is not None and f.nominal <= begin
        ]
        if tables:
            newest = max(tables)
            chosen = [
                f
                for f in chosen
                if f.nominal is None
                or f.nominal >= newest
                or (f.kind == "updates" and f.nominal + (f.cadence_s or 0) > newest - margin_s)
            ]
    return chosen


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
    reader = _Reader(snapshot, settings, warn, advance)
    by_collector: dict[str, list[InputFile]] = {}
    for file in found.files:
        by_collector.setdefault(file.collector, []).append(file)
    read = []
    for collector, files in sorted(by_collector.items()):
        chosen = choose(files, begin, end, settings.table_margin_s)
        if not chosen:
            continue
        nominals = [f.nominal for f in chosen if f.nominal is not None]
        gaps = [
            g for g in found.gaps(collector) if nominals and min(nominals) < g[1] and g[0] < max(nominals)
        ]
        read.append((collector, gaps, *reader.collector(chosen, gaps, end)))
    if reader.elements == 0:
        raise InputError(
            "no usable routing data in the input",
            advice="Give MRT files of updates or tables, or folders in the layout of RIS or RouteViews.",
        )
    last = max(e for *_rest, e in read)
    logs = []
    for collector, gaps, decoder, table, ends in read:
        if to_the_end:
            table.gap(ends, last)
        logs.append(CollectorLog.of(collector, decoder.peers, table, gaps))
    hi, lo, length, family = reader.prefixes.columns()
    country = reader.country[: reader.prefixes.count].copy()
    return Collected(
        logs=logs,
        prefixes=reader.prefixes,
        prefix_table=PrefixTable(hi, lo, length, family, country),
        ways=WayTable(*reader.ways.columns()),
        inputs=sorted(reader.inputs),
        tables=[table for _c, _g, _d, table, _e in read],
        first_second=reader.first_second or last,
        end=last,
    )
