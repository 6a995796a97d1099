"""One window of a backfill: its files fetched into the cache of this machine, read, and what is kept of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nightside.engine.backfill.plan import Asked
from nightside.engine.fetching import GIB, NoRoomError, Told, fetch_window
from nightside.engine.kept import Kept, kept_of
from nightside.engine.replay import replay
from nightside.engine.since import since
from nightside.engine.world_of_day import World, world_of_day
from nightside.model.settings import Settings
from nightside.sources.cache import lease
from nightside.sources.endpoints import Endpoints
from nightside.sources.polite_http import Manners

ROOM_S = 600.0
"""So long a worker waits for room in a cache that others use, too."""
LOOK_S = 0.5


@contextmanager
def files_of_window(
    collectors: Sequence[str],
    begin: int,
    end: int,
    *,
    places: Endpoints,
    told: Told,
    manners: Manners | None = None,
    wait_s: float = 0.0,
) -> Iterator[list[Path]]:
    """The files of a window, fetched into the cache of this machine; they stay there as long as the context lasts.

    Who finds no room because others use the cache holds nothing while it waits, so that two never wait for each other.
    Raises NoRoomError where it is too long, or nobody else is there; else what `fetch_window` raises.
    """
    deadline = time.monotonic() + wait_s
    while True:
        with lease(places.cache_folder, int(places.cache_gib * GIB)) as held:
            try:
                fetch = fetch_window(
                    collectors, begin, end, places=places, held=held, told=told, manners=manners
                )
                paths = asyncio.run(fetch)
            except NoRoomError:
                if time.monotonic() > deadline or not held.is_shared():
                    raise
            else:
                yield paths
                return
        time.sleep(LOOK_S)


@dataclass(frozen=True)
class WindowRead:
    """What came of a window."""

    kept: Kept
    files: int
    bytes: int
    """Of the files."""


def read_window(
    asked: Asked,
    lead: int,
    begin: int,
    end: int,
    *,
    places: Endpoints,
    told: Told,
    manners: Manners | None = None,
    processes: int | None = 1,
    world: World = world_of_day,
    wait_s: float = 0.0,
) -> WindowRead:
    """Fetch and replay [lead, end), and keep what lasted beyond `begin`; parameters as `engine.replay.replay` has them.

    Raises DownloadError where something cannot be fetched, InputError where there is nothing.
    """
    with lease(places.cache_folder, int(places.cache_gib * GIB)) as held:
        fetch = fetch_window(
            asked.collectors, lead, end, places=places, held=held, told=told, manners=manners
        )
        paths = asyncio.run(fetch)
        found = replay(
            paths,
            countries=asked.countries,
            asns=asked.asns,
            begin=lead,
            end=end,
            settings=Settings(country_by=asked.country_by),
            warn=told.warn,
            processes=processes,
            world=world,
        )
        kept = kept_of(since(found, begin), told.warn)
        # Flips are read from the files once more, as long as these are here.
        kept = replace(kept, flips=list(kept.flips))
        return WindowRead(kept, len(paths), sum(path.stat().st_size for path in paths))
