"""The daemon: values of live sources in, findings out, second by second.

All sources write to one bounded queue, so that a full one makes them wait. Time comes by a clock, a few seconds
late, so that what is a little late is in order; it comes too while nobody says anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Protocol

from nightside.engine.live.watcher import Found, Watcher
from nightside.sources.stream import Batch, Source, Status

LATENESS_S = 2.0
"""What comes no later than this counts in its own second."""
AHEAD_S = 60
"""Elements dated so far ahead of our clock are left out."""
MOST_WAITING = 256
"""Values that wait in the queue; more make the sources wait."""


class Clock(Protocol):
    """What time it is, and how to wait for some."""

    def time(self) -> float:
        """Seconds since the epoch."""

    async def next(self, queue: asyncio.Queue[Batch | Status], within_s: float) -> Batch | Status | None:
        """The next value of the queue; None where none comes in this time."""


class WallClock:
    """The clock on the wall."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def next(self, queue: asyncio.Queue[Batch | Status], within_s: float) -> Batch | Status | None:
        """The next value of the queue; None where none comes in this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await queue.get()
        return None


@dataclass
class DaemonFigures:
    """What the daemon has done so far."""

    elements: int = 0
    batches: int = 0
    found: int = 0
    up: dict[str, str] = field(default_factory=dict)
    """Of each collector that is not heard, why; of those that are, nothing."""


class Daemon:
    """Runs until all sources have ended, or it is cancelled."""

    def __init__(
        self,
        watcher: Watcher,
        sources: Sequence[Source],
        tell: Callable[[Found], Awaitable[None]],
        *,
        clock: Clock | None = None,
        lateness_s: float = LATENESS_S,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """`tell` is awaited for everything that is found, in order; `warn` hears what becomes of collectors."""
        self.watcher, self._sources, self._tell = watcher, sources, tell
        self._clock: Clock = clock or WallClock()
        self._lateness_s, self._warn = lateness_s, warn
        self.figures = DaemonFigures()
        self._queue: asyncio.Queue[Batch | Status] = asyncio.Queue(MOST_WAITING)

    async def run(self) -> None:
        """Play the sources; raises what a source raises."""
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(self._read(source)) for source in self._sources]
            while not (self._queue.empty() and all(r.done() for r in readers)):
                value = await self._clock.next(self._queue, self._until_next_second())
                if value is not None:
                    self._take(value)
                await self.come(self._clock.time())

    async def come(self, now_s: float) -> None:
        """Let time come, and tell what is new."""
        second = int(now_s - self._lateness_s) - 1
        if second <= self.watcher.until_s:
            return
        for found in self.watcher.until(second):
            self.figures.found += 1
            await self._tell(found)

    def _until_next_second(self) -> float:
        return max(self.watcher.until_s + 2 + self._lateness_s - self._clock.time(), 0.01)

    async def _read(self, source: Source) -> None:
        values = source.values()
        async with aclosing(values) as stream:
            async for value in stream:
                await self._queue.put(value)

    def _take(self, value: Batch | Status) -> None:
        live = self.watcher.live
        if isinstance(value, Batch):
            table = live.collector(value.collector).table
            if table.away:
                self._back(value.collector, value.received_s)
            self.figures.batches += 1
            self.figures.elements += value.columns.count
            latest = int(self._clock.time()) + AHEAD_S
            live.apply(value.collector, value.peers, value.columns, 0, latest)
            return
        known = value.collector in self.figures.up
        if value.up:
            if known:
                self._warn(f"{value.collector}: heard again: {value.why}")
            self._back(value.collector, value.at_s)
        else:
            if not known:
                self._warn(f"{value.collector}: not heard, its peers are unknown: {value.why}")
            self.figures.up[value.collector] = value.why
            table = live.collector(value.collector).table
            live.lost(value.collector, max(int(value.at_s), table.now, self.watcher.until_s + 1))

    def _back(self, collector: str, at_s: float) -> None:
        self.figures.up.pop(collector, None)
        self.watcher.live.back(collector, max(int(at_s), self.watcher.until_s + 1))
