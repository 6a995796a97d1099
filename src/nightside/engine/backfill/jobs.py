"""A day of a backfill as one job: done by a worker that may be on another machine, left in the work place."""

from __future__ import annotations

from dataclasses import dataclass, field

from nightside.engine.backfill.plan import Asked
from nightside.engine.backfill.reading import ROOM_S, WindowRead, read_window
from nightside.engine.fetching import Told
from nightside.engine.shards.kept_results import keep_result, kept_result
from nightside.engine.shards.keys import key_of
from nightside.engine.shards.world_kept import kept_snapshot
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.polite_http import Manners
from nightside.store.files import Files

FOLDER = "days"
OF_PLACES = ("ris_archive_url", "routeviews_archive_url", "broker_url")
"""What is the same for all who work on a backfill; where a worker keeps what it fetched is its own."""


@dataclass(frozen=True)
class Source:
    """Where the files of a backfill come from, and the maps they are read with: the same for all workers."""

    work: Files
    archives: tuple[tuple[str, str], ...]
    """Settings of the place, by name."""
    maps: tuple[tuple[str, str], ...]
    """For each day (ISO) that what is read may begin on, the name of its map in the work place."""
    manners: Manners

    @property
    def places(self) -> Endpoints:
        """The settings of this place, with these archives."""
        return read_endpoints().model_copy(update=dict(self.archives))

    def map_of(self, day: str) -> str:
        """The name of the map that holds on a day."""
        return dict(self.maps)[day]


@dataclass(frozen=True)
class DayWork:
    """All that what comes of a day depends on; of the archives' files that which they are."""

    source: Source
    asked: Asked
    lead: int
    begin: int
    end: int
    listing: str
    """As `Plan.listings` has it: a day that was read before its last files were there is read again."""

    @property
    def key(self) -> str:
        """The name of what comes of it, in the work place."""
        asked = self.asked
        about = [asked.collectors, asked.countries, asked.asns, asked.country_by]
        window = [self.lead, self.begin, self.end]
        return key_of("day", [about, window, self.listing, self.source.archives, self.source.maps])


@dataclass(frozen=True)
class DayDone:
    """What a worker says of a day that it read."""

    key: str
    bytes: int
    """Of files that were read for it; 0 where it had been read before."""


@dataclass(frozen=True)
class DayLeft:
    """What is left of a day."""

    read: WindowRead
    warnings: list[str]
    names: list[tuple[str, str]] = field(default_factory=list)
    """(folder, name) of what lies in the work place for it."""


def read_day(work: DayWork) -> DayDone:
    """Fetch, read, and leave what is kept in the work place; nothing of it where that is there already.

    Raises what `read_window` raises.
    """
    place = work.source.work
    if day_left(place, work.key) is not None:
        return DayDone(work.key, 0)
    warnings: list[str] = []
    read = read_window(
        work.asked,
        work.lead,
        work.begin,
        work.end,
        places=work.source.places,
        told=Told(warn=warnings.append),
        manners=work.source.manners,
        wait_s=ROOM_S,
        world=lambda day: kept_snapshot(place, work.source.map_of(day.isoformat())),
    )
    keep_result(place.child(FOLDER), work.key, DayLeft(read, warnings, [(FOLDER, work.key)]))
    return DayDone(work.key, read.bytes)


def day_left(place: Files, key: str) -> DayLeft | None:
    """What a worker left of a day; None where there is nothing, or it is damaged."""
    found = kept_result(place.child(FOLDER), key)
    return found if isinstance(found, DayLeft) else None
