"""Which files of the archives a window of time needs: for each collector the newest table before, and all since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from nightside.model.errors import InputError
from nightside.model.instants import iso
from nightside.sources.archive_listing import ArchiveFile, ArchiveListing, archive_url, is_public
from nightside.sources.archive_names import cadence_s
from nightside.sources.archive_paths import is_ris
from nightside.sources.cache import archive_folder
from nightside.sources.endpoints import Endpoints

TABLE_REACH_S = 7 * 86400
"""A table is looked for so far back; updates of a longer time are no substitute for it."""
BEFORE_S = 86400
"""Updates are looked for so long before the table, to see what is missing around it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One file, and where it is, or will be, on this machine."""

    file: ArchiveFile
    path: Path
    here: bool
    bytes: int | None
    """Of what is here as it is, else as the archive says it; None where that says nothing."""


@dataclass(frozen=True)
class CollectorPlan:
    """What one collector has to offer."""

    collector: str
    begin: int
    table: Planned | None
    """The newest table before the window; None where there is none within reach."""
    files: list[Planned]
    """All that is needed, that table too, in the order of time."""


def local_path(cache: Path, places: Endpoints, file: ArchiveFile) -> Path:
    """Where a file of an archive is in the cache."""
    return archive_root(cache, places, file.collector) / file.path


def archive_root(cache: Path, places: Endpoints, collector: str) -> Path:
    """Where the files of a collector's archive are in the cache."""
    project = "ris" if is_ris(collector) else "routeviews"
    public = is_public(places, collector)
    return cache / archive_folder(project, archive_url(places, collector), public=public)


async def plan_collector(
    listing: ArchiveListing,
    cache: Path,
    collector: str,
    begin: int,
    end: int,
    margin_s: int,
    *,
    without: Collection[str] = (),
) -> CollectorPlan:
    """What `engine.files.choose` would choose of all that the archive has; `without` are paths found to be gone.

    Where the first file of updates behind the table is missing, the newest before it comes too: it is not read,
    but shows the gap. Raises DownloadError.
    """
    tables = await listing.files(collector, "table", begin - TABLE_REACH_S, end)
    tables = [table for table in tables if table.path not in without]
    newest = max((table.nominal for table in tables if table.nominal <= begin), default=None)
    since = begin if newest is None else newest
    updates = await listing.files(collector, "updates", since - BEFORE_S, end)
    updates = [file for file in updates if file.path not in without]
    cadence = cadence_s(is_ris(collector), since)
    wanted = [file for file in updates if file.nominal + cadence > since - margin_s]
    first = since - margin_s - (since - margin_s) % cadence
    if not wanted or wanted[0].nominal - wanted[0].nominal % cadence > first:
        wanted = [*[file for file in updates if file.nominal + cadence <= since - margin_s][-1:], *wanted]
    if not any(file.nominal >= since - cadence for file in wanted):
        wanted = []
    chosen = [*(table for table in tables if table.nominal >= since), *wanted]
    chosen.sort(key=lambda file: (file.nominal, file.kind != "table"))
    planned = [_planned(cache, listing.places, file) for file in chosen]
    anchor = next((p for p in planned if p.file.kind == "table" and p.file.nominal == newest), None)
    return CollectorPlan(collector, begin, anchor, planned)


def _planned(cache: Path, places: Endpoints, file: ArchiveFile) -> Planned:
    path = local_path(cache, places, file)
    try:
        return Planned(file, path, True, path.stat().st_size)
    except OSError:
        return Planned(file, path, False, file.bytes)


async def plan_collectors(
    listing: ArchiveListing,
    cache: Path,
    collectors: Sequence[str],
    begin: int,
    end: int,
    margin_s: int,
    warn: Callable[[str], None],
) -> list[CollectorPlan]:
    """The plans of all collectors that have something to offer, in their order; what is lacking is warned of.

    Raises InputError where an archive has no such collector, or nothing of any of them; DownloadError.
    """
    plans = await asyncio.gather(
        *(plan_collector(listing, cache, collector, begin, end, margin_s) for collector in collectors)
    )
    useful = []
    for plan in plans:
        if any(p.file.nominal + BEFORE_S > begin for p in plan.files):
            useful.append(plan)
            _warn_of(plan, end, listing, warn)
        else:
            await listing.require(plan.collector)
            warn(f"{plan.collector}: its archive has nothing from {iso(begin)} to {iso(end)}")
    if not useful:
        raise InputError(
            f"the archives have nothing from {iso(begin)} to {iso(end)}",
            where=" ".join(collectors),
            advice="Choose another --from and --to, or other collectors.",
        )
    return useful


def _warn_of(plan: CollectorPlan, end: int, listing: ArchiveListing, warn: Callable[[str], None]) -> None:
    if plan.table is None:
        warn(f"{plan.collector}: no table in the {TABLE_REACH_S // 86400} days before {iso(plan.begin)}")
    updates = [p.file.nominal for p in plan.files if p.file.kind == "updates"]
    last = max(updates) + cadence_s(is_ris(plan.collector), max(updates)) if updates else None
    if last is None:
        warn(f"{plan.collector}: no updates from {iso(plan.begin)} to {iso(end)}")
    elif last < min(end, int(listing.now())):
        warn(f"{plan.collector}: its archive has no updates after {iso(last)}")


async def plan_updates(
    listing: ArchiveListing, cache: Path, collector: str, begin: int, end: int
) -> CollectorPlan:
    """The files of updates alone that tell of [begin, end). Raises DownloadError."""
    files = await listing.files(collector, "updates", begin - cadence_s(is_ris(collector), begin) + 1, end)
    return CollectorPlan(collector, begin, None, [_planned(cache, listing.places, file) for file in files])
