"""What a stream missed, from the archives: once they have the files of a gap, it is known what it hid.

Without that a loss that began in a gap would never be known: no stream tells anew what it has told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nightside.engine.fetch_each import fetch_each
from nightside.engine.fetching import GIB, Told
from nightside.engine.files import covers_until
from nightside.engine.live.mistakes import of_ours
from nightside.engine.live.watcher import Watcher
from nightside.model.elements import Columns, Peer
from nightside.model.errors import NightsideError
from nightside.model.instants import iso
from nightside.routing.missed import Missed
from nightside.sources.archive_paths import is_ris
from nightside.sources.cache import lease_aside
from nightside.sources.endpoints import Endpoints
from nightside.sources.layout import find_inputs
from nightside.sources.local import Pieces
from nightside.sources.polite_http import Manners
from nightside.sources.stream import Batch, KeptColumns, Status, joined, kept, taken
from nightside.wire.decoder import Decoder

LOOK_EVERY_S = 60.0
FILES_AFTER_S = 360
"""Five minutes of updates are in a file; before this long nobody need ask for it."""
GIVE_UP_S = 6 * 3600
"""What the archives do not have after so long is left unknown."""
BEFORE_S, AFTER_S = 180, 30
"""So much around a gap is read: a stream that has ended is noticed later, and one that begins does so bit by bit."""
ASK_AGAIN_S = 300.0


@dataclass(frozen=True)
class _Gap:
    """One to be filled."""

    collector: str
    begin: int
    end: int


class Archived:
    """Whom an archive has, and so whose gaps can be filled: the collectors of RIS."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and is_ris(name)


class Filling:
    """A source: the gaps of the other sources, each as one batch (`Batch.fills`)."""

    def __init__(
        self,
        watcher: Callable[[], Watcher],
        places: Endpoints,
        warn: Callable[[str], None],
        *,
        now: Callable[[], float] = time.time,
        manners: Manners | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`watcher` is asked anew each time; its `live.archived` are the collectors whose gaps are filled."""
        self._watcher, self._places, self._warn = watcher, places, warn
        self._now, self._manners, self._look_every_s = now, manners, look_every_s
        self._not_before: dict[str, float] = {}

    async def values(self) -> AsyncGenerator[Batch | Status, None]:
        """For ever: what the archives have come to have."""
        while True:
            for gap in list(self._gaps()):
                batch = await self._fill(gap)
                if batch is not None:
                    yield batch
            await asyncio.sleep(self._look_every_s)

    def _gaps(self) -> Iterator[_Gap]:
        now = self._now()
        for name, collector in self._watcher().live.collectors.items():
            missed = collector.missed
            if missed is None or missed.end is None or now < self._not_before.get(name, 0.0):
                continue
            if now > missed.end + GIVE_UP_S:
                collector.missed = None
                self._warn(f"{name}: {_when(missed)}: what happened stays unknown: no archive has it")
            elif now >= missed.end + FILES_AFTER_S:
                yield _Gap(name, missed.begin, missed.end)

    async def _fill(self, gap: _Gap) -> Batch | None:
        self._not_before[gap.collector] = self._now() + ASK_AGAIN_S
        begin, end = gap.begin - BEFORE_S, gap.end + AFTER_S
        try:
            async with lease_aside(self._places.cache_folder, int(self._places.cache_gib * GIB)) as held:
                fetched = await fetch_each(
                    [gap.collector],
                    begin,
                    end,
                    places=self._places,
                    held=held,
                    told=Told(),
                    manners=self._manners,
                    updates_only=True,
                )
                return await asyncio.to_thread(_read, gap, fetched.paths, begin, end, self._now())
        except (NightsideError, OSError) as error:
            why = str(error).splitlines()[0]
        except Exception as error:  # a gap that stays a gap is better than no watch
            why = of_ours(error)
        self._warn(f"{gap.collector}: cannot know yet what a gap hid: {why}")
        return None


def _read(gap: _Gap, paths: list[Path], begin: int, end: int, now_s: float) -> Batch | None:
    """All elements of the gap in one batch; None where the archive lacks a part of it."""
    if not paths:
        return None
    files = sorted(find_inputs(paths).files, key=lambda file: file.nominal or 0)
    reached = begin
    for file in files:
        if (file.nominal or 0) <= reached:
            reached = max(reached, covers_until(file) or 0)
    if reached < end:
        return None
    decoder, parts = Decoder(), []
    for file in files:
        decoder.start(str(file.path))
        for piece in Pieces(file.path):
            parts += [_within(columns, begin, end) for columns in decoder.feed(piece)]
        parts += [_within(columns, begin, end) for columns in decoder.finish()]
    peers: list[Peer] = list(decoder.peers)
    return Batch(gap.collector, peers, joined(parts), now_s, fills=True)


def _within(columns: Columns, begin: int, end: int) -> KeptColumns:
    """The elements of this time, in memory of their own."""
    second = columns.time_us[: columns.count] // 1_000_000
    return kept(taken(columns, np.flatnonzero((second >= begin) & (second <= end))))


def _when(missed: Missed) -> str:
    return f"{iso(missed.begin)} to {iso(missed.end or missed.begin)}"
