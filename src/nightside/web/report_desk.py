"""Where reports are handed in: how much may come, how often, and the one thread that has them stored."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nightside.model.errors import InputError, NightsideError, UsageError
from nightside.model.token import Token
from nightside.web.desk import CannotStoreError
from nightside.web.errors import ApiError, BusyError
from nightside.web.limits import Buckets, Limits

Attach = Callable[[str, str, bytes, bytes], dict[str, Any]]
"""Attaches a document of reports to the incident of this id, by the token of this name and digest; the answer.

Raises InputError for what is no report, UsageError for what cannot be attached, or NightsideError, and has stored
nothing.
"""

BODY_BYTES = 256 << 10
WAITING = 8
"""So many documents may wait until those before them are stored."""
PER_TOKEN = Limits(requests_per_s=0.2, burst=20)
"""Reports are written by people, or for them."""

log = logging.getLogger("nightside.web")


class NoReportError(ApiError):
    """What came is no report, or none that can be attached."""

    status = 422


class ReportDesk:
    """One thread that writes, a bounded queue before it, and who may come how often."""

    def __init__(self, attach: Attach) -> None:
        self._attach = attach
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nightside-reports")
        self._buckets = Buckets(PER_TOKEN)

    def may_come(self, name: str) -> bool:
        """Whether the token of this name has not come too often."""
        return self._buckets.take(name, time.monotonic())

    async def attach(self, incident_id: str, token: Token, body: bytes) -> dict[str, Any]:
        """Read and attach. Raises BusyError, NoReportError, CannotStoreError."""
        if self._waiting >= WAITING:
            raise BusyError("too many hand in reports at once", advice="Try again in a second.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._attached(incident_id, token, body)
            )
        finally:
            self._waiting -= 1

    def _attached(self, incident_id: str, token: Token, body: bytes) -> dict[str, Any]:
        try:
            return self._attach(incident_id, token.name, token.digest, body)
        except (InputError, UsageError) as error:
            raise NoReportError(error.what, where=error.where, advice=error.advice) from None
        except NightsideError as error:
            # The store's own words name files of this machine: they go to the log, not to whoever asks.
            log.error("reports of %s were not stored: %s", token.name, error)
            raise CannotStoreError(
                "the store cannot be written now; nothing was stored", advice="Hand them in again later."
            ) from error

    def close(self) -> None:
        """Wait for the one that is being stored."""
        self._thread.shutdown(wait=True, cancel_futures=True)
