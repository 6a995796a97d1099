"""Two ways to the frames of RIS Live: its WebSocket, which takes subscriptions, and its HTTP stream.

Both fill an `Intake` until they end; why they ended stands in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from nightside import __version__
from nightside.model.errors import UsageError
from nightside.sources.intake import LONGEST_FRAME, Ended, Intake
from nightside.sources.ris_frames import shortened

OPEN_WITHIN_S = 20.0
PING_EVERY_S = 20.0
"""It keeps what stands between from forgetting the connection. That nobody answers is no reason to close: an
answer comes behind all that we have not read yet. Silence is judged by who reads."""
CLOSE_WITHIN_S = 2.0
QUEUE_FRAMES = 256
"""Frames that the WebSocket itself holds before it stops to read."""
AGENT = f"nightside/{__version__}"


class Transport(Protocol):
    """An open connection."""

    intake: Intake

    async def ask(self, subscription: dict[str, Any]) -> None:
        """Subscribe; raises Ended where the connection is over."""

    async def leave(self, subscription: dict[str, Any]) -> None:
        """Take a subscription back."""

    async def ping(self) -> None:
        """Ask for a sign of life; raises Ended where the connection is over."""


class Pulse:
    """Whether a connection on which little comes is alive: who is asked for a sign of life gives one.

    The answer stands behind all that the server has sent, as any frame does, and any frame will do for it.
    """

    def __init__(self, transport: Transport, now: float, silent_after_s: float) -> None:
        self._transport, self._silent_after_s = transport, silent_after_s
        self._felt = self._asked = now

    async def felt(self, frames: int, now: float, away: float) -> None:
        """So many frames have come by now, and nobody read for the time `away`. Raises Ended where it is dead."""
        self._felt = now if frames else self._felt + away
        if now - self._felt >= self._silent_after_s:
            raise Ended(f"no sign of life for {self._silent_after_s:g} s")
        if now - max(self._felt, self._asked) >= self._silent_after_s / 3:
            self._asked = now
            await self._transport.ping()


def way_to(url: str) -> str:
    """`ws` or `http`, by the scheme of the endpoint. Raises UsageError where it is neither."""
    scheme = urlsplit(url).scheme
    if scheme in ("ws", "wss"):
        return "ws"
    if scheme in ("http", "https"):
        return "http"
    raise UsageError(
        f"RIS Live cannot be reached at {url!r}",
        advice="Give a ws://, wss:// (WebSocket) or http://, https:// (stream) address.",
    )


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    """The address with these in its query, behind what stands there."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(parameters)) if part)
    return parts._replace(query=query).geturl()


@asynccontextmanager
async def opened(url: str, client: str, subscriptions: Sequence[dict[str, Any]]) -> AsyncIterator[Transport]:
    """A connection on which these subscriptions are asked for. Raises Ended where there is none to be had."""
    way = web_socket if way_to(url) == "ws" else http_stream
    async with way(url, client, subscriptions) as transport:
        yield transport


# ---- WebSocket ------------------------------------------------------------------------------------------


class WebSocket:
    """One WebSocket; RFC 6455 and its keep-alive are the library's work."""

    def __init__(self, connection: ClientConnection) -> None:
        self.intake = Intake()
        self._connection = connection

    async def ask(self, subscription: dict[str, Any]) -> None:
        """Subscribe."""
        await self._send("ris_subscribe", subscription)

    async def leave(self, subscription: dict[str, Any]) -> None:
        """Take a subscription back."""
        await self._send("ris_unsubscribe", subscription)

    async def ping(self) -> None:
        """Ask for a `pong`."""
        await self._send("ping", None)

    async def _send(self, type: str, data: dict[str, Any] | None) -> None:
        said = {"type": type} if data is None else {"type": type, "data": data}
        try:
            await self._connection.send(orjson.dumps(said), text=True)
        except ConnectionClosed as closed:
            raise Ended(_why_closed(closed)) from None

    async def fill(self) -> None:
        """Put every frame into the intake, until there are no more."""
        receive, put = self._connection.recv, self.intake.put
        try:
            while True:
                await put(await receive(decode=False))
        except ConnectionClosed as closed:
            self.intake.end(_why_closed(closed))


