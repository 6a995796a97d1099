"""What a backfill would take: files, bytes, hours."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nightside.engine.fetch_plan import Planned, plan_collectors
from nightside.engine.fetching import GIB, NoRoomError, Told, estimated_bytes, in_words
from nightside.model.errors import UsageError
from nightside.model.instants import duration_words, iso
from nightside.model.settings import CountryBy, Settings
from nightside.sources.archive_listing import ArchiveListing
from nightside.sources.archive_names import ROUTE_VIEWS_CADENCE_S
from nightside.sources.archive_paths import RIS_TABLE_CADENCE_S
from nightside.sources.endpoints import read_endpoints
from nightside.sources.polite_http import Manners, PoliteClient
from nightside.store.location import StoreLocation, default_store

DAY_S = 86400
LEAD_S = DAY_S
LONGEST_LEAD_S = 4 * DAY_S
"""So far back a day's lead may reach to the beginning of a severe outage that has not ended."""
LINE_BYTES_S = 4 * 1024**2
"""Assumed of the line to the archives."""
READING_BYTES_S = 2 * 1024**2
"""Assumed of this machine: packed bytes read and judged. 577,737 updates in 3.1 MB of gzip took 1.3 s of a core."""


@dataclass(frozen=True)
class Asked:
    """What is to be filled in."""

    collectors: list[str]
    begin: int
    end: int
    countries: list[str] = field(default_factory=list)
    asns: list[int] = field(default_factory=list)
    store: StoreLocation | None = None
    country_by: CountryBy = "registry"

    def __post_init__(self) -> None:
        if self.begin >= self.end:
            raise UsageError(
                f"--from {iso(self.begin)} is not before --to {iso(self.end)}", advice="Swap them."
            )

    @property
    def place(self) -> StoreLocation:
        """Where the store is."""
        return self.store or default_store()

    def is_about(self, entity: dict[str, str]) -> bool:
        """Whether this entity, as it stands in an incident, is asked about."""
        if entity["type"] == "country":
            return entity["code"] in self.countries or (not self.countries and not self.asns)
        return entity["code"] in {str(asn) for asn in self.asns}


@dataclass(frozen=True)
class Plan:
    """What there is to do; sizes are as the archives say them, rounded, and times are estimates."""

    asked: Asked
    begin: int
    """What comes before is done."""
    files: int
    bytes: int
    bytes_here: int
    """In the cache already."""
    bytes_at_once: int
    """The largest day with its lead."""
    cache_bytes: int | None
    """So much the cache of this machine may hold; None: files are fetched by others, into caches of theirs."""
    listings: tuple[str, ...] = ()
    """Of each day: what the archives have of it and its usual lead, as a hash. It changes when a hole is filled."""

    @property
    def days(self) -> list[tuple[int, int]]:
        """The windows that are to be done."""
        return list(windows(self.begin, self.asked.end))

    @property
    def bytes_to_read(self) -> int:
        """All of it is read twice: as a lead, and as a day."""
        return 2 * self.bytes

    @property
    def duration_s(self) -> float:
        """How long it may take where one machine fetches and reads it."""
        return (self.bytes - self.bytes_here) / LINE_BYTES_S + self.bytes_to_read / READING_BYTES_S

    def in_words(self) -> list[str]:
        """The plan for people, a line each."""
        if not self.days:
            return [f"everything from {iso(self.asked.begin)} to {iso(self.asked.end)} is done already"]
        done = f" (done until {iso(self.begin)})" if self.begin > self.asked.begin else ""
        days = len(self.days)
        if self.cache_bytes is None:
            here, alone, who = "", " for one worker", "it"
            room = "what NIGHTSIDE_CACHE_GIB says on each worker's machine"
        else:
            here, alone, who = f", of which {in_words(self.bytes_here)} are here", "", "this machine"
            room = in_words(self.cache_bytes)
        return [
            f"{days} day{'' if days == 1 else 's'} from {iso(self.begin)} to {iso(self.asked.end)}{done}, of "
            f"{' '.join(self.asked.collectors)}",
            f"{self.files} files, about {in_words(self.bytes)}{here}",
            f"about {duration_words(round(self.duration_s))}{alone}, if the line brings "
            f"{in_words(LINE_BYTES_S)} and {who} reads {in_words(READING_BYTES_S)} a second: an estimate",
            f"at most {room} of disk for the cache; the largest day needs {in_words(self.bytes_at_once)}",
            f"results go to {self.asked.place}",
        ]


def windows(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """[begin, end) cut at every midnight (UTC)."""
    while begin < end:
        until = min(end, begin - begin % DAY_S + DAY_S)
        yield begin, until
        begin = until


def make_plan(
    asked: Asked, done: int, told: Told, manners: Manners | None = None, *, elsewhere: bool = False
) -> Plan:
    """Ask the archives what there is; what comes before `done` is done. `elsewhere`: others will fetch it.

    Raises InputError where there is nothing, DownloadError.
    """
    places = read_endpoints()
    limit = None if elsewhere else int(places.cache_gib * GIB)
    if done >= asked.end:
        return Plan(asked, asked.end, 0, 0, 0, 0, limit)

    async def ask() -> list[Planned]:
        async with PoliteClient(manners or Manners()) as client:
            listing = ArchiveListing(client, places, told.warn)
            plans = await plan_collectors(
                listing,
                places.cache_folder,
                asked.collectors,
                done - LEAD_S,
                asked.end,
                Settings().table_margin_s,
                told.warn,
            )
            return [planned for plan in plans for planned in plan.files]

    files = asyncio.run(ask())
    at_once = max(
        estimated_bytes([p for p in files if _read_from(begin) <= p.file.nominal < end])
        for begin, end in windows(done, asked.end)
    )
    if limit is not None and at_once > limit:
        raise NoRoomError(
            f"the largest day needs about {in_words(at_once)}, more than the cache may hold ({in_words(limit)})",
            where=str(places.cache_folder),
            advice="Name fewer collectors, or set NIGHTSIDE_CACHE_GIB higher.",
        )
    here = 0 if elsewhere else sum(p.bytes or 0 for p in files if p.here)
    listings = tuple(_listing(files, begin - LEAD_S, end) for begin, end in windows(done, asked.end))
    return Plan(asked, done, len(files), estimated_bytes(files), here, at_once, limit, listings)


def _listing(files: Sequence[Planned], begin: int, end: int) -> str:
    # Of updates: of tables a plan has one, and which one depends on where it begins.
    said = sorted(
        (p.file.collector, p.file.path, p.file.bytes or 0)
        for p in files
        if p.file.kind == "updates" and begin <= p.file.nominal < end
    )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _read_from(begin: int) -> int:
    """From about when on the files of a day that begins then are read: from a table before the lead."""
    lead = begin - LEAD_S
    return lead - lead % RIS_TABLE_CADENCE_S - ROUTE_VIEWS_CADENCE_S


def sorted_codes(countries: Sequence[str]) -> list[str]:
    """Country codes as they are stored. Raises UsageError for what is none."""
    from nightside.world.names import require_country

    return sorted({require_country(code) for code in countries})
