"""Who reads the days of a backfill: this process, one at a time, or the workers of a cluster, several at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

from nightside.engine.backfill.days import JOBS_A_WORKER, Window
from nightside.engine.backfill.jobs import OF_PLACES, DayDone, DayLeft, DayWork, Source, day_left, read_day
from nightside.engine.backfill.pace import Pace
from nightside.engine.backfill.pieces import day_in_pieces
from nightside.engine.backfill.plan import DAY_S, Asked, Plan
from nightside.engine.backfill.reading import WindowRead, read_window
from nightside.engine.executors.open import open_executor
from nightside.engine.executors.protocol import Executor, Failed, Job
from nightside.engine.fetch_plan import BEFORE_S, TABLE_REACH_S
from nightside.engine.fetching import Told
from nightside.engine.shards.probe import require_sight
from nightside.engine.shards.shard_job import tell_shard
from nightside.engine.shards.steps import Steps
from nightside.engine.shards.world_kept import FOLDER as MAPS
from nightside.engine.shards.world_kept import keep_snapshot
from nightside.engine.world_of_day import world_of_day
from nightside.model.errors import NightsideError
from nightside.model.instants import iso
from nightside.sources.endpoints import read_endpoints
from nightside.sources.polite_http import Manners
from nightside.store.files import Files
from nightside.world.snapshot import Snapshot

ONE_JOB_BYTES = 512 * 1024 * 1024
"""A day of so many packed bytes, with its lead, is one worker's: nothing is written and read in between."""


def is_here(engine: str | None) -> bool:
    """Whether an engine is this machine, which then reads days itself."""
    return engine in (None, "local")


def asks_archives(job: Job) -> bool:
    """Whether a job may fetch files: all but those that judge what others read."""
    return job.work is not tell_shard


class Readings(Protocol):
    """How the days of one backfill are read; what comes of one is opened when its turn to be stored comes."""

    @property
    def executor(self) -> Executor | None:
        """Who does the jobs; None where there are none."""

    @property
    def most_fetching(self) -> int | None:
        """So many jobs that ask the archives may be given out at once."""

    def read(self, day: Window, lead: int) -> Steps[Any]:
        """Read a day from `lead` on."""

    def opened(self, found: Any) -> DayLeft:
        """What came of a day, from what its steps returned; what is to be said of it is said."""

    def stored(self, left: DayLeft) -> None:
        """This is in the store: nobody needs it elsewhere."""

    def over(self) -> None:
        """All days are stored: nobody needs what lies elsewhere."""


@dataclass
class Here:
    """By this process."""

    asked: Asked
    pace: Pace
    told: Told
    manners: Manners | None
    processes: int | None
    executor: None = None
    most_fetching: None = None

    def read(self, day: Window, lead: int) -> Steps[WindowRead]:
        """See `Readings.read`."""
        yield from ()
        read = read_window(
            self.asked,
            lead,
            *day,
            places=read_endpoints(),
            told=self.told,
            manners=self.manners,
            processes=self.processes,
        )
        self.pace.read(day, read.bytes)
        return read

    def opened(self, found: WindowRead) -> DayLeft:
        """See `Readings.opened`."""
        return DayLeft(found, [])

    def stored(self, left: DayLeft) -> None:
        """See `Readings.stored`."""

    def over(self) -> None:
        """See `Readings.over`."""


