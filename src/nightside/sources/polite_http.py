"""Asking archives by HTTP as a good guest does: few requests at once, pauses that grow, Retry-After obeyed.

Everything is bounded: tries, pauses, silence, and how slow an answer may be.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx2
import stamina
from stamina import instrumentation

from nightside import __version__
from nightside.model.errors import DownloadError

USER_AGENT = f"nightside/{__version__} (outage observatory; reads public routing archives)"
MISSING = (404, 410)
PAGE_BYTES = 64 * 1024 * 1024
"""No listing is larger."""
LATER = "What is here already is kept: the same command goes on from there. Try again later."

Answer = TypeVar("Answer")

# By itself it logs every new try, and where structlog is installed it does so on standard output.
instrumentation.set_on_retry_hooks([])


@dataclass(frozen=True, slots=True)
class Manners:
    """How often, how long, how patiently."""

    parallel: int = 4
    """Requests under way at one host."""
    tries: int = 5
    """Of each thing, those in a row that bring nothing."""
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    jitter_s: float = 1.0
    longest_retry_after_s: float = 300.0
    """Whoever asks for more is not waited for."""
    connect_s: float = 10.0
    silence_s: float = 30.0
    """Without a byte for so long an answer is given up."""
    slow_s: float = 60.0
    slow_bytes: int = 64 * 1024
    """An answer that brings less than this in `slow_s` is given up."""


class PassingError(Exception):
    """What went wrong may go right the next time."""


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore
    not_before: float = 0.0
    """By the clock of the event loop: it asked to be left alone until then."""


@dataclass
class PoliteClient:
    """One per run; an asynchronous context manager."""

    manners: Manners = field(default_factory=Manners)
    _hosts: dict[tuple[str, int | None], _Host] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        timeout = httpx2.Timeout(self.manners.silence_s, connect=self.manners.connect_s, pool=None)
        self._client = httpx2.AsyncClient(
            timeout=timeout, headers={"User-Agent": USER_AGENT}, follow_redirects=True, max_redirects=5
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def answer(
        self,
        url: str,
        *,
        method: str = "GET",
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """One request, under the limits of its host. The answer's status is a success, 404, 410 or 416.

        Raises PassingError for whatever may be better the next time, here and while the body is read, DownloadError for
        what will not.
        """
        asked = httpx2.URL(url, params=params) if params else httpx2.URL(url)
        host = self._hosts.setdefault(
            (asked.host, asked.port), _Host(asyncio.Semaphore(self.manners.parallel))
        )
        async with host.turns:
            await asyncio.sleep(max(0.0, host.not_before - asyncio.get_running_loop().time()))
            try:
                async with self._client.stream(method, asked, headers=headers) as response:
                    self._judge(response, asked, host)
                    yield response
            except httpx2.TransportError as error:
                raise PassingError(_in_words(error, self.manners)) from error
            except (httpx2.TooManyRedirects, httpx2.DecodingError) as error:
                raise DownloadError(f"no usable answer: {error}", where=str(asked), advice=LATER) from error

    def _judge(self, response: httpx2.Response, asked: httpx2.URL, host: _Host) -> None:
        status = response.status_code
        if asked.scheme == "https" and response.url.scheme != "https":
            raise DownloadError(
                f"redirects to an unencrypted place, {response.url}",
                where=str(asked),
                advice="Tell its keepers.",
            )
        if status in (429, 503):
            pause = _retry_after_s(response.headers.get("Retry-After"))
            if pause > self.manners.longest_retry_after_s:
                raise DownloadError(
                    f"asks to be left alone for {pause:.0f} s ({status})", where=str(asked), advice=LATER
                )
            host.not_before = max(host.not_before, asyncio.get_running_loop().time() + pause)
        if status in (408, 425, 429) or status >= 500:
            raise PassingError(f"answers {status} {response.reason_phrase}".rstrip())
        if not response.is_success and status not in (*MISSING, 416):
            raise DownloadError(
                f"refuses: {status} {response.reason_phrase}".rstrip(),
                where=str(asked),
                advice="Is the address of the archive right? See docs/live.md.",
            )

    async def persist(
        self, url: str, once: Callable[[], Awaitable[Answer]], *, tries: int | None = None
    ) -> Answer:
        """What `once` returns, tried again with growing, jittered pauses while it raises PassingError.

        Raises DownloadError when the tries are used up.
        """
        manners = self.manners
        tries = tries or manners.tries
        try:
            async for attempt in stamina.retry_context(
                on=PassingError,
                attempts=tries,
                timeout=None,
                wait_initial=manners.first_pause_s,
                wait_max=manners.longest_pause_s,
                wait_jitter=manners.jitter_s,
            ):
                with attempt:
                    return await once()
        except PassingError as error:
            times = f"tried {tries} times" if tries > 1 else "tried once"
            raise DownloadError(f"{error} ({times})", where=url, advice=LATER) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def page(
        self, url: str, *, params: Mapping[str, str | int] | None = None, tries: int | None = None
    ) -> bytes | None:
        """A page as a whole; None where there is none. Raises DownloadError."""

        async def once() -> bytes | None:
            async with self.answer(url, params=params) as response:
                if response.status_code in MISSING:
                    return None
                content = bytearray()
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > PAGE_BYTES:
                        raise DownloadError(f"more than {PAGE_BYTES} bytes, which is no listing", where=url)
                return bytes(content)

        return await self.persist(url, once, tries=tries)

    async def exists(self, url: str) -> bool:
        """Whether something is there, as far as can be told by asking once."""
        try:
            async with self.answer(url, method="HEAD") as response:
                return response.is_success
        except (PassingError, DownloadError):
            return False


def _retry_after_s(value: str | None) -> float:
    """Seconds to wait by a Retry-After (RFC 9110, section 10.2.3: seconds or a date); 0 where it says nothing."""
    if value is None:
        return 0.0
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _in_words(error: httpx2.TransportError, manners: Manners) -> str:
    if isinstance(error, httpx2.ConnectTimeout):
        return f"no connection within {manners.connect_s:g} s"
    if isinstance(error, httpx2.ReadTimeout):
        return f"nothing came for {manners.silence_s:g} s"
    said = str(error) or type(error).__name__
    return f"cannot be reached: {said}" if isinstance(error, httpx2.ConnectError) else f"broke off: {said}"
