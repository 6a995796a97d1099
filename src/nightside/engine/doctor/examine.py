"""All looks at once, told in one order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from nightside.engine.doctor import archives, channels, machine, streams
from nightside.engine.doctor.check import Check, Look, beside, bounded
from nightside.model.errors import UsageError
from nightside.sources.archive_listing import ArchiveListing
from nightside.sources.archive_paths import is_ris
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.polite_http import PoliteClient
from nightside.store.location import StoreLocation, state_folder


async def examine(
    store_at: StoreLocation, collectors: Sequence[str], *, now: Callable[[], float] = time.time
) -> AsyncIterator[Check]:
    """Every check, all at once, each within 15 s; in the same order every time.

    Where the configuration makes no sense, nothing is looked at that it may name. `collectors` are those to watch by.
    """
    try:
        places = read_endpoints()
    except UsageError as error:
        first = str(error).splitlines()[0].removesuffix(f": {error.what}")
        yield Check("configuration", first, "failed", error.what, error.advice)
        async for check in _taken(_store(store_at, now)):
            yield check
        return
    yield machine.configuration()
    async with PoliteClient(archives.MANNERS) as client:
        looks = [
            *_clock(client, places, now),
            *_store(store_at, now),
            _disk("cache", places.cache_folder, "NIGHTSIDE_CACHE"),
            *_watch(places),
            *channels.channels(state_folder(store_at)),
            *_streams(places, [name for name in collectors if is_ris(name)], now),
            *_archives(client, places, collectors, now),
        ]
        async for check in _taken(looks):
            yield check


async def _taken(looks: Iterable[Look]) -> AsyncIterator[Check]:
    tasks = [asyncio.create_task(bounded(look)) for look in looks]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _clock(client: PoliteClient, places: Endpoints, now: Callable[[], float]) -> Iterator[Look]:
    urls = (places.ris_archive_url, places.routeviews_archive_url, places.broker_url)
    yield Look("clock", None, lambda: archives.clock(client, urls, now))


def _store(location: StoreLocation, now: Callable[[], float]) -> Iterator[Look]:
    yield _disk("store's disk", state_folder(location), "NIGHTSIDE_STORE")
    yield Look("store", str(location), lambda: beside(lambda: machine.store(location, now())))


def _disk(name: str, folder: Path, variable: str) -> Look:
    return Look(name, str(folder), lambda: beside(lambda: machine.disk(name, folder, variable)))


def _watch(places: Endpoints) -> Iterator[Look]:
    asked = asyncio.create_task(machine.running_watch(places.health_listen))

    async def watch() -> Check:
        return (await asyncio.shield(asked))[0]

    async def bmp() -> Check:
        _check, is_watched = await asyncio.shield(asked)
        return await machine.bmp_address(places.bmp_listen, is_watched=is_watched)

    yield Look("watch", places.health_listen, watch)
    yield Look("BMP", places.bmp_listen, bmp)


def _streams(places: Endpoints, collectors: Sequence[str], now: Callable[[], float]) -> Iterator[Look]:
    if collectors:
        url = places.ris_live_url
        yield Look("RIS Live", url, lambda: streams.speaks(url, collectors, now))
        yield Look("filter", url, lambda: streams.filters(url, collectors[0]))


def _archives(
    client: PoliteClient, places: Endpoints, collectors: Sequence[str], now: Callable[[], float]
) -> Iterator[Look]:
    for example in archives.EXAMPLES:
        yield Look("archive", None, partial(archives.listing, client, places, example))
    yield Look("broker", places.broker_url, lambda: archives.broker(client, places, now()))
    lists = ArchiveListing(client, places, lambda _text: None, now)
    for name in collectors:
        yield Look("collector", name, partial(archives.collector, lists, name, now()))
