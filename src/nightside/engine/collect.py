"""Inputs to collector logs: each collector read by itself, the parts put together under shared numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np

from nightside.engine.allocation import give_back_large
from nightside.engine.unit_processes import read_units
from nightside.engine.units import Advance, Part, units_of
from nightside.model.errors import InputError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.routing.collector_log import CollectorLog
from nightside.routing.log import EVENT_KINDS
from nightside.routing.observation import PrefixTable, UInt16, WayTable
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.renumbering import LastTable, Numbering, PlacedLog
from nightside.routing.table import REASON_GAP
from nightside.sources.layout import Found, InputFile
from nightside.world.snapshot import Snapshot

Warn = Callable[[str], None]

GAP_END, UNKNOWN = EVENT_KINDS["GAP_END"], EVENT_KINDS["UNKNOWN"]


@dataclass(frozen=True)
class Reading:
    """How one collector was read, so that a part of it can be read again."""

    files: list[InputFile]
    """In the order in which they were read."""
    starts: list[int]
    """The number of each file's first element; elements are numbered as they come (see `routing.places`)."""
    elements: int
    placed: PlacedLog
    """Which element said what."""
    table: LastTable | None
    """What the sessions hold at the end, where that is kept."""


@dataclass
class Collected:
    """All collectors' logs, the numbers they use, and what is to be said about the input."""

    logs: list[CollectorLog]
    prefixes: PrefixIndex
    prefix_table: PrefixTable
    ways: WayTable
    inputs: list[tuple[str, str]]
    """(name, SHA-256) of every file that was read."""
    readings: list[Reading]
    """Of each log, in the same order; none where the elements came from no files."""
    first_second: int
    end: int

    @property
    def first_day(self) -> date:
        """The UTC day of the first element."""
        return datetime.fromtimestamp(self.first_second, UTC).date()


def collect(
    found: Found,
    snapshot: Snapshot,
    settings: Settings,
    *,
    begin: int | None,
    end: int | None,
    warn: Warn,
    advance: Advance,
    processes: int | None = 1,
    to_the_end: bool = True,
) -> Collected:
    """Read everything that was found; raises InputError where nothing of it is usable.

    `processes` as in `read_units`. `to_the_end`: as in `merge`; where it is not asked for, somebody will ask what
    sessions hold then.
    """
    if found.passed_over:
        warn(passed_over(found))
    give_back_large()
    units = units_of(found, settings, begin=begin, end=end, keeps_table=not to_the_end)
    with closing(read_units(units, snapshot, advance, processes)) as parts:
        return merge(_told(parts, warn), until=end, to_the_end=to_the_end)


def passed_over(found: Found) -> str:
    """What is to be said of files that no archive would call so."""
    n = len(found.passed_over)
    return (
        f"{n} file{'' if n == 1 else 's'} not named like an archive's passed over: {found.passed_over[0]}"
        + (" …" if n > 1 else "")
    )


def _told(parts: Iterable[Part], warn: Warn) -> Iterator[Part]:
    """The parts, each after what is to be said about it."""
    for part in parts:
        for text in part.warnings:
            warn(text)
        yield part


def merge(parts: Iterable[Part], *, until: int | None = None, to_the_end: bool = True) -> Collected:
    """Put together the parts of all collectors, one of each.

    The result follows from the parts and their order alone. `until` is what the units were read up to. `to_the_end`:
    behind its last file a collector's sessions are unknown until the last of all; else its state is left as it was
    then. Raises InputError where none of the parts has an element that can be used.
    """
    numbering = Numbering()
    merged = [_renumbered(part, numbering) for part in parts]
    if not any(one.used for one in merged):
        files = [file for one in merged for file in one.reading.files]
        raise unusable(files, sum(one.reading.elements for one in merged), until)
    end = max(one.end for one in merged)
    numbering.prefixes.settle()
    return Collected(
        logs=[_unheard_until(end, one) if to_the_end else one.log for one in merged],
        prefixes=numbering.prefixes,
        prefix_table=PrefixTable(
            *numbering.prefixes.columns(), np.concatenate([one.country for one in merged])
        ),
        ways=numbering.ways(),
        inputs=sorted(named for one in merged for named in one.inputs),
        readings=[one.reading for one in merged],
        first_second=min(one.first_second for one in merged if one.first_second is not None),
        end=end,
    )


@dataclass(frozen=True)
class _Merged:
    """What stays of a part under shared numbers."""

    log: CollectorLog
    reading: Reading
    country: UInt16
    """Of the prefixes that no part before it had."""
    known: list[tuple[int, int]]
    inputs: list[tuple[str, str]]
    used: int
    first_second: int | None
    end: int


def _renumbered(part: Part, numbering: Numbering) -> _Merged:
    before = numbering.prefixes.count
    numbers = numbering.add(part.prefixes, part.ways)
    second, kind, session, prefix, way = part.log.columns()
    prefix, way = numbers.events(kind, prefix, way)
    log = CollectorLog(
        collector=part.unit.collector,
        peers=part.peers,
        second=second,
        kind=kind,
        session=session,
        prefix=prefix,
        way=way,
        loads=[numbers.whole(load) for load in part.loads],
        tables=part.tables,
        transfer_ends=part.transfer_ends,
        gaps=list(part.unit.gaps),
    )
    reading = Reading(
        files=list(part.unit.files),
        starts=part.starts,
        elements=part.elements,
        placed=PlacedLog(part.log, part.places, numbers),
        table=None if part.table is None else LastTable(part.table, numbers),
    )
    # What is new has the next numbers, in the order of the part's own.
    country = part.country[numbers.prefix >= before]
    return _Merged(log, reading, country, part.known, part.inputs, part.used, part.first_second, part.end)


def _unheard_until(last: int, one: _Merged) -> CollectorLog:
    """A collector's log, with nobody heard from its end to before `last`: what `CollectorTable.gap` writes then."""
    log = one.log
    if one.end >= last or not one.known:
        return log
    peers, families = np.array(one.known, np.uint32).T
    # Of each feed that it is unknown, and that it is known again.
    second = np.append(log.second, np.tile(np.array([one.end, last], np.uint32), len(peers)))
    kind = np.append(log.kind, np.tile(np.array([UNKNOWN, GAP_END], np.uint8), len(peers)))
    way = np.append(log.way, np.tile(np.array([REASON_GAP, one.end], np.uint32), len(peers)))
    order = np.argsort(second, kind="stable")
    return replace(
        log,
        second=second[order],
        kind=kind[order],
        session=np.append(log.session, peers.repeat(2))[order],
        prefix=np.append(log.prefix, families.repeat(2))[order],
        way=way[order],
    )


def unusable(files: Sequence[InputFile], elements: int, end: int | None) -> InputError:
    """Why nothing is of use in these files, which have so many elements in all; they were read up to `end`."""
    where = str(files[0].path) if len(files) == 1 else ""
    if end is not None and (not files or elements):
        return InputError(
            f"nothing in the input is from before {iso(end)}", where=where, advice="Choose a later --to."
        )
    these = (
        "there is no MRT record in this file"
        if where
        else f"none of the {len(files)} files holds MRT records"
    )
    return InputError(
        "all of it is dated far outside of the file's time" if elements else these,
        where=where,
        advice="Give MRT files of updates or tables, or folders in the layout of RIS or RouteViews.",
    )
