"""The way to the store for those who write: one thread, a bounded queue before it, and who may come how often."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nightside.model.errors import NightsideError
from nightside.model.token import Token
from nightside.web.errors import RETRY, ApiError, BusyError, TooManyError
from nightside.web.limits import Buckets

WAITING = 8
"""So many requests may wait until those before them are stored."""

T = TypeVar("T")

log = logging.getLogger("nightside.web")


class CannotStoreError(ApiError):
    """The store cannot be written now."""

    status = 503
    headers = RETRY


class WritingQueue:
    """One thread that writes, and those who wait for it. `what` is written (`reports`), `who` waits."""

    def __init__(self, what: str, who: str) -> None:
        self._what, self._who = what, who
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"nightside-{what}")

    async def queued(self, token: Token, store: Callable[[], T]) -> T:
        """What `store` answers, in the thread that writes. Raises BusyError, CannotStoreError, and any ApiError of it.

        Where `store` raises another NightsideError, it has stored nothing.
        """
        if self._waiting >= WAITING:
            raise BusyError(f"too many {self._who} at once", advice="Try again in a second.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._stored(token, store)
            )
        finally:
            self._waiting -= 1

    def _stored(self, token: Token, store: Callable[[], T]) -> T:
        try:
            return store()
        except ApiError:
            raise
        except NightsideError as error:
            # The store's own words name files of this machine: they go to the log, not to whoever asks.
            log.error("%s of %s were not stored: %s", self._what, token.name, error)
            raise CannotStoreError(
                "the store cannot be written now; nothing was stored", advice="Hand them in again later."
            ) from error

    def close(self) -> None:
        """Wait for the one that is being stored."""
        self._thread.shutdown(wait=True, cancel_futures=True)


def spend(buckets: Buckets, token: Token, what: str, *, advice: str, cost: float = 1.0) -> None:
    """Raises TooManyError, which says `what`, where the token may not have so much more now."""
    now = time.monotonic()
    if not buckets.take(token.name, now, cost):
        raise TooManyError(what, advice=advice, wait_s=buckets.wait_s(token.name, now, cost))
