"""A listener for routers that speak BMP (RFC 7854): each is a collector of its own.

A router's collector is called as the router calls itself (sysName), where that is a name, is not an archive's, and
has not been another address's since the program began; else by its address. What one router sends costs no
other: garbage closes its connection, and it is left alone for growing pauses. The queue to who reads is
bounded; while it is full, nothing is read, and TCP holds the routers back.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
import traceback
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from nightside.model.errors import UsageError
from nightside.sources.bmp_router import GarbageError, Router
from nightside.sources.live_decoding import LiveDecoder
from nightside.sources.ris_frames import shortened
from nightside.sources.stream import Batch, Faults, Figures, Status, pauses

MOST_ROUTERS = 256
"""Connections at a time."""
MOST_NAMES = 1024
"""Collectors that are remembered for as long as the program runs."""
MOST_WAITING = 32
"""Batches between the routers and who reads."""
READ_BYTES = 256 * 1024
SMALL_BYTES = 32 * 1024
GATHER_S = 0.05
"""After a small piece so long is waited for more: fewer, larger batches."""
FIRST_WITHIN_S = 30.0
"""A router says who it is at once."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ARCHIVE = re.compile(r"rrc\d+.*|route-views.*", re.IGNORECASE)


class BmpListener:
    """A live source (`sources.stream.Source`); to be read once.

    `clock` gives seconds since the epoch. `silent_after_s` is how long a router may say nothing (BMP has no
    keep-alive of its own, and a router with few routes says little; None: for ever). A dead connection is
    noticed by TCP's keep-alive within half a minute. Raises UsageError where the address cannot be listened at.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        faults: Faults | None = None,
        silent_after_s: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host, self.port = host.strip("[]"), port
        self._silent_after_s, self._clock = silent_after_s, clock
        self.faults = faults or Faults()
        self.figures = Figures()
        self._server: asyncio.Server | None = None
        self._queue: asyncio.Queue[Batch | Status] = asyncio.Queue(MOST_WAITING)
        self._connections: list[_Connection] = []
        self._owners: dict[str, str] = {}
        """The address that first had a collector's name."""
        self._decoders: dict[str, LiveDecoder] = {}
        self._left_alone: dict[str, tuple[float, Iterator[float]]] = {}
        """Until when, by the clock of the event loop, and how long after that; by address."""

    async def listen(self) -> None:
        """Begin to listen, if that has not been done; `port` is then the one that it is."""
        if self._server is not None:
            return
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self.port, limit=READ_BYTES)
        except OSError as error:
            raise UsageError(
                f"cannot listen for BMP at {self._host} port {self.port}: {error.strerror or error}",
                advice="Give an address of this machine and a free port.",
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def values(self) -> AsyncGenerator[Batch | Status, None]:
        """Batches and statuses of all routers, without end."""
        await self.listen()
        try:
            while True:
                yield await self._queue.get()
        finally:
            assert self._server is not None
            self._server.close()
            tasks = [connection.task for connection in self._connections]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._server.wait_closed()

    def hang_up(self, collector: str, why: str) -> None:
        """End the connection of this router. When it comes back it tells all that it has."""
        for connection in self._connections:
            if connection.collector == collector:
                connection.replaced = why
                connection.writer.transport.abort()

    # ---- one connection ---------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(_address(writer), reader, writer, task)
        self.figures.connections += 1
        try:
            if self._may_connect(connection.address):
                self._connections.append(connection)
                await self._converse(connection)
        except asyncio.CancelledError:
            pass  # the whole source is closed
        finally:
            if connection in self._connections:
                self._connections.remove(connection)
            writer.transport.abort()

    def _may_connect(self, address: str) -> bool:
        if len(self._connections) >= MOST_ROUTERS:
            kind = "a connection over the bound"
            self.faults.add(address, kind, f"{kind} of {MOST_ROUTERS} routers at a time")
            return False
        until, _ = self._left_alone.get(address, (0.0, None))
        if asyncio.get_running_loop().time() < until:
            self.faults.add(address, "a connection of a router that is left alone")
            return False
        return True

    async def _converse(self, connection: _Connection) -> None:
        """Everything that a router says; how it ended becomes the last status of its collector."""
        address = connection.address
        router = Router(self._clock(), address, self.faults, self.figures)
        try:
            _keep_alive(connection.writer)
            await self._read(router, connection)
            why = f"the router ends it: {router.terminated}" if router.terminated else "closed by the router"
            self._left_alone.pop(address, None)
        except GarbageError as garbage:
            why = f"garbage: {garbage}"
            self.faults.add(address, "garbage", why)
            self._leave_alone(address)
        except TimeoutError:
            why = f"silent for {self._silent_after_s or FIRST_WITHIN_S:g} s"
            self.faults.add(router.source, "a silent router", why)
        except OSError as error:
            why = f"the connection broke: {error.strerror or error}"
        except Exception as error:  # whatever it is, it costs this router and no other
            why = f"a mistake of this program ({type(error).__name__}: {error})"
            trace = "".join(traceback.format_exception(error)).rstrip()
            self.faults.add(router.source, "a mistake of this program", f"{why}\n{trace}")
            self._leave_alone(address)
        if connection.collector is not None:
            await self._queue.put(
                Status(connection.collector, False, connection.replaced or why, self._clock())
            )

    async def _read(self, router: Router, connection: _Connection) -> None:
        """Read to the end. Raises GarbageError, TimeoutError and OSError."""
        loop = asyncio.get_running_loop()
        first_by = loop.time() + FIRST_WITHIN_S
        while True:
            within = self._silent_after_s if router.messages else first_by - loop.time()
            async with asyncio.timeout(within):
                piece = await connection.reader.read(READ_BYTES)
            if not piece or connection.replaced:
                return
            self.figures.received_bytes += len(piece)
            now_s = self._clock()
            records = router.feed(piece, now_s)
            malformed = 0
            if connection.collector is None and router.messages:
                await self._name(router, connection)
            if connection.collector is not None and records:
                decoder = self._decoders[connection.collector]
                for batch in decoder.batches(records, now_s):
                    await self._queue.put(batch)
                malformed = decoder.malformed()
            router.tell(malformed)
            if len(piece) < SMALL_BYTES:
                await asyncio.sleep(GATHER_S)

    def _leave_alone(self, address: str) -> None:
        _, waits = self._left_alone.pop(address, (0.0, pauses()))
        while len(self._left_alone) >= MOST_NAMES:
            self._left_alone.pop(next(iter(self._left_alone)))
        self._left_alone[address] = (asyncio.get_running_loop().time() + 10.0 * next(waits), waits)

    # ---- names ------------------------------------------------------------------------------------------

    async def _name(self, router: Router, connection: _Connection) -> None:
        """Give a router's connection its collector; a former connection of it is ended first."""
        name = self._collector_of(router.name, connection.address)
        while former := [other for other in self._connections if other.collector == name]:
            former[0].replaced = "the router has connected anew"
            former[0].writer.transport.abort()
            await asyncio.wait([former[0].task])
        connection.collector = router.source = name
        why = f"connected from {connection.address}"
        await self._queue.put(Status(name, True, why, self._clock()))

    def _collector_of(self, claimed: str | None, address: str) -> str:
        name = address
        if claimed is not None:
            objection = self._objection(claimed, address)
            if objection is None:
                name = claimed
            else:
                detail = f"{objection}: {shortened(claimed)}; its address stands for it"
                self.faults.add(address, objection, detail)
        if name not in self._decoders:
            if len(self._decoders) >= MOST_NAMES:
                raise GarbageError(f"one router more, and the bound is {MOST_NAMES}")
            self._owners[name] = address
            self._decoders[name] = LiveDecoder(name, self.faults, self.figures)
        return name

    def _objection(self, name: str, address: str) -> str | None:
        """What is wrong with the name that a router has given itself."""
        if not _NAME.fullmatch(name):
            return "a router's name that is none"
        if _ARCHIVE.fullmatch(name) or (_is_address(name) and name != address):
            return "a router with the name of an archive's collector, or of an address"
        if self._owners.get(name, address) != address:
            return "a router with the name of another"
        return None


@dataclass(slots=True, eq=False)
class _Connection:
    """One router's connection."""

    address: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    task: asyncio.Task[None]
    collector: str | None = None
    """Once that is known."""
    replaced: str | None = None
    """Why it is to end, where it is not its own doing."""


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        ip_address(name)
        return True
    return False


def _address(writer: asyncio.StreamWriter) -> str:
    """Where the connection comes from; IPv4 inside IPv6 is IPv4."""
    address = ip_address(writer.get_extra_info("peername")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """A peer that is gone without a word is noticed after 10 s of silence and three tries, 5 s apart."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
