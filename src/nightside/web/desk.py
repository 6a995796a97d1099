"""Where results are handed in: how much may come, how often, and the one thread that has it stored."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from nightside.model.errors import NightsideError
from nightside.model.handed_in import HandedIn
from nightside.model.token import Token
from nightside.web.errors import RETRY, ApiError, BusyError, TooLargeError, TooManyError
from nightside.web.limits import Buckets, Limits

Take = Callable[[str, bytes, Sequence[bytes]], HandedIn]
"""Stores lines as results of a place, whose token has this digest; or raises NightsideError, and has stored nothing."""

BODY_BYTES = 4 << 20
"""As it comes over the line."""
UNPACKED_BYTES = 16 << 20
MOST_LINES = 10_000
WAITING = 8
"""So many bodies may wait until those before them are stored."""
PER_PLACE = Limits(requests_per_s=1.0, burst=30)
LINES_PER_PLACE = Limits(requests_per_s=1_000.0, burst=60_000)
"""2,000 targets of five kinds once a minute are 170 a second; what waited for an hour comes in ten minutes."""

log = logging.getLogger("nightside.web")


class BadBodyError(ApiError):
    """The body is not what its headers say."""

    status = 400


class CannotStoreError(ApiError):
    """The store cannot be written now."""

    status = 503
    headers = RETRY


class Desk:
    """Where results are handed in: one thread that writes, a bounded queue before it, and who may come how often."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nightside-desk")
        self._buckets, self._lines = Buckets(PER_PLACE), Buckets(LINES_PER_PLACE)

    def admit(self, token: Token) -> None:
        """Raises TooManyError where the place has come too often."""
        now = time.monotonic()
        if not self._buckets.take(token.name, now):
            raise TooManyError(
                "this place hands in results too often",
                advice="Hand in more at a time.",
                wait_s=self._buckets.wait_s(token.name, now),
            )

    async def take(self, token: Token, body: bytes, *, zipped: bool) -> HandedIn:
        """Unpack and store. Raises BusyError, TooManyError, CannotStoreError, and as `lines_of`."""
        if self._waiting >= WAITING:
            raise BusyError("too many places hand in results at once", advice="Try again in a second.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._stored(token, lines_of(body, zipped=zipped))
            )
        finally:
            self._waiting -= 1

    def _stored(self, token: Token, lines: Sequence[bytes]) -> HandedIn:
        now, count = time.monotonic(), sum(map(bool, lines))
        if not self._lines.take(token.name, now, count):
            raise TooManyError(
                "this place hands in too many results",
                advice="Hand in the rest as time goes on.",
                wait_s=self._lines.wait_s(token.name, now, count),
            )
        try:
            return self._take(token.name, token.digest, lines)
        except NightsideError as error:
            # The store's own words name files of this machine: they go to the log, not to whoever asks.
            log.error("results of %s were not stored: %s", token.name, error)
            raise CannotStoreError(
                "the store cannot be written now; nothing was stored", advice="Hand them in again later."
            ) from error

    def close(self) -> None:
        """Wait for the one that is being stored."""
        self._thread.shutdown(wait=True, cancel_futures=True)


def lines_of(body: bytes, *, zipped: bool) -> list[bytes]:
    """The lines of a body, empty ones too, unpacked no further than `UNPACKED_BYTES`.

    Raises BadBodyError where it is not gzip (RFC 1952), TooLargeError where it is too much.
    """
    if zipped:
        body = _unzipped(body)
    if body.count(b"\n") > MOST_LINES:
        raise TooLargeError(
            f"more than {MOST_LINES} lines", where="body", advice="Hand them in with several requests."
        )
    return body.split(b"\n")


def _unzipped(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise BadBodyError(f"not gzip: {error}", where="body") from None
    if len(plain) > UNPACKED_BYTES:
        raise too_large(UNPACKED_BYTES, "unpacked")
    if not unpacker.eof:
        raise BadBodyError("gzip that ends too early", where="body", advice="Send it again.")
    if unpacker.unused_data:
        raise BadBodyError("something follows the gzip", where="body", advice="Send one gzip member.")
    return plain


def too_large(most_bytes: int, how: str) -> TooLargeError:
    """The error for a body of more than so many bytes."""
    return TooLargeError(
        f"more than {most_bytes} bytes {how}", where="body", advice="Hand them in with several requests."
    )
