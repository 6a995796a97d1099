"""Snapshots of the registries made here: from files, and from what the registries publish today.

Nothing changes until all five files are whole and make a snapshot; then it takes its place at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from nightside.engine.fetching import GIB, Told
from nightside.model.errors import DownloadError, UsageError
from nightside.sources.cache import Lease, lease
from nightside.sources.download import download
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.polite_http import Manners, PoliteClient
from nightside.world.delegation import REGISTRIES, Delegation, read_delegation
from nightside.world.of_registries import snapshot_of
from nightside.world.snapshots import keep

FOLDER = "registries"
"""In the cache, where files are until they are a snapshot."""
OF_ONE_DAY = 31
"""Days by which a file may be older than the youngest without a word."""
_MD5 = re.compile(r"MD5 ?\(.*\) ?= ?([0-9a-fA-F]{32})|([0-9a-fA-F]{32})(?:\s.*)?")
"""As BSD's md5 writes it (AFRINIC, APNIC, LACNIC, RIPE NCC), and as md5sum does (ARIN)."""


@dataclass(frozen=True)
class Made:
    """A snapshot that was kept."""

    name: str
    day: date
    path: Path
    replaced: bool
    """There was one of this day."""


def import_files(files: Sequence[Path], *, warn: Callable[[str], None]) -> Made:
    """Make a snapshot of delegation files, one of each registry, and keep it.

    Raises UsageError without files; UnreadableError and InputError where one of them is not as it should be.
    """
    if not files:
        raise UsageError(
            "no files given",
            advice="Give one delegation file of each of the five registries, plain, .gz or .bz2.",
        )
    today = datetime.now(UTC).date()
    return _make([read_delegation(path, today=today) for path in files], read_endpoints().world_folder, warn)


def update(*, told: Told, manners: Manners | None = None) -> Made:
    """Fetch what the five registries publish now, make a snapshot of it and keep it.

    Raises DownloadError; InputError where a file that came is not as it should be.
    """
    places = read_endpoints()
    with lease(places.cache_folder, int(places.cache_gib * GIB)) as held:
        files = asyncio.run(_fetch_all(places, held, told, manners or Manners()))
        today = datetime.now(UTC).date()
        delegations = [read_delegation(files[r], today=today, registry=r) for r in REGISTRIES]
        made = _make(delegations, places.world_folder, told.warn)
        for path in files.values():
            held.use_once(path)
    return made


def _make(delegations: Sequence[Delegation], folder: Path, warn: Callable[[str], None]) -> Made:
    snapshot, about = snapshot_of(delegations)
    day = date.fromisoformat(snapshot.date)
    for delegation in delegations:
        older = (day - delegation.date).days
        if older > OF_ONE_DAY:
            warn(
                f"{delegation.name} is of {delegation.date}, {older} days older than the youngest file: "
                f"what {delegation.registry} delegated since is not in this snapshot"
            )
    there = (folder / f"registry-{snapshot.date}.npz").exists()
    return Made(snapshot.name, day, keep(snapshot, about, folder), there)


async def _fetch_all(places: Endpoints, held: Lease, told: Told, manners: Manners) -> dict[str, Path]:
    """All five, or none of use: the first failure ends it, and what came is taken up the next time."""
    urls = {registry: str(getattr(places, f"{registry}_delegated_url")) for registry in REGISTRIES}
    targets = {r: held.folder / FOLDER / r / (urlsplit(urls[r]).path.rpartition("/")[2] or r) for r in urls}
    held.hold(targets.values())
    told.say("fetching the delegation files of the five registries")
    async with PoliteClient(manners) as client:
        try:
            async with asyncio.TaskGroup() as group:
                for registry, url in urls.items():
                    group.create_task(_fetch(client, url, targets[registry], told))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
    return targets


async def _fetch(client: PoliteClient, url: str, target: Path, told: Told) -> None:
    # A registry may put a new file there while we fetch, and its MD5 minutes later: once more, then it is wrong.
    for last in (False, True):
        target.unlink(missing_ok=True)
        md5 = await _published_md5(client, url, told.warn)
        fetched = await download(client, url, target, told.advance)
        if fetched is None:
            raise DownloadError(
                "there is no such file",
                where=url,
                advice="Is the address right? See the settings in docs/live.md.",
            )
        if fetched.damaged:
            raise DownloadError(fetched.damaged, where=url, advice="Nothing was changed. Try again later.")
        if md5 is None or md5 == await asyncio.to_thread(_md5_of, target):
            return
        if last:
            raise DownloadError(
                f"what came does not have the MD5 that is published for it ({md5})",
                where=url,
                advice="Nothing was changed. Try again in a quarter of an hour: the MD5 may lag behind the file.",
            )


async def _published_md5(client: PoliteClient, url: str, warn: Callable[[str], None]) -> str | None:
    """The file's MD5 as its registry publishes it; None where it does not."""
    page = await client.page(f"{url}.md5")
    if page is None:
        warn(f"{url}: no MD5 is published for it; its own counts are compared alone")
        return None
    first = page.decode("utf-8", "replace").strip().partition("\n")[0].strip()
    found = _MD5.fullmatch(first)
    if not found:
        warn(f"{url}.md5: this is no MD5; the file's own counts are compared alone")
        return None
    return (found[1] or found[2]).lower()


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