def _why_closed(closed: ConnectionClosed) -> str:
    if closed.sent is not None and (closed.rcvd is None or not closed.rcvd_then_sent):
        if closed.sent.code == 1009:
            return f"a frame is over the bound of {LONGEST_FRAME} bytes"
        return f"closed by us: {closed.sent.code} {shortened(closed.sent.reason)}".rstrip()
    if closed.rcvd is not None:
        return f"closed by the server: {closed.rcvd.code} {shortened(closed.rcvd.reason)}".rstrip()
    return "the connection broke"


@asynccontextmanager
async def web_socket(
    url: str, client: str, subscriptions: Sequence[dict[str, Any]]
) -> AsyncIterator[Transport]:
    """The interactive service."""
    try:
        connection = await connect(
            with_parameters(url, {"client": client}),
            max_size=LONGEST_FRAME,
            max_queue=QUEUE_FRAMES,
            open_timeout=OPEN_WITHIN_S,
            ping_interval=PING_EVERY_S,
            ping_timeout=None,
            close_timeout=CLOSE_WITHIN_S,
            user_agent_header=AGENT,
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise Ended(f"no connection: {shortened(str(error) or type(error).__name__)}") from None
    transport = WebSocket(connection)
    filling = asyncio.create_task(transport.fill())
    try:
        for subscription in subscriptions:
            await transport.ask(subscription)
        yield transport
    finally:
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
        await connection.close()


# ---- HTTP -----------------------------------------------------------------------------------------------


class HttpStream:
    """One answer without end for each subscription: a frame a line."""

    def __init__(self) -> None:
        self.intake = Intake()

    async def ask(self, subscription: dict[str, Any]) -> None:
        """Nothing can be asked for later."""

    async def leave(self, subscription: dict[str, Any]) -> None:
        """Nor taken back."""

    async def ping(self) -> None:
        """Nor answered."""

    async def fill(self, client: httpx2.AsyncClient, url: str, subscription: dict[str, Any]) -> None:
        """Put every line into the intake, until there are no more."""
        headers = {"X-RIS-Subscribe": orjson.dumps(subscription).decode()}
        try:
            async with client.stream("GET", url, headers=headers) as response:
                if response.status_code != 200:
                    self.intake.end(f"the server answers {response.status_code}")
                    return
                begun = b""
                async for piece in response.aiter_bytes():
                    *lines, begun = (begun + piece).split(b"\n")
                    for line in lines:
                        if line.strip():
                            await self.intake.put(line)
                    if len(begun) > LONGEST_FRAME:
                        self.intake.end(f"a frame is over the bound of {LONGEST_FRAME} bytes")
                        return
                self.intake.end("closed by the server")
        except httpx2.HTTPError as error:
            self.intake.end(f"no connection: {shortened(str(error) or type(error).__name__)}")


@asynccontextmanager
async def http_stream(
    url: str, client: str, subscriptions: Sequence[dict[str, Any]]
) -> AsyncIterator[Transport]:
    """The stream; what was not asked for is filtered out here, in case the server does not."""
    transport = HttpStream()
    # Silence is judged by who reads; a read without end is what is wanted here.
    timeout = httpx2.Timeout(OPEN_WITHIN_S, read=None)
    address = with_parameters(url, {"format": "json", "client": client})
    async with httpx2.AsyncClient(timeout=timeout, headers={"User-Agent": AGENT}) as http:
        filling = [asyncio.create_task(transport.fill(http, address, one)) for one in subscriptions]
        try:
            yield transport
        finally:
            for task in filling:
                task.cancel()
            await asyncio.gather(*filling, return_exceptions=True)
