"""A slow, lossy link for tests, run as a process: relays connections and packets, later, and not all of them.

    python relay_at.py LISTEN TARGET [LISTEN TARGET]...        addresses as 175.45.177.11:80

Each address is relayed over TCP and over UDP. A line on standard input, `DELAY_S DROP`, holds from then on: what goes
to the target is delayed so long, and that share of it is lost (of TCP: a connection, or a piece of one that is open,
is left without an answer). `ready` is said on standard output once it listens, and `now` after each line.
"""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress
from functools import partial

PIECE_BYTES = 65_536
LEFT_ALONE_S = 60.0


class Link:
    """How it is just now."""

    def __init__(self) -> None:
        self.delay_s, self.drop = 0.0, 0.0
        self.chance = random.Random(7)

    def loses(self) -> bool:
        return self.chance.random() < self.drop


Address = tuple[str, int]


async def _copied(link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        if link.loses():
            await asyncio.sleep(LEFT_ALONE_S)
        await asyncio.sleep(link.delay_s)
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()


async def _connection(
    link: Link, target: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    beyond: asyncio.StreamWriter | None = None
    try:
        if link.loses():
            await asyncio.sleep(LEFT_ALONE_S)
        from_beyond, beyond = await asyncio.open_connection(*target)
        sending = asyncio.create_task(_copied(link, reader, beyond))
        try:
            await _back(from_beyond, writer)
        finally:
            sending.cancel()
    except OSError:
        # Whoever is behind refuses: so do we, as far as can be from here.
        writer.transport.abort()
    finally:
        for each in (writer, beyond):
            if each is not None:
                with suppress(OSError):
                    each.close()


class _Packets(asyncio.DatagramProtocol):
    """Packets of all who ask; each is answered by a socket of its own."""

    def __init__(self, link: Link, target: Address) -> None:
        self._link, self._target = link, target
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if not self._link.loses():
            task = asyncio.create_task(self._passed_on(data, addr))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _passed_on(self, data: bytes, asker: Address) -> None:
        await asyncio.sleep(self._link.delay_s)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        class Once(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Address) -> None:
                if not answer.done():
                    answer.set_result(data)

            def error_received(self, exc: Exception) -> None:
                answer.cancel()

        transport, _ = await loop.create_datagram_endpoint(Once, remote_addr=self._target)
        try:
            transport.sendto(data)
            with suppress(TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(5):
                    got = await answer
                    assert self._transport is not None
                    self._transport.sendto(got, asker)
        finally:
            transport.close()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def main(*words: str) -> None:
    link, loop = Link(), asyncio.get_running_loop()
    servers = []
    for listen, target in zip(map(_address, words[::2]), map(_address, words[1::2]), strict=True):
        servers.append(await asyncio.start_server(partial(_connection, link, target), *listen))
        await loop.create_datagram_endpoint(partial(_Packets, link, target), local_addr=listen)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        link.delay_s, link.drop = map(float, line.split())
        print("now", flush=True)
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
