"""What an archive has of a collector: by the broker, and by the archive's own folders where that lacks something.

The broker may be stale, and so may a folder's page: a file that is listed may be gone, and the newest may not be
listed yet. So the folders are read wherever the broker leaves a hole, and behind the last file the next ones are
asked for by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from nightside.model.errors import DownloadError, InputError
from nightside.sources.archive_names import cadence_s, take_apart
from nightside.sources.archive_paths import (
    ArchiveKind,
    collector_folder,
    file_name,
    is_ris,
    month_folder,
    months,
    table_cadence_s,
)
from nightside.sources.broker import ask_broker
from nightside.sources.directory_page import Entry, entries
from nightside.sources.endpoints import Endpoints
from nightside.sources.polite_http import PoliteClient

UNLISTED = 12
"""So many files behind the last listed one are asked for by name, at most; the first that is not there ends it."""

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file that an archive is said to have."""

    collector: str
    kind: ArchiveKind
    nominal: int
    """The time in its name, in seconds since the epoch."""
    path: str
    """Below the root of its archive."""
    url: str
    bytes: int | None
    """As it is said, often rounded; None where nobody says it."""


def archive_url(places: Endpoints, collector: str) -> str:
    """The root of the archive that has a collector."""
    return places.ris_archive_url if is_ris(collector) else places.routeviews_archive_url


def is_public(places: Endpoints, collector: str) -> bool:
    """Whether that is the public archive, and not another in its place."""
    name = "ris_archive_url" if is_ris(collector) else "routeviews_archive_url"
    return bool(getattr(places, name) == Endpoints.model_fields[name].default)


@dataclass
class ArchiveListing:
    """Both archives; each folder is read once."""

    client: PoliteClient
    places: Endpoints
    warn: Warn
    now: Callable[[], float] = time.time
    _pages: dict[str, list[Entry] | None] = field(default_factory=dict)
    _broker_is_down: bool = False

    async def files(self, collector: str, kind: ArchiveKind, begin: int, end: int) -> list[ArchiveFile]:
        """The files with a nominal time in [begin, end), in order. Raises DownloadError."""
        end = min(end, int(self.now()) + 1)
        found: dict[int, ArchiveFile] = {}
        if self._asks_broker(collector):
            for file in await self._by_broker(collector, kind, begin, end):
                found[file.nominal] = file
        for month in self._incomplete(found, collector, kind, begin, end):
            folder = month_folder(collector, kind, month)
            for file in self._named(await self._page(collector, folder) or [], collector, kind):
                if begin <= file.nominal < end:
                    found.setdefault(file.nominal, file)
        if kind == "updates":
            for file in await self._unlisted(found, collector, end):
                found[file.nominal] = file
        return [found[nominal] for nominal in sorted(found)]

    async def require(self, collector: str) -> None:
        """Raises InputError where the archive has no such collector."""
        if await self._page(collector, collector_folder(collector)) is None:
            raise InputError(
                f"{archive_url(self.places, collector)} has no collector of this name",
                where=collector,
                advice="Collectors are called as rrc00, route-views2 or route-views.sydney; a file that is meant "
                "does not exist.",
            )

    def _asks_broker(self, collector: str) -> bool:
        # It knows the public archives: what stands in the place of one may have less, or other things.
        own = self.places.broker_url != Endpoints.model_fields["broker_url"].default
        return (own or is_public(self.places, collector)) and not self._broker_is_down

    async def _by_broker(self, collector: str, kind: ArchiveKind, begin: int, end: int) -> list[ArchiveFile]:
        try:
            known = await ask_broker(self.client, self.places.broker_url, collector, kind, begin, end)
        except DownloadError as error:
            if not self._broker_is_down:
                self._broker_is_down = True
                self.warn(f"{error.where}: {error.what}: the archives' own lists are used")
            return []
        return [file for file in self._named(known, collector, kind) if begin <= file.nominal < end]

    def _named(self, known: Iterable[Entry], collector: str, kind: ArchiveKind) -> list[ArchiveFile]:
        """Those that are called as a file of this collector and kind is."""
        found = []
        for entry in known:
            name = take_apart(entry.name)
            if name and name.kind == kind and name.is_ris == is_ris(collector) and name.collector is None:
                path = month_folder(collector, kind, name.nominal) + entry.name
                found.append(self._file(collector, kind, name.nominal, path, entry.bytes))
        return found

    def _file(
        self, collector: str, kind: ArchiveKind, nominal: int, path: str, bytes_: int | None
    ) -> ArchiveFile:
        return ArchiveFile(
            collector, kind, nominal, path, f"{archive_url(self.places, collector)}/{path}", bytes_
        )

    def _incomplete(
        self, found: dict[int, ArchiveFile], collector: str, kind: ArchiveKind, begin: int, end: int
    ) -> list[int]:
        """An instant in each month in which a file is missing by the archive's cadence."""
        lacking = []
        for first, until in months(begin, end):
            cadence = table_cadence_s(collector) if kind == "table" else cadence_s(is_ris(collector), first)
            there = {nominal - nominal % cadence for nominal in found}
            written = min(until, int(self.now()) - cadence + 1)
            if not found or any(
                slot not in there for slot in range(first + -first % cadence, written, cadence)
            ):
                lacking.append(first)
        return lacking

    async def _unlisted(self, found: dict[int, ArchiveFile], collector: str, end: int) -> list[ArchiveFile]:
        """Files behind the last known one that no list has yet."""
        if not found:
            return []
        last = max(found)
        cadence = cadence_s(is_ris(collector), last)
        there: list[ArchiveFile] = []
        if last % cadence:
            return there  # an age in which files were not called by the clock
        written = min(end, int(self.now()) - cadence + 1, last + UNLISTED * cadence + 1)
        for nominal in range(last + cadence, written, cadence):
            path = month_folder(collector, "updates", nominal) + file_name(collector, "updates", nominal)
            file = self._file(collector, "updates", nominal, path, None)
            if not await self.client.exists(file.url):
                break
            there.append(file)
        return there

    async def _page(self, collector: str, folder: str) -> list[Entry] | None:
        """What a folder of an archive has; None where there is no such folder."""
        url = f"{archive_url(self.places, collector)}/{folder}"
        if url not in self._pages:
            page = await self.client.page(url)
            self._pages[url] = None if page is None else entries(page)
        return self._pages[url]
