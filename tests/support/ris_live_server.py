"""A server that speaks RIS Live on 127.0.0.1, by WebSocket and as an HTTP stream, and misbehaves when told to.

It stands on the WebSocket library and asyncio alone; it shares no code with the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from ris_filters import passes
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

NONSENSE = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"ris_message"',
    b'{"type":"ris_message"}',
    b'{"type":"ris_message","data":[]}',
    b'{"type":"ris_message","data":{"host":{"a":1}}}',
    b'{"type":"a new type","data":{}}',
    b"\xff\xfe\x00",
    b"[" * 3000,
)
_numbers = itertools.count()


def message_frame(
    raw: bytes,
    /,
    *,
    host: str = "rrc00",
    peer: str = "192.0.2.1",
    asn: int = 65001,
    time_s: object = 1419264900.25,
    id: str | None = None,
    **more: object,
) -> bytes:
    """One BGP message of a peer, as the service has framed them since 2019; `id` is a new one unless given."""
    data: dict[str, object] = {
        "timestamp": time_s,
        "peer": peer,
        "peer_asn": str(asn),
        "id": id or f"{peer}-{next(_numbers):x}",
        "host": host,
        "type": {1: "OPEN", 2: "UPDATE", 3: "NOTIFICATION", 4: "KEEPALIVE"}.get(raw[18], "UPDATE"),
        "raw": raw.hex().upper(),
    }
    return json.dumps({"type": "ris_message", "data": data | more}).encode()


def state_frame(
    state: str, *, host: str = "rrc00", peer: str = "192.0.2.1", asn: int = 65001, **more: object
) -> bytes:
    """A session that came up (`connected`) or went `down`."""
    return message_frame(bytes(19), host=host, peer=peer, asn=asn, **more, type="RIS_PEER_STATE", state=state)  # type: ignore[arg-type]


@dataclass
class RisLiveServer:
    """The WebSocket service. What it does by itself: it acknowledges subscriptions, and answers pings. All else it
    is told."""

    acknowledges: bool = True
    answers: bool = True
    """Pings, with a `pong`."""
    filters: bool = False
    """Messages go to those alone whose subscriptions let them through; else all to all who are connected."""
    said_bytes: int = 0
    """Of messages, before the filters; of one client."""
    sent_bytes: int = 0
    """The same, behind them."""
    pings: int = 0
    connections: int = 0
    """So many clients have come."""
    clients: list[str] = field(default_factory=list)
    """What they called themselves."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Subscriptions in the order in which they came."""
    left: list[dict[str, Any]] = field(default_factory=list)
    _open: list[ServerConnection] = field(default_factory=list)
    _subscribed: dict[ServerConnection, list[dict[str, Any]]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _server: Server | None = None
    port: int = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws/"

    async def start(self) -> None:
        """Listen; on the same port as before, where it has been stopped."""
        self._server = await serve(self._serve, "127.0.0.1", self.port, max_size=None)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody can connect any more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        assert connection.request is not None
        self.clients += parse_qs(urlsplit(connection.request.path).query).get("client", [])
        self._open.append(connection)
        mine = self._subscribed[connection] = []
        self._tell()
        try:
            async for text in connection:
                frame = json.loads(text)
                if frame["type"] == "ris_subscribe":
                    self.asked.append(frame["data"])
                    mine.append(frame["data"])
                    if self.acknowledges:
                        await connection.send(
                            json.dumps({"type": "ris_subscribe_ok", "data": {"subscription": frame["data"]}})
                        )
                elif frame["type"] == "ris_unsubscribe":
                    self.left.append(frame["data"])
                    if frame["data"] in mine:
                        mine.remove(frame["data"])
                elif frame["type"] == "ping":
                    self.pings += 1
                    if self.answers:
                        await connection.send('{"type":"pong","data":null}')
                self._tell()
        except ConnectionClosed:
            pass
        finally:
            self._open.remove(connection)
            self._subscribed.pop(connection, None)
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, *, asked: int = 0, connections: int = 0, left: int = 0) -> None:
        """Wait until so much has come."""
        while len(self.asked) < asked or self.connections < connections or len(self.left) < left:
            await self._news.wait()

    async def say(self, *frames: bytes, repeat: int = 1, shuffle: int | None = None) -> None:
        """Send frames to all who are connected; all of it so many times, in an order by chance from this seed."""
        out = list(frames) * repeat
        if shuffle is not None:
            random.Random(shuffle).shuffle(out)
        for connection in list(self._open):
            for frame in out:
                if not self._passes(connection, frame):
                    continue
                try:
                    text: Any = frame.decode()
                except UnicodeDecodeError:
                    text = frame
                with contextlib.suppress(ConnectionClosed):
                    await connection.send(text)

    def _passes(self, connection: ServerConnection, frame: bytes) -> bool:
        if not self.filters or not frame.startswith(b'{"type": "ris_message"'):
            return True
        self.said_bytes += len(frame)
        message = json.loads(frame)["data"]
        passed = any(passes(one, message) for one in self._subscribed.get(connection, ()))
        self.sent_bytes += len(frame) if passed else 0
        return passed

    async def say_in_order(self, frames: Iterable[bytes]) -> None:
        """Very many frames, one after the other, as fast as they are taken."""
        for connection in list(self._open):
            for frame in frames:
                await connection.send(frame, text=True)

    async def drop(self, code: int | None = None, reason: str = "") -> None:
        """Close every connection with this code; None: break it without a word."""
        for connection in list(self._open):
            if code is None:
                connection.transport.abort()
            else:
                await connection.close(code, reason)


@dataclass
class RisStreamServer:
    """The HTTP stream: an answer without end, a frame a line."""

    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/stream/"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.paths.append(head[0].split()[1])
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        self.asked.append(json.loads(fields["x-ris-subscribe"]))
        chunked = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(f"HTTP/1.1 {self.status} so\r\n".encode() + chunked)
        await writer.drain()
        self._writers.append(writer)
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, asked: int) -> None:
        """Wait until so many requests have come."""
        while len(self._writers) < asked:
            await self._news.wait()

    async def say(self, *pieces: bytes) -> None:
        """Send these bytes, as they are, on every answer, as fast as they are taken."""
        for writer in self._writers:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await writer.drain()

    async def drop(self) -> None:
        """End all answers in good order."""
        for writer in self._writers:
            writer.write(b"0\r\n\r\n")
            writer.close()
        self._writers.clear()
