"""Findings on their way to those who hear of them: in order, each until it was taken, beside the daemon's own work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from nightside.engine.live.watcher import Found
from nightside.model.errors import LeaseLostError, NightsideError
from nightside.sources.stream import pauses


async def _to_nobody(_found: Found) -> None:
    """There is nobody who could hear of it without a store."""


@dataclass
class Telling:
    """Findings by their numbers; `told` hears of each number that is through."""

    tell: Callable[[Found], Awaitable[None]]
    told: Callable[[int], None]
    warn: Callable[[str], None]
    wait: Callable[[], Iterator[float]] = pauses
    tell_unstored: Callable[[Found], Awaitable[None]] = _to_nobody
    """Is given, in order, what waits while the first cannot be kept. Each goes to `tell` later all the same."""
    _waiting: deque[tuple[int, Found]] = field(default_factory=deque)
    _ahead: int = 0
    """How many of those that wait `tell_unstored` was given."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, number: int, found: Found) -> None:
        """One finding more."""
        self._waiting.append((number, found))
        self._news.set()

    @property
    def waiting(self) -> list[tuple[int, Found]]:
        """What is not told yet, that which is being told too."""
        return list(self._waiting)

    async def run(self) -> None:
        """Tell for ever. What cannot be kept (a full disk, a store that another program holds) is tried again.

        Raises LeaseLostError where another program tells by now.
        """
        while True:
            while self._waiting:
                number, found = self._waiting[0]
                await self._through(found)
                self._waiting.popleft()
                self._ahead = max(self._ahead - 1, 0)
                self.told(number)
            self._news.clear()
            await self._news.wait()

    async def _through(self, found: Found) -> None:
        waits: Iterator[float] | None = None
        while True:
            try:
                await self.tell(found)
            except LeaseLostError:
                # Another tells it.
                raise
            except (NightsideError, OSError) as error:
                if waits is None:
                    waits = self.wait()
                    self.warn(f"{error}: what is found is told without being stored; that is tried again")
                await self._meanwhile(next(waits))
            else:
                if waits is not None:
                    self.warn("what was found is stored again")
                return

    async def _meanwhile(self, pause_s: float) -> None:
        """Let this time pass; what waits, and what comes, is told to those who need no store."""
        until = asyncio.get_running_loop().time() + pause_s
        while True:
            self._news.clear()
            while self._ahead < len(self._waiting):
                await self.tell_unstored(self._waiting[self._ahead][1])
                self._ahead += 1
            try:
                async with asyncio.timeout_at(until):
                    await self._news.wait()
            except TimeoutError:
                return