@dataclass
class OnCluster:
    """By the workers of a cluster: a day each, or a collector and a shard of a day each where a day is large."""

    asked: Asked
    pace: Pace
    told: Told
    manners: Manners
    executor: Executor
    work: Files
    day_bytes: int
    """About how much there is to read for a day."""
    listings: Mapping[Window, str]
    """Of each day, as `Plan.listings` has them."""

    def __post_init__(self) -> None:
        places = read_endpoints()
        # Whatever becomes of the number of workers: jobs that were given out never open more connections in all.
        open_ = max(1, places.archive_connections // (JOBS_A_WORKER * max(1, self.executor.workers)))
        manners = replace(self.manners, parallel=min(self.manners.parallel, open_))
        self.most_fetching = max(1, places.archive_connections // manners.parallel)
        archives = tuple((name, str(getattr(places, name))) for name in OF_PLACES)
        self._source = Source(self.work, archives, (), manners)
        self._maps: dict[date, str] = {}
        self._kept: dict[Snapshot, str] = {}

    def require_sight(self) -> None:
        """Raises NightsideError where a worker does not see the work place. Nothing else may be under way."""
        ((_day, name), *_) = self._maps_of(self.asked.begin, self.asked.begin)
        require_sight(self.executor, self.work, MAPS, name, [])

    def read(self, day: Window, lead: int) -> Steps[DayDone | DayLeft]:
        """See `Readings.read`."""
        source = replace(self._source, maps=self._maps_of(lead, day[1]))
        if self.day_bytes > ONE_JOB_BYTES:
            return self._in_pieces(source, day, lead)
        # Where the store is, and by which password, is no worker's business.
        return self._in_one(DayWork(source, replace(self.asked, store=None), lead, *day, self.listings[day]))

    def _in_one(self, work: DayWork) -> Steps[DayDone]:
        collectors = self.asked.collectors
        name = f"{iso(work.begin)[:10]} of {' '.join(collectors)}"
        inputs = tuple(f"{collector} from {iso(work.lead)} to {iso(work.end)}" for collector in collectors)
        (outcome,) = yield [Job(name, read_day, (work,), inputs, self.day_bytes)]
        if isinstance(outcome, Failed):
            raise outcome.error
        done: DayDone = outcome
        self._told((work.begin, work.end), done.bytes)
        return done

    def _in_pieces(self, source: Source, day: Window, lead: int) -> Steps[DayLeft]:
        return day_in_pieces(source, self.asked, lead, *day, read=lambda one: self._told(day, one.bytes))

    def _told(self, day: Window, bytes_: int) -> None:
        self.pace.read(day, bytes_)
        self.told.advance(bytes_)

    def opened(self, found: DayDone | DayLeft) -> DayLeft:
        """See `Readings.opened`."""
        left = found if isinstance(found, DayLeft) else day_left(self.work, found.key)
        if left is None:
            raise NightsideError(
                "what a worker left there is gone, or damaged",
                where=self.work.place,
                advice="It must be a place that all workers and this program see: a shared folder, or a bucket.",
            )
        for text in left.warnings:
            self.told.warn(text)
        return left

    def stored(self, left: DayLeft) -> None:
        """See `Readings.stored`."""
        for folder, name in left.names:
            with suppress(OSError):
                self.work.child(folder).delete(name)

    def over(self) -> None:
        """See `Readings.over`."""
        # Days that were read and then read otherwise, and what runs left that were killed.
        with suppress(OSError):
            self.work.delete_all()

    def _maps_of(self, lead: int, end: int) -> tuple[tuple[str, str], ...]:
        """The maps of all days on which what is read may begin."""
        earliest = lead - TABLE_REACH_S - BEFORE_S
        days = [
            datetime.fromtimestamp(s, UTC).date()
            for s in range(earliest - earliest % DAY_S - DAY_S, end + 1, DAY_S)
        ]
        for day in days:
            if day not in self._maps:
                world = world_of_day(day)
                # Most days have the same.
                if world not in self._kept:
                    self._kept[world] = keep_snapshot(self.work, world)
                self._maps[day] = self._kept[world]
        return tuple((day.isoformat(), self._maps[day]) for day in days)


@contextmanager
def readings(
    plan: Plan,
    name: str,
    pace: Pace,
    told: Told,
    manners: Manners | None,
    processes: int | None,
    engine: str | None,
    files: Files,
) -> Iterator[Readings]:
    """Whoever reads the days of this plan, by the words of `open_executor`.

    `name` is that of the backfill, `files` are the store's.
    """
    asked = plan.asked
    if is_here(engine):
        yield Here(asked, pace, told, manners, processes)
        return
    work = files.child("work").child(name.replace(" ", "-"))
    told.started(plan.bytes_to_read)
    with open_executor(engine, processes, warn=told.warn) as executor:
        listings = dict(zip(plan.days, plan.listings, strict=True))
        cluster = OnCluster(
            asked, pace, told, manners or Manners(), executor, work, plan.bytes_at_once, listings
        )
        cluster.require_sight()
        yield cluster
