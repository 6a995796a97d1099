"""Who reads the days of a backfill: this process, one at a time, or the workers of a cluster, several at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

from nightside.engine.backfill_days import JOBS_A_WORKER, Reading, Stage, Window
from nightside.engine.backfill_jobs import OF_PLACES, DayDone, DayLeft, DayWork, leave_map, left_of, read_day
from nightside.engine.backfill_pace import Pace
from nightside.engine.backfill_plan import DAY_S, Asked, Plan
from nightside.engine.backfill_reading import read_window
from nightside.engine.executors.open import open_executor
from nightside.engine.executors.protocol import Executor, Job
from nightside.engine.fetch_plan import BEFORE_S, TABLE_REACH_S
from nightside.engine.fetching import Told
from nightside.engine.world_of_day import world_of_day
from nightside.model.instants import iso
from nightside.sources.endpoints import read_endpoints
from nightside.sources.polite_http import Manners
from nightside.store.files import Files, files_at


class Readings(Protocol):
    """How the days of one backfill are read; what comes of one is opened when its turn to be stored comes."""

    @property
    def executor(self) -> Executor | None:
        """Who does the jobs; None where there are none."""

    @property
    def most_fetching(self) -> int | None:
        """So many jobs that ask the archives may be given out at once."""

    def read(self, day: Window, lead: int) -> Reading[Any]:
        """Read a day from `lead` on."""

    def opened(self, found: Any) -> DayLeft:
        """What came of a day, from what its reading returned."""

    def stored(self, day: Window) -> None:
        """What came of this day is in the store: nobody needs it elsewhere."""


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

    def read(self, day: Window, lead: int) -> Reading[DayLeft]:
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
        return DayLeft(read, [])

    def opened(self, found: DayLeft) -> DayLeft:
        """See `Readings.opened`."""
        return found

    def stored(self, day: Window) -> None:
        """See `Readings.stored`."""


@dataclass
class OnCluster:
    """By the workers of a cluster, a day each."""

    asked: Asked
    pace: Pace
    told: Told
    manners: Manners
    executor: Executor
    work: Files
    day_bytes: int
    """About how much there is to read for a day."""

    def __post_init__(self) -> None:
        places = read_endpoints()
        self.archives = tuple((name, str(getattr(places, name))) for name in OF_PLACES)
        # Whatever becomes of the number of workers: jobs that were given out never open more connections in all.
        open_ = max(1, places.archive_connections // (JOBS_A_WORKER * max(1, self.executor.workers)))
        self.manners = replace(self.manners, parallel=min(self.manners.parallel, open_))
        self.most_fetching = max(1, places.archive_connections // self.manners.parallel)
        self._maps: dict[date, str] = {}
        self._left: dict[Window, set[str]] = {}

    def read(self, day: Window, lead: int) -> Reading[DayDone]:
        """See `Readings.read`."""
        work = DayWork(
            self.asked, lead, *day, self.archives, self._maps_of(lead, day[1]), self.work, self.manners
        )
        self._left.setdefault(day, set()).add(work.key)
        name = f"{iso(day[0])[:10]} of {' '.join(self.asked.collectors)}"
        inputs = tuple(
            f"{collector} from {iso(lead)} to {iso(day[1])}" for collector in self.asked.collectors
        )
        done: DayDone
        (done,) = yield Stage([Job(name, read_day, (work,), inputs, self.day_bytes)], fetches=True)
        self.pace.read(day, done.bytes)
        self.told.advance(done.bytes)
        return done

    def opened(self, found: DayDone) -> DayLeft:
        """See `Readings.opened`."""
        left = left_of(self.work, found)
        for text in left.warnings:
            self.told.warn(text)
        return left

    def stored(self, day: Window) -> None:
        """See `Readings.stored`."""
        for key in self._left.pop(day, ()):
            self.work.delete(key)

    def _maps_of(self, lead: int, end: int) -> tuple[tuple[str, str], ...]:
        """The maps of all days on which what is read may begin."""
        earliest = lead - TABLE_REACH_S - BEFORE_S
        days = [
            datetime.fromtimestamp(s, UTC).date()
            for s in range(earliest - earliest % DAY_S - DAY_S, end + 1, DAY_S)
        ]
        for day in days:
            if day not in self._maps:
                self._maps[day] = leave_map(self.work, world_of_day(day))
        return tuple((day.isoformat(), self._maps[day]) for day in days)


@contextmanager
def readings(
    plan: Plan, pace: Pace, told: Told, manners: Manners | None, processes: int | None, engine: str | None
) -> Iterator[Readings]:
    """Whoever reads the days of this plan, by the words of `open_executor`."""
    asked = plan.asked
    if engine in (None, "local"):
        yield Here(asked, pace, told, manners, processes)
        return
    work = files_at(asked.folder.absolute() / "work")
    told.started(plan.bytes_to_read)
    with open_executor(engine, processes, warn=told.warn) as executor:
        yield OnCluster(asked, pace, told, manners or Manners(), executor, work, plan.bytes_at_once)
