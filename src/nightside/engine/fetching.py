"""Collectors by their names to files on this machine: found, fetched, checked, kept in the cache."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nightside.engine.fetch_plan import CollectorPlan, Planned, archive_root, plan_collector, plan_collectors
from nightside.engine.inputs import sort_inputs
from nightside.model.errors import DownloadError, UsageError
from nightside.model.settings import Settings
from nightside.sources import reconstruction
from nightside.sources.archive_listing import ArchiveListing, archive_url, is_public
from nightside.sources.cache import Lease, lease
from nightside.sources.download import download, part_of
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.polite_http import Manners, PoliteClient

FILES_AT_ONCE = 8
"""Over both archives; each host has a limit of its own (`Manners.parallel`)."""
SPARE_BYTES = 512 * 1024 * 1024
"""So much of the disk is left to others."""
PORTIONS = 64
"""The cache may be too large by this part of it, where files are larger than the archives say."""
GIB = 1024**3

Warn = Callable[[str], None]
Advance = Callable[[int], None]


class NoRoomError(DownloadError):
    """What is needed at once is more than the cache may hold."""


def nothing(_word: object) -> None:
    """Whoever is not interested."""


@dataclass(frozen=True)
class Told:
    """Who is told what while files are fetched."""

    warn: Warn = nothing
    say: Callable[[str], None] = nothing
    """What is about to be done, in words."""
    started: Advance = nothing
    """How many bytes there are to fetch, as far as that is known."""
    advance: Advance = nothing
    """How many have come since the last call."""


@contextlib.contextmanager
def local_inputs(
    words: Sequence[str],
    begin: int | None,
    end: int | None,
    *,
    told: Told = Told(),
    manners: Manners | None = None,
) -> Iterator[list[Path]]:
    """Paths for all inputs; collectors are fetched from the newest table before `begin` until `end`.

    What was fetched stays in the cache at least until the context is left. Raises UsageError where collectors are
    named without `begin`; InputError where the archives have nothing; DownloadError.
    """
    paths, collectors = sort_inputs(words)
    if not collectors:
        yield paths
        return
    if begin is None:
        raise UsageError(
            f"{collectors[0]} is a collector, and it is not said from when on",
            advice="Add --from (and --to): nightside replay rrc00 --from 2014-12-21 --to 2014-12-24. "
            "A file or folder of this name does not exist.",
        )
    places = read_endpoints()
    with lease(places.cache_folder, int(places.cache_gib * GIB)) as held:
        fetch = fetch_window(collectors, begin, end, places=places, held=held, told=told, manners=manners)
        yield [*paths, *asyncio.run(fetch)]


async def fetch_window(
    collectors: Sequence[str],
    begin: int,
    end: int | None,
    *,
    places: Endpoints,
    held: Lease,
    told: Told,
    manners: Manners | None = None,
    margin_s: int = Settings().table_margin_s,
) -> list[Path]:
    """The files of these collectors that a window needs, fetched into the cache, in no particular order.

    `end` None is as far as the archives have come.
    """
    async with PoliteClient(manners or Manners()) as client:
        listing = ArchiveListing(client, places, told.warn)
        until = end if end is not None else int(listing.now()) + 1
        plans = await plan_collectors(listing, held.folder, collectors, begin, until, margin_s, told.warn)
        fetching = Fetching(client, listing, held, told)
        await fetching.take_room(plans)
        await fetching.marks(plans)
        lists = await asyncio.gather(*(fetching.collector(plan, until, margin_s) for plan in plans))
    return [path for paths in lists for path in paths]


def estimated_bytes(files: Sequence[Planned]) -> int:
    """The size of all; a file of which nobody says it counts as the mean of its kind."""
    total = 0
    for kind in ("table", "updates"):
        of_kind = [p.bytes for p in files if p.file.kind == kind]
        known = [size for size in of_kind if size is not None]
        total += sum(known) + (len(of_kind) - len(known)) * (sum(known) // len(known) if known else 0)
    return total


def in_words(size_bytes: float) -> str:
    """A size for people: 1.3 GiB, 12 MiB, 4 KiB."""
    for unit, step in (("GiB", GIB), ("MiB", 1024**2)):
        if size_bytes >= step:
            return f"{size_bytes / step:.1f} {unit}"
    return f"{size_bytes / 1024:.0f} KiB"


@dataclass
class Fetching:
    """One run: what is fetched goes into its lease."""

    client: PoliteClient
    listing: ArchiveListing
    held: Lease
    told: Told
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FILES_AT_ONCE))
    _room_bytes: int = 0
    """What may still come before room must be made again."""

    async def take_room(self, plans: Sequence[CollectorPlan]) -> None:
        """Hold everything that is needed, and make room for what must come.

        Raises NoRoomError where the cache may not become so large, DownloadError where the disk has no room.
        """
        files = [planned for plan in plans for planned in plan.files]
        to_come = [planned for planned in files if not planned.here]
        needed = estimated_bytes(files) - sum(p.bytes or 0 for p in files if p.here)
        # In a thread: another program may have the cache, and it may have many files.
        await asyncio.to_thread(self.held.hold, [p.path for p in files])
        here = len(files) - len(to_come)
        if to_come:
            known = f"; {here} more {'is' if here == 1 else 'are'} here already" if here else ""
            self.told.say(f"fetching {len(to_come)} files, about {in_words(needed)}{known}")
        surplus = await asyncio.to_thread(self.held.make_room, needed)
        if surplus and to_come:
            raise NoRoomError(
                f"about {in_words(needed)} are needed, {in_words(surplus)} more than the cache may hold now",
                where=str(self.held.folder),
                advice="Choose a shorter time or fewer collectors, let `nightside backfill` take it piece by piece, "
                "or set NIGHTSIDE_CACHE_GIB higher.",
            )
        free = shutil.disk_usage(self.held.folder).free
        if to_come and needed + SPARE_BYTES > free:
            raise DownloadError(
                f"about {in_words(needed)} are needed, and {in_words(free)} of the disk are free",
                where=str(self.held.folder),
                advice="Make room, or choose another folder with NIGHTSIDE_CACHE.",
            )
        self._room_bytes = max(needed, 1)
        self.told.started(needed)

    async def marks(self, plans: Sequence[CollectorPlan]) -> None:
        """What stands in the place of a public archive may say that it is a reconstruction: its word comes too."""
        roots = {}
        for plan in plans:
            if not is_public(self.listing.places, plan.collector):
                root = archive_root(self.held.folder, self.listing.places, plan.collector)
                roots[root] = archive_url(self.listing.places, plan.collector)
        for root, url in roots.items():
            word = root / reconstruction.NAME
            said = await self.client.page(f"{url}/{reconstruction.NAME}")
            await asyncio.to_thread(self.held.hold, [word])
            if said is None:
                word.unlink(missing_ok=True)
            else:
                root.mkdir(parents=True, exist_ok=True)
                part_of(word).write_bytes(said)
                part_of(word).replace(word)

    async def collector(self, plan: CollectorPlan, end: int, margin_s: int) -> list[Path]:
        """Fetch what one collector has. A file that is listed and not there is left out, which makes a gap.

        The table at the beginning cannot be left out: where it is not there, it is the one before.
        """
        gone: set[str] = set()
        while plan.table is not None and not await self._fetch(plan.table):
            gone.add(plan.table.file.path)
            plan = await plan_collector(
                self.listing, self.held.folder, plan.collector, plan.begin, end, margin_s, without=gone
            )
            await asyncio.to_thread(self.held.hold, [p.path for p in plan.files])
        rest = [planned for planned in plan.files if planned is not plan.table]
        came = await asyncio.gather(*(self._fetch(planned) for planned in rest))
        missing = [p.file.path for p, there in zip(rest, came, strict=True) if not there]
        for path in (*sorted(gone), *missing[:3]):
            self.told.warn(
                f"{archive_url(self.listing.places, plan.collector)}/{path}: listed, but not there"
            )
        if missing[3:]:
            self.told.warn(f"{plan.collector}: {len(missing) - 3} more files are listed, but not there")
        files = [planned.path for planned, there in zip(rest, came, strict=True) if there]
        return files if plan.table is None else [plan.table.path, *files]

    async def _fetch(self, planned: Planned) -> bool:
        """Whether the file is here now."""
        if planned.here:
            return True
        async with self._turns:
            done = await download(self.client, planned.file.url, planned.path, self._advance)
        if done is None:
            return False
        if done.damaged is not None:
            self.held.use_once(planned.path)
            self.told.warn(f"{planned.file.url}: {done.damaged}: so it lies in the archive")
        return True

    def _advance(self, came: int) -> None:
        self.told.advance(came)
        self._room_bytes -= came
        if self._room_bytes < 0:
            # Sizes were said too small, or not at all.
            self._room_bytes = self.held.limit_bytes // PORTIONS
            surplus = self.held.make_room(self._room_bytes) - self._room_bytes
            if surplus > 0:
                raise NoRoomError(
                    f"the files are larger than the archives say: the cache is {in_words(surplus)} too large",
                    where=str(self.held.folder),
                    advice="Choose a shorter time, or set NIGHTSIDE_CACHE_GIB higher.",
                )
