"""What is new in the store: one watcher looks, and tells all who listen."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nightside.model.errors import NightsideError
from nightside.model.state import Change
from nightside.web.errors import BusyError, TooManyError
from nightside.web.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nightside.web.memory import Memory
    from nightside.web.reading import Readers

log = logging.getLogger("nightside.web")

LOOK_EVERY_S = 1.0
MOST_WAITING = 16
"""Batches of changes that wait for one slow listener; one that is slower is sent away, and may come back."""

Batch = list[Change]


class News:
    """The listeners, and the watcher that serves them all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._listeners: dict[asyncio.Queue[Batch | None], str] = {}
        self._by_client: Counter[str] = Counter()

    async def watch(self, memory: Memory, readers: Readers) -> None:
        """Look for changes for ever: bring memory up to date, then tell everybody."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                changes = await readers.run(memory.refresh)
            except NightsideError as error:
                # Answers go on from what is in memory; the store may be back at the next look.
                log.error("%s", error)
                continue
            if changes:
                self.tell(changes)

    def tell(self, changes: Batch) -> None:
        """Hand the changes to all listeners."""
        for queue in list(self._listeners):
            if queue.full():
                self._send_away(queue)
            else:
                queue.put_nowait(changes)

    def _send_away(self, queue: asyncio.Queue[Batch | None]) -> None:
        self._forget(queue)
        queue.get_nowait()
        queue.put_nowait(None)

    def require_room(self, client: str) -> None:
        """Raises TooManyError or BusyError where no more may listen."""
        if self._by_client[client] >= self._limits.streams_per_client:
            raise TooManyError("too many open streams of one client", advice="Close one.")
        if len(self._listeners) >= self._limits.streams:
            raise BusyError("too many open streams", advice="Try again later.")

    @contextmanager
    def listening(self, client: str) -> Iterator[AsyncIterator[Batch]]:
        """The changes from now on, batch by batch, until this listener is too slow."""
        queue: asyncio.Queue[Batch | None] = asyncio.Queue(MOST_WAITING)
        self._listeners[queue] = client
        self._by_client[client] += 1
        try:
            yield _batches(queue)
        finally:
            self._forget(queue)

    def _forget(self, queue: asyncio.Queue[Batch | None]) -> None:
        client = self._listeners.pop(queue, None)
        if client is not None:
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]


async def _batches(queue: asyncio.Queue[Batch | None]) -> AsyncIterator[Batch]:
    while (batch := await queue.get()) is not None:
        yield batch
