"""Units of work: one collector's files, read by themselves into a part that names nothing of anybody else's.

A unit says all that its part depends on, but for the map (`Snapshot`); read anywhere, any number of times, it gives the
same part. `engine.collect` puts the parts together, `engine.unit_processes` reads units in several processes
(docs/decisions/0017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from nightside.engine.files import choose, covers_until
from nightside.engine.prefix_countries import PrefixCountries
from nightside.model.elements import Columns, Peer
from nightside.model.errors import NotMrtError, UnreadableError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.collector_log import TableSummary, TransferEnd
from nightside.routing.log import EventLog
from nightside.routing.observation import UInt16, WayTable
from nightside.routing.places import Places
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.table import CollectorTable
from nightside.routing.ways import WayIndex
from nightside.routing.whole import Whole
from nightside.sources.layout import Found, InputFile
from nightside.sources.local import HashedPieces
from nightside.wire.decoder import Decoder
from nightside.world.snapshot import Snapshot

CLOCK_MARGIN_S = 3600
"""Elements this far outside of the time their file is named for are counted and left out."""
END_OF_TIME_S = 2**32 - 1
MOST_TOLD = 5
"""So many reasons why something in one file could not be used are told each by itself."""

Advance = Callable[[int], None]
Follow = Callable[[Columns, int, int], None]
"""Hears every batch that a unit's state has taken, and the earliest and latest second that counted in it."""
Gap = tuple[int, int]


@dataclass(frozen=True)
class Unit:
    """What is read as one: a collector's files."""

    collector: str
    files: tuple[InputFile, ...]
    """In the order in which they are read."""
    gaps: tuple[Gap, ...]
    """The stretches (begin, end) of missing files between them, in seconds."""
    until: int | None
    """Elements from this second on are left out."""
    settings: Settings
    alone: bool = False
    """There is one file to read in all, so that what is wrong with it is wrong with the whole input."""
    keeps_table: bool = False
    """Somebody will ask what the sessions hold at the end."""


@dataclass(frozen=True)
class Part:
    """What one unit gave. Prefixes and ways have numbers of its own; can be pickled."""

    unit: Unit
    peers: list[Peer]
    log: EventLog
    places: Places
    loads: list[Whole]
    tables: list[TableSummary]
    transfer_ends: list[TransferEnd]
    known: list[tuple[int, int]]
    """(peer index, family) of the feeds that are known at the end."""
    table: CollectorTable | None
    """The state at the end, where the unit keeps it."""
    prefixes: PrefixIndex
    country: UInt16
    """Of each prefix, as it was taken for while it was read."""
    ways: WayTable
    starts: list[int]
    """The number of each file's first element."""
    inputs: list[tuple[str, str]]
    """(name, SHA-256) of the files that were read."""
    warnings: list[str]
    elements: int
    used: int
    """Elements dated as they may be."""
    first_second: int | None
    end: int
    """The second before which the input tells what happened."""


def units_of(
    found: Found, settings: Settings, *, begin: int | None, end: int | None, keeps_table: bool
) -> list[Unit]:
    """The units of an input, in the order of the collectors' names; those of which nothing matters are left out."""
    by_collector: dict[str, list[InputFile]] = {}
    for file in found.files:
        by_collector.setdefault(file.collector, []).append(file)
    chosen = {c: choose(f, begin, end, settings.table_margin_s) for c, f in sorted(by_collector.items())}
    alone = sum(map(len, chosen.values())) == 1
    units = []
    for collector, files in chosen.items():
        if not files:
            continue
        nominals = [f.nominal for f in files if f.nominal is not None]
        gaps = [
            g for g in found.gaps(collector) if nominals and min(nominals) < g[1] and g[0] < max(nominals)
        ]
        units.append(Unit(collector, tuple(files), tuple(gaps), end, settings, alone, keeps_table))
    return units


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


def read_unit(unit: Unit, snapshot: Snapshot, advance: Advance, follow: Follow | None = None) -> Part:
    """Read a unit; `advance` is told how many bytes of its files were read since the last call.

    Raises NotMrtError and UnreadableError where its only file cannot be used and it is alone.
    """
    reader = _Reader(unit, snapshot, advance, follow)
    starts, end = reader.read()
    table, prefixes = reader.table, reader.prefixes
    part = partial(
        Part,
        unit=unit,
        peers=list(reader.decoder.peers),
        log=table.log,
        places=table.places,
        loads=list(table.loads.values()),
        tables=[TableSummary(*t) for t in table.tables],
        transfer_ends=[TransferEnd(*t) for t in table.transfer_ends],
        known=[(p, f) for p in range(table.n_peers) for f in (4, 6) if table.standing(p, f) == "known"],
        table=table if unit.keeps_table else None,
    )
    # The state may be the largest part of what is in memory: it goes before anything is copied.
    del table, reader.table
    return part(
        prefixes=prefixes,
        country=reader.countries.column[: prefixes.count].copy(),
        ways=WayTable(*reader.ways.columns()),
        starts=starts,
        inputs=reader.inputs,
        warnings=reader.warnings,
        elements=reader.elements,
        used=reader.used,
        first_second=reader.first_second,
        end=end,
    )


