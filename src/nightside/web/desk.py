"""Where results are handed in: how much may come, and how often."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from nightside.model.handed_in import HandedIn
from nightside.model.token import Token
from nightside.web.errors import ApiError, TooLargeError
from nightside.web.limits import Buckets, Limits
from nightside.web.writing_queue import WritingQueue, spend

Take = Callable[[str, bytes, Sequence[bytes]], HandedIn]
"""Stores lines as results of a place, whose token has this digest; or raises NightsideError, and has stored nothing."""

BODY_BYTES = 4 << 20
"""As it comes over the line."""
UNPACKED_BYTES = 16 << 20
MOST_LINES = 10_000
PER_PLACE = Limits(requests_per_s=1.0, burst=30)
LINES_PER_PLACE = Limits(requests_per_s=1_000.0, burst=60_000)
"""2,000 targets of five kinds once a minute are 170 a second; what waited for an hour comes in ten minutes."""


class BadBodyError(ApiError):
    """The body is not what its headers say."""

    status = 400


class Desk(WritingQueue):
    """Where results are handed in: in the order in which they come, and as often as a place may."""

    def __init__(self, take: Take) -> None:
        super().__init__("results", "places hand in results")
        self._take = take
        self._buckets, self._lines = Buckets(PER_PLACE), Buckets(LINES_PER_PLACE)

    def admit(self, token: Token) -> None:
        """Raises TooManyError where the place has come too often."""
        spend(self._buckets, token, "this place hands in results too often", advice="Hand in more at a time.")

    async def take(self, token: Token, body: bytes, *, zipped: bool) -> HandedIn:
        """Unpack and store. Raises BusyError, TooManyError, CannotStoreError, and as `lines_of`."""
        return await self.queued(token, lambda: self._taken(token, lines_of(body, zipped=zipped)))

    def _taken(self, token: Token, lines: Sequence[bytes]) -> HandedIn:
        spend(
            self._lines,
            token,
            "this place hands in too many results",
            advice="Hand in the rest as time goes on.",
            cost=sum(map(bool, lines)),
        )
        return self._take(token.name, token.digest, lines)


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
