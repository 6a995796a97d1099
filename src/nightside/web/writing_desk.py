"""Where people write: reports and acknowledgements come here, as often as their tokens may, and one at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from nightside.model.errors import InputError, NightsideError, UsageError
from nightside.model.token import Token
from nightside.web.desk import CannotStoreError
from nightside.web.errors import ApiError, BusyError, TooManyError
from nightside.web.limits import Buckets, Limits

WAITING = 8
"""So many requests may wait until those before them are stored."""
PER_TOKEN = Limits(requests_per_s=0.2, burst=20)
"""What comes here is written by people, or for them."""

Json = dict[str, Any]
Attach = Callable[[str, str, bytes, bytes], Json]
"""Attaches a document of reports to the incident of this id, by the token of this name and digest; the answer.

Raises InputError for what is no report, UsageError for what cannot be attached, or NightsideError, and has stored
nothing.
"""

log = logging.getLogger("nightside.web")


class RefusedError(ApiError):
    """What came cannot be stored as it is."""

    status = 422


class Acknowledging(Protocol):
    """Keeps who has seen incidents. Raises as `Attach`, and has then stored nothing."""

    def acknowledge(self, incident_id: str, name: str, digest: bytes, body: bytes, /) -> Json:
        """Keep what a body says, by the token of this name and digest; the answer."""

    def withdraw(self, incident_id: str, id: str, name: str, digest: bytes, /) -> Json | None:
        """Take back what the token of this name gave; the answer, None where it gave none of this id."""


S = TypeVar("S")


class WritingDesk(Generic[S]):
    """One thread that writes, a bounded queue before it, and who may come how often.

    `what` is written (`reports`), `stores` is what stores it.
    """

    def __init__(self, what: str, stores: S) -> None:
        self._what, self.stores = what, stores
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"nightside-{what}")
        self._buckets = Buckets(PER_TOKEN)

    def admit(self, token: Token) -> None:
        """Raises TooManyError where the token has come too often."""
        now = time.monotonic()
        if not self._buckets.take(token.name, now):
            raise TooManyError(
                f"this token hands in {self._what} too often",
                advice="Wait as long as Retry-After says.",
                wait_s=self._buckets.wait_s(token.name, now),
            )

    async def write(self, token: Token, store: Callable[[], Json]) -> Json:
        """What `store` answers, in the thread that writes. Raises BusyError, RefusedError, CannotStoreError.

        `store` raises InputError or UsageError for what is refused, else NightsideError, and has then stored nothing.
        """
        if self._waiting >= WAITING:
            raise BusyError(f"too many hand in {self._what} at once", advice="Try again in a second.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._stored(token, store)
            )
        finally:
            self._waiting -= 1

    def _stored(self, token: Token, store: Callable[[], Json]) -> Json:
        try:
            return store()
        except ApiError:
            raise
        except (InputError, UsageError) as error:
            raise RefusedError(error.what, where=error.where, advice=error.advice) from None
        except NightsideError as error:
            # The store's own words name files of this machine: they go to the log, not to whoever asks.
            log.error("%s of %s were not stored: %s", self._what, token.name, error)
            raise CannotStoreError(
                "the store cannot be written now; nothing was stored", advice="Hand them in again later."
            ) from error

    def close(self) -> None:
        """Wait for the one that is being stored."""
        self._thread.shutdown(wait=True, cancel_futures=True)
