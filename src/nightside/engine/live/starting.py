"""Where a watch starts: the newest tables and what came since, on disk or from the archives, before the stream."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from nightside.engine.fetch_each import Fetched, fetch_each
from nightside.engine.fetching import GIB, Told
from nightside.engine.files import covers_until
from nightside.engine.live.reading import FileReader, Warn
from nightside.engine.live.watcher import Found, Watcher
from nightside.model.errors import NightsideError
from nightside.model.instants import iso
from nightside.sources.archive_names import RIS_CADENCE_S
from nightside.sources.cache import Lease, lease, lease_aside
from nightside.sources.endpoints import Endpoints
from nightside.sources.layout import InputFile, find_inputs
from nightside.sources.polite_http import Manners

DEFAULT_COLLECTORS = ("rrc00", "rrc11", "rrc15", "rrc19", "rrc23")
"""Whom a watch hears where nobody is named; why these, and what they do not see: docs/live.md, Starting."""


def start_from(watcher: Watcher, inputs: Sequence[Path], warn: Warn) -> dict[str, int]:
    """Read these files or folders, and take every collector for lost where its files end.

    Returns by collector the second before which its files tell what happened: until the stream begins, nobody knows
    what it did. Of sessions that the stream names too, the stream's go on where the table's have ended. Raises what
    finding the input raises.
    """
    found = find_inputs(list(inputs))
    last: dict[str, int] = {}
    for collector, files in sorted(_by_collector(found.files).items()):
        reader = FileReader(watcher, collector, warn)
        to_come = sorted(found.gaps(collector))
        for file in files:
            while to_come and file.nominal is not None and file.nominal >= to_come[0][0]:
                watcher.live.gap(collector, *to_come.pop(0))
            reader.read(file)
        ends = max((covers_until(f) or f.nominal or 0 for f in files), default=0)
        last[collector] = max(ends, watcher.live.collector(collector).table.now)
    for collector, second in last.items():
        watcher.live.collector(collector).table.close(second)
        watcher.live.lost(collector, second)
    return last


def start_by_name(
    watcher: Watcher,
    collectors: Sequence[str],
    places: Endpoints,
    warn: Warn,
    told: Told | None = None,
    *,
    now: Callable[[], float] = time.time,
    manners: Manners | None = None,
) -> dict[str, int]:
    """Fetch the newest table of each collector and what came since, and start from that (`start_from`).

    Returns by collector the second before which its archive tells what happened. A collector whose archive gives
    nothing is warned of and is not in it: what its sessions have becomes known when they send it anew. `told` hears
    how far the fetching has come. Where the cache cannot be used, it is as if no archive had anything.
    """
    told = told or Told(warn=warn)
    begin = int(now())

    def fetch(names: Sequence[str], until: int, held: Lease) -> Fetched:
        return asyncio.run(
            fetch_each(names, begin, until, places=places, held=held, told=told, manners=manners)
        )

    with ExitStack() as leased:
        try:
            held = leased.enter_context(lease(places.cache_folder, int(places.cache_gib * GIB)))
        except NightsideError as error:
            warn(f"starts without tables: {_first_line(error)}")
            return {}
        fetched = fetch(collectors, begin + 1, held)
        for collector, failure in fetched.failed.items():
            warn(f"{collector}: starts without a table: {_first_line(failure)}")
        if int(now()) - begin >= RIS_CADENCE_S and fetched.files:
            # Tables take their time, and the archives went on.
            again = fetch(list(fetched.files), int(now()) + 1, held)
            fetched.files.update(again.files)
        return start_from(watcher, fetched.paths, warn) if fetched.paths else {}


async def catch_up(
    watcher: Watcher,
    since: Mapping[str, int],
    places: Endpoints,
    warn: Warn,
    tell: Callable[[Found], Awaitable[None]],
    told: Told | None = None,
    *,
    now: Callable[[], float] = time.time,
    manners: Manners | None = None,
) -> dict[str, int]:
    """What happened while nobody listened, from the archives; then every collector is lost until its stream is back.

    `since` is by collector the last second of which all is known: what is dated later is taken from the archive, in
    its order. Time comes as far as the archives do; `tell` is awaited for everything that is found on the way.

    Returns by collector the second before which its archive tells what happened; where it has nothing, the second
    behind the last that was known. Where the cache cannot be used, it is as if no archive had anything.
    """
    told = told or Told(warn=warn)
    reached = {collector: second + 1 for collector, second in since.items()}
    begin = min(since.values(), default=int(now())) + 1
    async with AsyncExitStack() as leased:
        fetched = Fetched({}, {})
        try:
            cache = lease_aside(places.cache_folder, int(places.cache_gib * GIB))
            held = await leased.enter_async_context(cache)
        except NightsideError as error:
            warn(f"cannot catch up: {_first_line(error)}")
        else:
            fetched = await fetch_each(
                sorted(since),
                begin,
                None,
                places=places,
                held=held,
                told=told,
                manners=manners,
                updates_only=True,
            )
        for collector, failure in fetched.failed.items():
            warn(f"{collector}: cannot catch up: {_first_line(failure)}")
        files = _telling(fetched, since)
        left = Counter(file.collector for _nominal, file in files)
        for collector in sorted(since.keys() - left.keys()):
            _lost(watcher, collector, reached[collector])
        readers = {collector: FileReader(watcher, collector, warn) for collector in left}
        for collector in left:
            # It was silent to us, not to its archive.
            watcher.live.back(collector, since[collector] + 1)
        for nominal, file in files:
            collector = file.collector
            if nominal > reached[collector]:
                warn(f"{collector}: no updates from {iso(reached[collector])} to {iso(nominal)}")
                watcher.live.gap(collector, reached[collector], nominal)
            readers[collector].read(file, since[collector] + 1)
            reached[collector] = max(reached[collector], covers_until(file) or 0)
            left[collector] -= 1
            if not left[collector]:
                _lost(watcher, collector, reached[collector])
            # As far as nothing is left to be read, nor to be known as missing.
            due = min((reached[c] for c, n in left.items() if n), default=max(reached.values()))
            await _come(watcher, due - 1, tell)
    return reached


async def _come(watcher: Watcher, until: int, tell: Callable[[Found], Awaitable[None]]) -> None:
    """Time comes second by second, as it would have: what is told depends on what is known by then."""
    for second in range(watcher.until_s + 1 if watcher.until_s else until, until + 1):
        for found in watcher.until(second):
            await tell(found)
    await asyncio.sleep(0)


def _lost(watcher: Watcher, collector: str, second: int) -> None:
    watcher.live.lost(collector, max(second, watcher.until_s + 1))


def _telling(fetched: Fetched, since: Mapping[str, int]) -> list[tuple[int, InputFile]]:
    """The files that tell of what came later, each with its time, in the order of time."""
    if not fetched.paths:
        return []
    return sorted(
        (
            (file.nominal, file)
            for file in find_inputs(fetched.paths).files
            if file.nominal is not None and (covers_until(file) or 0) > since[file.collector] + 1
        ),
        key=lambda found: (found[0], found[1].collector),
    )


def _by_collector(files: Sequence[InputFile]) -> dict[str, list[InputFile]]:
    found: dict[str, list[InputFile]] = {}
    for file in files:
        found.setdefault(file.collector, []).append(file)
    return found


def _first_line(error: NightsideError) -> str:
    return str(error).splitlines()[0]
