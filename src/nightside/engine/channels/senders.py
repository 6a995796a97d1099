"""Who carries a body to its receiver, and what became of it. Redirects are followed by none of them.

Delivery is at least once; `Idempotency-Key` is the unit's own key, the same however often it is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

from nightside.model.channel import Channel

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 10.0
LITTLE_BYTES = 64 * 1024
AGAIN = (408, 425, 429)
"""Answers of the 400s after which the same may yet be taken."""
LONGEST_WAIT_S = 3600
"""What a receiver asks for beyond this (`Retry-After`) is not waited for."""
ALERTS_PATH = "/api/v2/alerts"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one sending. `why` is None where it was taken."""

    why: str | None = None
    is_final: bool = False
    """It was refused, and would be again."""
    after_s: float | None = None
    """The receiver wants to be left alone so long."""


TAKEN = Answer()


class Sender(Protocol):
    """One way to one receiver."""

    async def send(self, key: str, body: bytes) -> Answer:
        """Carry a body there once. Raises nothing of the network's."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 of the time stamp, a dot and the body, as `sha256=` and hexadecimal digits."""
    return "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_web_address(url: str) -> bool:
    """Whether it can be posted to."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class WebSender:
    """Posts JSON to one address, signed where there is a secret."""

    def __init__(self, url: str, secret: str | None = None) -> None:
        self._url, self._secret = url, secret.encode() if secret else None
        self._client: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        import httpx2

        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def send(self, key: str, body: bytes) -> Answer:
        """Post it."""
        import httpx2

        assert self._client is not None
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "Nightside-Timestamp": stamp,
        }
        if self._secret is not None:
            headers["Nightside-Signature"] = signature(self._secret, stamp, body)
        try:
            # Of the answer the status counts. What else it has may be without end: only what says that it is little is
            # read, so that the connection can be used again.
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                status, after = answer.status_code, answer.headers.get("Retry-After")
                length = answer.headers.get("Content-Length", "")
                if length.isascii() and length.isdigit() and int(length) <= LITTLE_BYTES:
                    await answer.aread()
        except TimeoutError:
            return Answer(f"cannot be reached: no answer within {TIMEOUT_S:.0f} s")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            return Answer(f"cannot be reached: {error or type(error).__name__}")
        if 200 <= status < 300:
            return TAKEN
        if 300 <= status < 400:
            return Answer(f"answers {status}: redirects are not followed")
        if 400 <= status < 500 and status not in AGAIN:
            return Answer(f"{status}", is_final=True)
        return Answer(f"answers {status}", after_s=_seconds(after))


def _seconds(after: str | None) -> float | None:
    """`Retry-After` in seconds (RFC 9110, 10.2.3); dates are left alone."""
    if after is None or not (after.isascii() and after.isdigit()):
        return None
    return float(min(int(after), LONGEST_WAIT_S))


def sender_for(channel: Channel) -> Sender:
    """The one for a channel."""
    if channel.kind == "apprise":
        # Its modules are many, and not everybody has such a channel.
        from nightside.engine.channels.apprise_sender import AppriseSender

        return AppriseSender(channel.url)
    if channel.kind == "alertmanager":
        return WebSender(channel.url.rstrip("/") + ALERTS_PATH)
    return WebSender(channel.url, channel.secret)
