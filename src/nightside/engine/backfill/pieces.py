"""A day of many collectors in pieces: each collector fetched and read by a worker, then judged by shards.

A worker that fetches a collector's files says what there is, as a unit (`engine.units`), and leaves its part. From
there on it is a replay in pieces (`engine.shards.sharded`) of these units; whoever needs the files again fetches them
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from nightside.engine.backfill.jobs import DayLeft, Source
from nightside.engine.backfill.plan import Asked
from nightside.engine.backfill.reading import ROOM_S, WindowRead, files_of_window
from nightside.engine.executors.protocol import Failed, Job
from nightside.engine.fetching import Told
from nightside.engine.kept import kept_with
from nightside.engine.shards.keys import content_of
from nightside.engine.shards.pieces import Work
from nightside.engine.shards.shard_job import Whom
from nightside.engine.shards.sharded import BYTES_A_SHARD, MOST_SHARDS, flips_steps, replay_steps
from nightside.engine.shards.steps import Steps
from nightside.engine.shards.unit_job import make_part
from nightside.engine.shards.world_kept import kept_snapshot
from nightside.engine.since import since
from nightside.engine.units import Unit, units_of
from nightside.model.errors import DownloadError, InputError, UnreadableError
from nightside.model.instants import iso
from nightside.model.settings import Settings
from nightside.sources.archive_paths import is_ris
from nightside.sources.layout import Found, find_inputs


@dataclass(frozen=True)
class Bringing:
    """Fetches a collector's files for a window into the cache of the machine where it is called."""

    source: Source
    lead: int
    end: int

    @contextmanager
    def __call__(self, unit: Unit) -> Iterator[Unit]:
        """The unit with its files where they lie here, as long as the context lasts. Raises DownloadError."""
        with self.fetched(unit.collector, Told()) as found:
            here = {file.name: file.path for file in found.files}
            gone = [file.name for file in unit.files if file.name not in here]
            if gone:
                raise DownloadError(
                    "was there when this day was begun, and is not any more",
                    where=gone[0],
                    advice="Begin again: what is there then is what counts.",
                )
            yield replace(unit, files=tuple(replace(file, path=here[file.name]) for file in unit.files))

    @contextmanager
    def fetched(self, collector: str, told: Told) -> Iterator[Found]:
        """All files of the window. Raises DownloadError, InputError where there are none."""
        source = self.source
        with files_of_window(
            [collector],
            self.lead,
            self.end,
            places=source.places,
            told=told,
            manners=source.manners,
            wait_s=ROOM_S,
        ) as paths:
            yield find_inputs(paths)


@dataclass(frozen=True)
class CollectorRead:
    """What a worker says of a collector: what there is of it in the window."""

    warnings: list[str]
    """Of fetching."""
    unit: Unit | None = None
    """None: nothing."""
    contents: tuple[str, ...] = ()
    """What is in each of its files, by SHA-256."""
    first: int | None = None
    """The earliest time in the names of its files."""
    files: int = 0
    """So many were fetched, and so many bytes."""
    bytes: int = 0
    reconstruction: bool = False
    note: str | None = None


def read_collector(bringing: Bringing, collector: str, settings: Settings, several: bool) -> CollectorRead:
    """Fetch a collector's files and leave its part in the work place. Raises DownloadError, UnreadableError.

    The map is that of its own first day; where others begin on another, the part is made once more by who knows that.
    """
    warnings: list[str] = []
    source = bringing.source
    try:
        with bringing.fetched(collector, Told(warn=warnings.append)) as found:
            units = units_of(found, settings, begin=bringing.lead, end=bringing.end, keeps_table=False)
            size = sum(file.path.stat().st_size for file in found.files)
            if not units:
                return CollectorRead(warnings, files=len(found.files), bytes=size)
            (unit,) = units
            if several:
                unit = replace(unit, alone=False)
            first = min(file.nominal for file in unit.files if file.nominal is not None)
            contents = tuple(content_of(file) for file in unit.files)
            make_part(source.work, source.map_of(_day(first)), unit, None, contents)
            return CollectorRead(
                warnings, unit, contents, first, len(found.files), size, found.reconstruction, found.note
            )
    except (DownloadError, UnreadableError):
        raise
    except InputError as error:
        return CollectorRead([*warnings, str(error).splitlines()[0]])


def day_in_pieces(
    source: Source,
    asked: Asked,
    lead: int,
    begin: int,
    end: int,
    read: Callable[[CollectorRead], None],
) -> Steps[DayLeft]:
    """The steps to what is left of a day. `read` hears of each collector that was read. Raises as `replay` does."""
    settings = Settings(country_by=asked.country_by)
    bringing = Bringing(source, lead, end)
    collectors = sorted(asked.collectors)
    outcomes: list[Any] = yield [
        Job(
            f"{name} {iso(begin)[:10]}",
            read_collector,
            (bringing, name, settings, len(collectors) > 1),
            (f"{name} from {iso(lead)} to {iso(end)}",),
        )
        for name in collectors
    ]
    for one in outcomes:
        if isinstance(one, Failed):
            raise one.error
    there: Sequence[CollectorRead] = outcomes
    warnings = [text for one in there for text in one.warnings]
    for one in there:
        read(one)
    work = _work(bringing, asked, settings, there)
    replayed = yield from replay_steps(work, warnings.append)
    kept = since(replayed, begin)
    flips = yield from flips_steps(work, kept, Settings(), warnings.append)
    return DayLeft(
        WindowRead(
            kept_with(kept, flips),
            sum(one.files for one in there),
            sum(one.bytes for one in there),
        ),
        warnings,
        kept.left,
    )


def _work(bringing: Bringing, asked: Asked, settings: Settings, there: Sequence[CollectorRead]) -> Work:
    """The replay of what was found. Raises InputError where that is nothing."""
    source, lead, end = bringing.source, bringing.lead, bringing.end
    some = [one for one in there if one.unit is not None]
    units = [one.unit for one in there if one.unit is not None]
    if not units:
        raise InputError(
            f"the archives have nothing from {iso(lead)} to {iso(end)}", where=" ".join(asked.collectors)
        )
    # What a replay of all of them finds out from all their files.
    alone = sum(len(unit.files) for unit in units) == 1
    map_ = source.map_of(_day(min(one.first for one in some if one.first is not None)))
    # A word of an archive holds for all its collectors; they are found in the order of the archives' folders.
    notes = dict.fromkeys(one.note for one in sorted(some, key=_of_route_views) if one.note)
    whom = Whom(
        tuple(asked.countries),
        tuple(asked.asns),
        lead,
        end,
        settings,
        any(one.reconstruction for one in some),
        " ".join(notes) or None,
    )
    return Work(
        source.work,
        kept_snapshot(source.work, map_),
        map_,
        [replace(unit, alone=alone) for unit in units],
        whom,
        min(MOST_SHARDS, 1 + sum(one.bytes for one in some) // BYTES_A_SHARD),
        bringing,
        [one.contents for one in some],
    )


def _of_route_views(one: CollectorRead) -> bool:
    return one.unit is not None and not is_ris(one.unit.collector)


def _day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).date().isoformat()
