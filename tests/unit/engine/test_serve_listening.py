"""What listens for the API: its connections send what they have at once."""

from __future__ import annotations

import asyncio
import socket

from nightside.engine.serve import listen


def test_answers_do_not_wait_for_more_to_send() -> None:
    # With Nagle's algorithm (RFC 896) an answer in two packets waits for the client's delayed ACK, some 40 ms.
    async def accepted() -> int:
        met: asyncio.Queue[int] = asyncio.Queue()

        async def meet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            met.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as listening:
            server = await asyncio.start_server(meet, sock=listening)
            _reader, writer = await asyncio.open_connection(*listening.getsockname())
            found = await asyncio.wait_for(met.get(), 10)
            writer.close()
            server.close()
            return found

    assert asyncio.run(accepted()) == 1
