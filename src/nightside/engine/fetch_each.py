"""Collectors fetched one by one: what one archive does not give costs nobody but its collector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nightside.engine.fetch_plan import plan_updates
from nightside.engine.fetching import Fetching, Told, fetch_window
from nightside.model.errors import DownloadError, NightsideError
from nightside.sources.archive_listing import ArchiveListing
from nightside.sources.cache import Lease
from nightside.sources.endpoints import Endpoints
from nightside.sources.polite_http import Manners, PoliteClient


@dataclass(frozen=True)
class Fetched:
    """What came, and what did not, by collector."""

    files: dict[str, list[Path]]
    failed: dict[str, NightsideError]

    @property
    def paths(self) -> list[Path]:
        """All files."""
        return [path for paths in self.files.values() for path in paths]


async def fetch_each(
    collectors: Sequence[str],
    begin: int,
    end: int | None,
    *,
    places: Endpoints,
    held: Lease,
    told: Told,
    manners: Manners | None = None,
    updates_only: bool = False,
) -> Fetched:
    """As `fetch_window`, one collector after the other.

    `updates_only`: no table, and of the updates those that tell of the window alone. What is the matter with several
    of them is warned of once.
    """
    heard: set[str] = set()

    def warn(text: str) -> None:
        if text not in heard:
            heard.add(text)
            told.warn(text)

    told = replace(told, warn=warn)
    found = Fetched({}, {})
    for name in collectors:
        try:
            if updates_only:
                paths = await _updates(name, begin, end, places=places, held=held, told=told, manners=manners)
            else:
                paths = await fetch_window(
                    [name], begin, end, places=places, held=held, told=told, manners=manners
                )
        except NightsideError as error:
            found.failed[name] = error
        except OSError as error:
            found.failed[name] = DownloadError(
                f"cannot be kept: {error.strerror or error}", where=str(held.folder)
            )
        else:
            found.files[name] = paths
    return found


async def _updates(
    collector: str,
    begin: int,
    end: int | None,
    *,
    places: Endpoints,
    held: Lease,
    told: Told,
    manners: Manners | None,
) -> list[Path]:
    async with PoliteClient(manners or Manners()) as client:
        listing = ArchiveListing(client, places, told.warn)
        until = end if end is not None else int(listing.now()) + 1
        plan = await plan_updates(listing, held.folder, collector, begin, until)
        if not plan.files:
            await listing.require(collector)
        fetching = Fetching(client, listing, held, told)
        await fetching.take_room([plan])
        await fetching.marks([plan])
        return await fetching.collector(plan, until, 0)
