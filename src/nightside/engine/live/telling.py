"""Findings on their way to those who hear of them: in order, each until it was taken, beside the daemon's own work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from nightside.engine.live.watcher import Found
from nightside.model.errors import NightsideError
from nightside.sources.stream import pauses


@dataclass
class Telling:
    """Findings by their numbers; `told` hears of each number that is through."""

    tell: Callable[[Found], Awaitable[None]]
    told: Callable[[int], None]
    warn: Callable[[str], None]
    wait: Callable[[], Iterator[float]] = pauses
    _waiting: deque[tuple[int, Found]] = field(default_factory=deque)
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
        """Tell for ever. What cannot be kept (a full disk, a store that another program holds) is tried again."""
        while True:
            while self._waiting:
                number, found = self._waiting[0]
                await self._through(found)
                self._waiting.popleft()
                self.told(number)
            self._news.clear()
            await self._news.wait()

    async def _through(self, found: Found) -> None:
        waits: Iterator[float] | None = None
        while True:
            try:
                await self.tell(found)
            except (NightsideError, OSError) as error:
                if waits is None:
                    waits = self.wait()
                    self.warn(f"{error}: what is found waits, and is tried again")
                await asyncio.sleep(next(waits))
            else:
                if waits is not None:
                    self.warn("what was found is told again")
                return