def _of_its_time(file: InputFile, what: str) -> str:
    return "" if covers_until(file) is None else f", {what} is unknown"


class _Reader:
    """Reads the files of one unit, one after the other."""

    def __init__(self, unit: Unit, snapshot: Snapshot, advance: Advance, follow: Follow | None) -> None:
        self.unit, self.advance, self.follow = unit, advance, follow
        self.prefixes = PrefixIndex()
        self.ways = WayIndex(snapshot.asn_numbers, snapshot.asn_codes.astype(np.uint16))
        self.countries = PrefixCountries(snapshot, unit.settings.country_by)
        self.table = collector_table(self.prefixes, self.ways, unit.settings)
        self.decoder = Decoder()
        self.ids = np.empty(1 << 16, np.uint32)
        self.inputs: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.first_second: int | None = None
        self.elements = 0
        self.used = 0
        self.odd = 0

    def read(self) -> tuple[list[int], int]:
        """Returns the number of each file's first element, and when the input ends."""
        starts = []
        end = 0
        until = self.unit.until
        to_come = sorted(self.unit.gaps)
        for file in self.unit.files:
            while to_come and file.nominal is not None and file.nominal >= to_come[0][0]:
                begin, gap_end = to_come.pop(0)
                self.warnings.append(
                    f"{file.collector}: no updates from {iso(begin)} to {iso(gap_end)}: its peers are unknown then"
                )
                self.table.gap(begin, gap_end)
            starts.append(self.table.elements)
            last = self._file(file)
            end = max(end, last + 1 if last else 0, covers_until(file) or 0)
        if until is not None:
            end = max(0, min(end, until))
        self.table.close(end)
        return starts, end

    def _file(self, file: InputFile) -> int:
        """Read one file; returns the second of its last element (0: it has none)."""
        decoder = self.decoder
        decoder.start(str(file.path))
        self.odd = 0
        last = 0
        try:
            pieces = HashedPieces(file.path)
            done = 0
            for piece in pieces:
                for columns in decoder.feed(piece):
                    last = max(last, self._batch(columns, file))
                self.advance(pieces.bytes_read - done)
                done = pieces.bytes_read
            for columns in decoder.finish():
                last = max(last, self._batch(columns, file))
            self.advance(pieces.bytes_read - done)
            self.inputs.append((file.name, pieces.sha256))
            broken = bool(pieces.truncated or decoder.truncated)
            self._report(file, pieces.truncated)
        except (NotMrtError, UnreadableError) as error:
            # In the middle of an archive a bad file is a gap, not the end of everything.
            if self.unit.alone:
                raise
            broken = True
            self.warnings.append(
                f"{error.where}: {error.what}: nothing of it is used{_of_its_time(file, 'its time')}"
            )
        self.table.table_done(broken)
        covered = covers_until(file)
        if broken and covered is not None:
            # What is garbled may bear any time: at least the last second is unknown.
            self.table.gap(min(max(last, file.nominal or 0), covered - 1), covered)
        return last

    def _report(self, file: InputFile, cut: str | None) -> None:
        """What of a file that was read could not be used."""
        skips = list(self.decoder.skipped)
        if self.decoder.truncated:
            # The packing may say too that the end is missing; one line does.
            last = skips.pop()
            cut = f"byte {last.offset}: " + ": ".join(filter(None, (cut, last.reason)))
        for skip in skips[:MOST_TOLD]:
            times = f" ({skip.count} records)" if skip.count > 1 else ""
            self.warnings.append(f"{file.path}: byte {skip.offset}: {skip.reason}{times}")
        if more := skips[MOST_TOLD:]:
            records = sum(skip.count for skip in more)
            self.warnings.append(
                f"{file.path}: byte {more[0].offset}: from here to byte {more[-1].offset} "
                f"{records} more record{'' if records == 1 else 's'} passed over"
            )
        if cut:
            self.warnings.append(
                f"{file.path}: {cut}: what stands before is used{_of_its_time(file, 'the rest of its time')}"
            )
        if self.odd:
            self.warnings.append(
                f"{file.path}: {self.odd} elements are dated far outside of the file's time and left out"
            )

    def _batch(self, columns: Columns, file: InputFile) -> int:
        """Take one batch; returns the second of its last element (0: it has none)."""
        n = columns.count
        if n == 0:
            return 0
        until = self.unit.until
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
        peers = len(self.decoder.peers)
        self.table.apply(columns, self.ids, self.countries.column, peers, earliest, latest)
        if self.follow is not None:
            self.follow(columns, earliest, latest)
        self.elements += n
        times = times[(times >= earliest) & (times <= latest)]
        if not len(times):
            return 0
        self.used += len(times)
        first = int(times.min())
        self.first_second = first if self.first_second is None else min(self.first_second, first)
        return int(times.max())
