"""Threads that read the store, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nightside.store.protocol import Store
from nightside.web.errors import BusyError

T = TypeVar("T")


class Readers:
    """A few threads that read one store; a bounded number of requests may wait for them."""

    def __init__(self, store: Store, *, threads: int, waiting: int, name: str) -> None:
        self._store = store
        self._room = threads + waiting
        self._inside = 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"nightside-{name}")

    async def run(self, ask: Callable[[Store], T]) -> T:
        """What `ask` says of the store. Raises BusyError where too many wait already."""
        if self._inside >= self._room:
            raise BusyError("too many requests are waiting", advice="Try again in a second.")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, ask, self._store)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Wait for those inside."""
        self._threads.shutdown(wait=True, cancel_futures=True)
