"""A past outage of a small country by RIPEstat: what BGPlay tells of its prefixes, as an archive of MRT files.

    CACHE/ripestat@HOST/KP.20141221.000000-20141224.000000/nightside.json
    CACHE/ripestat@HOST/KP.20141221.000000-20141224.000000/rrc00/bgplay.20141221.000000-20141224.000000

The folder can be replayed again as it is, without asking.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from nightside.engine.fetching import GIB, Told
from nightside.engine.world_of_day import world_of_day
from nightside.model.errors import DownloadError, InputError, NightsideError, UsageError
from nightside.model.instants import iso
from nightside.sources import reconstruction
from nightside.sources.archive_names import stretch_name
from nightside.sources.cache import Lease, archive_folder, lease
from nightside.sources.download import part_of
from nightside.sources.endpoints import Endpoints, read_endpoints
from nightside.sources.polite_http import Manners, PoliteClient
from nightside.sources.ripestat import CALL, Answer, read_answer, together
from nightside.sources.ripestat_mrt import collector_records
from nightside.world.blocks import count_within, country_blocks, prefixes_within
from nightside.world.names import country_name

MOST_PREFIXES = 512
"""RIPEstat asks whoever wants much to say so first; a country with more is for the archives."""
PREFIXES_AT_ONCE = 16
"""In one request, by what RIPEstat's examples and the length of an address suggest."""
SOURCE_APP = "nightside"
PATIENT = Manners(silence_s=120.0)
"""An answer is computed before its first byte comes."""
NOTE = (
    "From RIPEstat's BGPlay, which tells of the country's own prefixes alone: session resets cannot be seen there "
    "(a peer that lost its session may look as if it had lost the routes, or kept them), and who is full feed is not "
    "known: each peer counts that held at least half as many of these prefixes as the one that held most."
)


@contextlib.contextmanager
def ripestat_inputs(
    codes: Sequence[str], begin: int | None, end: int | None, *, told: Told, manners: Manners | None = None
) -> Iterator[list[Path]]:
    """A folder of MRT files with what RIPEstat tells of these countries from `begin` to `end` (None: its newest).

    It stays in the cache at least until the context is left. Raises UsageError without `begin`, and where there are
    too many prefixes to ask for; DownloadError; InputError where RIPEstat knows of no route.
    """
    if begin is None:
        raise UsageError(
            "it is not said from when on RIPEstat is to be asked",
            advice=f"Add --from and --to: nightside replay ripestat:{codes[0]} --from 2014-12-21 --to 2014-12-24.",
        )
    if end is not None and begin >= end:
        raise UsageError(f"--from {iso(begin)} is not before --to {iso(end)}", advice="Swap them.")
    prefixes = asked_prefixes(codes, datetime.fromtimestamp(begin, UTC).date())
    places = read_endpoints()
    with lease(places.cache_folder, int(places.cache_gib * GIB)) as held:
        answer = asyncio.run(_ask(prefixes, begin, end, places, told, manners or PATIENT))
        if not answer.state and not answer.events:
            raise InputError(
                f"RIPEstat knows of no route to {' or '.join(map(country_name, codes))} "
                f"from {iso(answer.begin)} to {iso(answer.end)}",
                where=places.ripestat_url,
                advice="Choose another time, or replay collectors: nightside replay rrc00 --from T --to T.",
            )
        if answer.unusable:
            told.warn(
                f"{places.ripestat_url}: {answer.unusable} rows could not be used, first: {answer.example}"
            )
        if end is not None and answer.end < end:
            told.warn(f"RIPEstat tells of nothing after {iso(answer.end)}")
        told.warn(NOTE)
        yield [_write(answer, "+".join(codes), places, held)]


def asked_prefixes(codes: Sequence[str], day: date) -> list[str]:
    """Every prefix up to /24 that could be routed within these countries' space of that day; wider ones first.

    Raises UsageError where they are too many to ask for.
    """
    snapshot = world_of_day(day)
    known = [code for code in codes if code in snapshot.codes]
    wanted = [block for code in known for block in country_blocks(snapshot, code)]
    count = sum(map(count_within, wanted))
    who = " and ".join(map(country_name, codes))
    if not 0 < count <= MOST_PREFIXES:
        raise UsageError(
            f"{who} has {count:,} prefixes that could be routed, and RIPEstat is asked for 1 to {MOST_PREFIXES}",
            advice=f"Replay collectors: nightside replay rrc00 rrc01 --country {codes[0]} --from T --to T.",
        )
    found = (prefix for block in wanted for prefix in prefixes_within(block))
    return [str(prefix) for prefix in sorted(found, key=lambda prefix: (prefix.prefixlen, prefix))]


async def _ask(
    prefixes: Sequence[str], begin: int, end: int | None, places: Endpoints, told: Told, manners: Manners
) -> Answer:
    url = f"{places.ripestat_url}/{CALL}/data.json"
    parts = [prefixes[i : i + PREFIXES_AT_ONCE] for i in range(0, len(prefixes), PREFIXES_AT_ONCE)]
    asked = "1 request" if len(parts) == 1 else f"{len(parts)} requests"
    told.say(f"asking RIPEstat for {len(prefixes)} prefixes in {asked}")
    stretch = {"starttime": _without_zone(begin)} | ({} if end is None else {"endtime": _without_zone(end)})

    async def one(client: PoliteClient, part: Sequence[str]) -> Answer:
        params = {"resource": ",".join(part), **stretch, "sourceapp": SOURCE_APP}
        content = await client.page(url, params=params)
        if content is None:
            raise InputError("there is nothing", where=url, advice="Is NIGHTSIDE_RIPESTAT_URL right?")
        return read_answer(content, url)

    try:
        async with PoliteClient(manners) as client:
            return together(await asyncio.gather(*(one(client, part) for part in parts)))
    except DownloadError as error:
        raise DownloadError(
            error.what,
            where=error.where,
            advice="Try again later, or with a shorter time; or replay collectors.",
        ) from error


def _without_zone(second: int) -> str:
    """RIPEstat takes times without a zone, and reads them as UTC."""
    return iso(second).removesuffix("Z")


def _write(answer: Answer, who: str, places: Endpoints, held: Lease) -> Path:
    """The answer as files in the cache; returns their folder."""
    public = places.ripestat_url == Endpoints.model_fields["ripestat_url"].default
    above = held.folder / archive_folder("ripestat", places.ripestat_url, public=public)
    name = stretch_name(answer.begin, answer.end)
    folder = above / name.replace("bgplay", who)
    files = {folder / reconstruction.NAME: json.dumps({"reconstruction": False, "note": NOTE}).encode()}
    files |= {folder / c / name: records for c, records in collector_records(answer).items()}
    held.hold(files)
    held.make_room(sum(map(len, files.values())))
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part_of(path).write_bytes(content)
            part_of(path).replace(path)
        for left in set(folder.glob(f"*/{name}")) - set(files):
            # Of an earlier answer, which knew a collector that this one does not.
            left.unlink(missing_ok=True)
    except OSError as error:
        raise NightsideError(
            f"cannot be written: {error.strerror}",
            where=str(folder),
            advice="Name another folder with NIGHTSIDE_CACHE.",
        ) from error
    return folder
