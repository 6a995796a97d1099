"""Long ranges from the archives into the store: a day at a time, and resumable after each.

The days (UTC) begin where both archives write a table. Each is read with a lead before it, so that the baseline
stands and what goes on at midnight is known from its beginning. What is gone longer than the longest lead is cut.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from nightside.engine.backfill_plan import DAY_S, LEAD_S, Plan, Progress
from nightside.engine.fetching import NoRoomError, Told, fetch_window
from nightside.engine.record import keep
from nightside.engine.replay import replay
from nightside.engine.since import since
from nightside.model.errors import DownloadError, InputError
from nightside.model.instants import duration_words, iso, parse_iso
from nightside.model.settings import Settings
from nightside.sources.cache import lease
from nightside.sources.endpoints import read_endpoints
from nightside.sources.polite_http import Manners
from nightside.store.location import open_store
from nightside.store.protocol import Store

LONGEST_LEAD_S = 4 * DAY_S
"""So far back a day's lead may reach to the beginning of a severe outage that has not ended."""


def backfill(
    plan: Plan, told: Told, manners: Manners | None = None, *, processes: int | None = None
) -> list[dict[str, Any]]:
    """Do what was planned, a day at a time; returns what the store has of the whole time afterwards.

    After each day it is noted in the store's folder that it is done; `told.say` gets a line. `processes` as in
    `replay`. Raises DownloadError
    where something cannot be fetched: the next call goes on with that day.
    """
    asked = plan.asked
    progress = Progress(asked)
    begun = time.monotonic()
    with open_store(asked.store) as store:
        run = _Run(plan, store, told, manners, processes)
        for number, (begin, end) in enumerate(plan.days, 1):
            found = run.day(begin, end)
            progress.reach(end)
            left = (time.monotonic() - begun) / number * (len(plan.days) - number)
            told.say(f"{iso(begin)[:10]}: {found}; about {duration_words(round(left))} left")
        listed = store.incidents(begin=asked.begin, end=asked.end)
        return [incident for incident in listed if asked.is_about(incident["entity"])]


@dataclass(frozen=True)
class _Run:
    plan: Plan
    store: Store
    told: Told
    manners: Manners | None
    processes: int | None

    def day(self, begin: int, end: int) -> str:
        """Fetch, replay and keep one day; returns what came of it, in words."""
        shortest = begin - LEAD_S
        lead = self._lead(begin)
        try:
            try:
                return self._kept(lead, begin, end)
            except NoRoomError:
                if lead == shortest:
                    raise
                self.told.warn(
                    f"the cache has no room for what goes on at {iso(begin)} as a whole: it may be cut"
                )
                return self._kept(shortest, begin, end)
        except DownloadError:
            raise
        except InputError as error:
            # A day that the archives do not have is a hole, and not the end of a long range.
            self.told.warn(f"{iso(begin)[:10]}: {str(error).splitlines()[0]}")
            return "nothing to be had"

    def _kept(self, lead: int, begin: int, end: int) -> str:
        asked, places = self.plan.asked, read_endpoints()
        with lease(places.cache_folder, self.plan.cache_bytes) as held:
            fetch = fetch_window(
                asked.collectors, lead, end, places=places, held=held, told=self.told, manners=self.manners
            )
            paths = asyncio.run(fetch)
            found = replay(
                paths,
                countries=asked.countries,
                asns=asked.asns,
                begin=lead,
                end=end,
                settings=Settings(country_by=asked.country_by),
                warn=self.told.warn,
                processes=self.processes,
            )
            # Flips are read from the files once more.
            stored = keep(self.store, since(found, begin), self.told.warn)
        return f"{len(paths)} files, {len(stored)} incident{'' if len(stored) == 1 else 's'}"

    def _lead(self, begin: int) -> int:
        """From when on a day is read: earlier where a severe outage goes on that began earlier."""
        lead = begin - LEAD_S
        for incident in self.store.incidents(begin=begin - 1, end=begin, severity="severe"):
            goes_on = incident["status"] in ("ongoing", "recovering")
            if not goes_on or not self.plan.asked.is_about(incident["entity"]):
                continue
            began = parse_iso(incident["began"])
            if began - LEAD_S >= begin - LONGEST_LEAD_S:
                lead = min(lead, began - LEAD_S)
            elif began >= begin - LONGEST_LEAD_S:
                self.told.warn(
                    f"{incident['id']} goes on at {iso(begin)}, too long to be read as one: it may be cut"
                )
        return lead
