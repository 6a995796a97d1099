"""Long ranges from the archives into the store: day by day, resumable after each.

The days (UTC) begin where both archives write a table. Each is read with a lead before it, so that the baseline
stands and what goes on at midnight is known from its beginning. What is gone longer than the longest lead is cut.
On a cluster several days are under way at once; they are stored in their order all the same, each with the lead that
what was stored before it asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nightside.engine.backfill.days import Days, Window
from nightside.engine.backfill.lease import alone
from nightside.engine.backfill.pace import Pace
from nightside.engine.backfill.plan import LEAD_S, LONGEST_LEAD_S, Asked, Plan, make_plan
from nightside.engine.backfill.progress import Progress
from nightside.engine.backfill.readings import Readings, asks_archives, is_here, readings
from nightside.engine.fetching import NoRoomError, Told
from nightside.engine.kept import put
from nightside.model.errors import DownloadError, InputError, UnreadableError
from nightside.model.instants import iso, parse_iso
from nightside.sources.polite_http import Manners
from nightside.store.location import open_store
from nightside.store.protocol import Store


def plan_backfill(
    asked: Asked, told: Told, manners: Manners | None = None, *, engine: str | None = None
) -> Plan:
    """What there is to do, by what is noted in the store and what the archives have.

    Raises InputError where there is nothing, DownloadError; NightsideError where the store cannot be used.
    """
    with open_store(asked.store) as store:
        done = Progress(store, asked).until
    return make_plan(asked, done, told, manners, elsewhere=not is_here(engine))


def backfill(
    plan: Plan,
    told: Told,
    manners: Manners | None = None,
    *,
    processes: int | None = None,
    engine: str | None = None,
) -> list[dict[str, Any]]:
    """Do what was planned; returns what the store has of the whole time afterwards.

    After each day it is noted in the store that it is done; `told.say` gets a line. `engine` is as `open_executor` has
    it, and local reads one day at a time in this process and `processes` more, as `replay` does. Raises DownloadError
    where something cannot be fetched, UnreadableError where what was fetched cannot be read on the machine where it is:
    the next call goes on with that day. RangeTakenError where another backfill of
    this store is under way in that time, LeaseLostError where it has become another's.
    """
    asked = plan.asked
    with open_store(asked.store) as store:
        if plan.days:
            with alone(store, asked) as mine:
                _fill(plan, mine, told, manners, processes, engine)
        listed = store.incidents(begin=asked.begin, end=asked.end)
        return [incident for incident in listed if asked.is_about(incident["entity"])]


def _fill(
    plan: Plan, store: Store, told: Told, manners: Manners | None, processes: int | None, engine: str | None
) -> None:
    progress = Progress(store, plan.asked)
    # Somebody else may have come further since it was planned.
    days = [day for day in plan.days if day[0] >= progress.until]
    pace = Pace(len(days))
    with readings(plan, progress.note, pace, told, manners, processes, engine, store.files) as how:
        most = how.most_fetching
        flights = Days(days, how.read, _usual_lead, how.executor, most_fetching=most, fetches=asks_archives)
        run = _Run(plan.asked, store, progress, told, how, flights)
        for number, day in enumerate(days, 1):
            came = run.day(day)
            told.say(f"{iso(day[0])[:10]}: {came}; {pace.in_words(number)}")
        how.over()


def _usual_lead(day: Window) -> int:
    return day[0] - LEAD_S


@dataclass(frozen=True)
class _Run:
    asked: Asked
    store: Store
    progress: Progress
    told: Told
    how: Readings
    flights: Days[Any]

    def day(self, day: Window) -> str:
        """Have one day read, and store it; returns what came of it, in words."""
        begin = day[0]
        noted = self.progress.begun(begin)
        lead = self._lead(begin) if noted is None else noted
        try:
            try:
                return self._stored(day, lead)
            except NoRoomError:
                if lead == _usual_lead(day):
                    raise
                self.told.warn(
                    f"the cache has no room for what goes on at {iso(begin)} as a whole: it may be cut"
                )
                return self._stored(day, _usual_lead(day))
        except (DownloadError, UnreadableError):
            # What is wrong with a line, or with a machine's disk, is no hole of the archives. What others have begun
            # is of use to the next run.
            self.flights.settle()
            raise
        except InputError as error:
            # A day that the archives do not have is a hole, and not the end of a long range.
            self.told.warn(f"{iso(begin)[:10]}: {str(error).splitlines()[0]}")
            self.progress.reach(day[1])
            return "nothing to be had"

    def _stored(self, day: Window, lead: int) -> str:
        left = self.how.opened(self.flights.take(day, lead))
        self.progress.begin(day[0], lead)
        stored = put(self.store, left.read.kept)
        self.progress.reach(day[1])
        self.how.stored(left)
        return f"{left.read.files} files, {len(stored)} incident{'' if len(stored) == 1 else 's'}"

    def _lead(self, begin: int) -> int:
        """From when on a day is read: earlier where a severe outage goes on that began earlier."""
        lead = begin - LEAD_S
        for incident in self.store.incidents(begin=begin - 1, end=begin, severity="severe"):
            goes_on = incident["status"] in ("ongoing", "recovering")
            if not goes_on or not self.asked.is_about(incident["entity"]):
                continue
            began = parse_iso(incident["began"])
            if began - LEAD_S >= begin - LONGEST_LEAD_S:
                lead = min(lead, began - LEAD_S)
            elif began >= begin - LONGEST_LEAD_S:
                self.told.warn(
                    f"{incident['id']} goes on at {iso(begin)}, too long to be read as one: it may be cut"
                )
        return lead
