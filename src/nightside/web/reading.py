"""Threads that read the store, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from nightside.store.location import open_store
from nightside.store.protocol import Store
from nightside.web.errors import BusyError

T = TypeVar("T")


class Readers:
    """A few threads, each with the store open for itself; a bounded number of requests may wait for them."""

    def __init__(self, folder: Path, *, threads: int, waiting: int, name: str) -> None:
        self._folder = folder
        self._own = threading.local()
        self._opened: list[Store] = []
        self._room = threads + waiting
        self._inside = 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"nightside-{name}")

    async def run(self, ask: Callable[[Store], T]) -> T:
        """What `ask` says of the store. Raises BusyError where too many wait already."""
        if self._inside >= self._room:
            raise BusyError("too many requests are waiting", advice="Try again in a second.")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, ask)
        finally:
            self._inside -= 1

    def _ask(self, ask: Callable[[Store], T]) -> T:
        store: Store | None = getattr(self._own, "store", None)
        if store is None:
            store = open_store(self._folder)
            self._own.store = store
            self._opened.append(store)
        return ask(store)

    def close(self) -> None:
        """Wait for those inside, and let go of the store."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._opened.clear()
