"""What is new in the store: one watcher looks, and tells all who listen.

What is told is made once for all. A listener costs nothing while nothing happens, but for a sign of life now and then;
their turns are spread, so that many of them do not stand in the way of answers at one instant.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nightside.model.errors import NightsideError
from nightside.model.state import Change
from nightside.web.errors import BusyError, TooManyError
from nightside.web.event_bytes import Made, made_of
from nightside.web.limits import Limits

if TYPE_CHECKING:
    from nightside.web.memory import Memory
    from nightside.web.reading import Readers

log = logging.getLogger("nightside.web")

LOOK_EVERY_S = 1.0
ALIVE_EVERY = 20
"""Looks between two signs of life: what stands between cuts a silent line after a minute, often."""
MOST_WAITING = 16
"""Batches that wait for one slow listener; one that is slower is sent away, and may come back."""

NOTHING_NEW: Made = ()
"""A sign of life."""


@dataclass(frozen=True, slots=True, eq=False)
class _Listener:
    client: str
    turn: int
    waiting: asyncio.Queue[Made | None]


class News:
    """The listeners, and the watcher that serves them all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._listeners: dict[_Listener, None] = {}
        self._by_client: Counter[str] = Counter()
        self._came = 0
        self._looks = 0

    async def watch(self, memory: Memory, readers: Readers) -> None:
        """Look for changes for ever: bring memory up to date, then tell everybody."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.show_life()
            try:
                changes = await readers.run(memory.refresh)
            except NightsideError as error:
                # Answers go on from what is in memory; the store may be back at the next look.
                log.error("%s", error)
                continue
            if changes:
                self.tell(changes)

    def tell(self, changes: list[Change]) -> None:
        """Hand the changes to all listeners."""
        made = made_of(changes)
        for listener in list(self._listeners):
            self._hand(listener, made)

    def show_life(self) -> None:
        """Give a sign of life to those whose turn it is, and who have nothing waiting."""
        self._looks += 1
        turn = self._looks % ALIVE_EVERY
        for listener in [one for one in self._listeners if one.turn == turn]:
            if listener.waiting.empty():
                self._hand(listener, NOTHING_NEW)

    def _hand(self, listener: _Listener, made: Made) -> None:
        if listener.waiting.full():
            self._forget(listener)
            listener.waiting.get_nowait()
            listener.waiting.put_nowait(None)
        else:
            listener.waiting.put_nowait(made)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def require_room(self, client: str) -> None:
        """Raises TooManyError or BusyError where no more may listen."""
        if self._by_client[client] >= self._limits.streams_per_client:
            raise TooManyError("too many open streams of one client", advice="Close one.")
        if len(self._listeners) >= self._limits.streams:
            raise BusyError("too many open streams", advice="Try again later.")

    @contextmanager
    def listening(self, client: str) -> Iterator[AsyncIterator[Made]]:
        """What is new from now on, batch by batch, until this listener is too slow."""
        self._came += 1
        listener = _Listener(client, self._came % ALIVE_EVERY, asyncio.Queue(MOST_WAITING))
        self._listeners[listener] = None
        self._by_client[client] += 1
        try:
            yield _batches(listener.waiting)
        finally:
            self._forget(listener)

    def _forget(self, listener: _Listener) -> None:
        if listener not in self._listeners:
            return
        del self._listeners[listener]
        self._by_client[listener.client] -= 1
        if not self._by_client[listener.client]:
            del self._by_client[listener.client]


async def _batches(queue: asyncio.Queue[Made | None]) -> AsyncIterator[Made]:
    while (batch := await queue.get()) is not None:
        yield batch
