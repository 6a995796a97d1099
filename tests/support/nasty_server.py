"""Servers that do what no good one does, each written by hand, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Does = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def nasty(does: Does) -> AsyncIterator[int]:
    """Does that to each who connects; gives the port. Who hangs up on it in the middle is no error."""
    under_way: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await does(reader, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            under_way.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.sleep(0.01)  # what was aborted is closed in the loop's next rounds


async def request(reader: asyncio.StreamReader) -> bytes:
    """The request that came."""
    return await reader.readuntil(b"\r\n\r\n")


def says(*pieces: bytes, then_waits: bool = False, every_s: float = 0.0) -> Does:
    """Reads a request, and answers with these pieces; then closes, unless it waits for ever."""

    async def does(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if every_s:
                await asyncio.sleep(every_s)
        if then_waits:
            await asyncio.sleep(60)

    return does


def repeats(first: bytes, piece: bytes, every_s: float = 0.0, sent: list[int] | None = None) -> Does:
    """Reads a request, says the first, and then the piece for ever; what was sent is counted in `sent`."""

    async def does(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
            if sent is not None:
                sent[0] += len(piece)
            await asyncio.sleep(every_s)

    return does


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends the connection with a reset, when the request has come."""
    await request(reader)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def half_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers without a length, closes its own half, and keeps the other open."""
    await request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\nall is well")
    writer.write_eof()
    await asyncio.sleep(60)
