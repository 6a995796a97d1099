"""A connection to a target: the way to one address, plain or under TLS. What comes is read in bounded pieces.

Sockets are driven by the loop itself, without a transport in between: a connection costs less, holds no buffers of
its own while it waits, and is closed when `close` returns, whatever it was doing.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time

from nightside.checks.addresses import why_private
from nightside.checks.attempt import Attempt
from nightside.checks.failure import CheckFailedError
from nightside.checks.probe import Probe
from nightside.model.check import Family, Phase

PIECE_BYTES = 16_384
MOST_TRIED = 3
"""So many addresses of one name are tried."""

_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH)
_DISCARD_PORT = 9


class Deadline:
    """The end of a check. Each step has the time of a phase, or what is left of the whole."""

    def __init__(self, probe: Probe) -> None:
        self._phase_s = probe.limits.phase_s
        self._until = time.monotonic() + probe.limits.total_s

    def within_s(self) -> float:
        """So long may the next step take; 0 where there is no time left."""
        return max(0.0, min(self._phase_s, self._until - time.monotonic()))

    @property
    def over(self) -> bool:
        """No time is left."""
        return time.monotonic() >= self._until


class Connection:
    """One socket. Its methods raise OSError, TimeoutError and ssl.SSLError: told by `Attempt.phase`."""

    def __init__(self, family: Family) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._tls: ssl.SSLObject | None = None
        self.received_bytes = 0
        """What came over the wire, under TLS too."""

    async def connect(self, address: str, port: int, within_s: float) -> None:
        """To this very address: no name is looked up any more."""
        async with asyncio.timeout(within_s):
            await self._loop.sock_connect(self._socket, (address, port))

    async def secure(self, context: ssl.SSLContext, server_name: str, within_s: float) -> ssl.SSLObject:
        """A TLS handshake (RFC 8446). Raises ssl.SSLCertVerificationError where the certificate does not hold."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        async with asyncio.timeout(within_s):
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await self._flush()
                    await self._fill()
            await self._flush()
        self._tls = tls
        return tls

    async def send(self, data: bytes, within_s: float) -> None:
        """All of it."""
        async with asyncio.timeout(within_s):
            if self._tls is None:
                await self._loop.sock_sendall(self._socket, data)
            else:
                self._tls.write(data)
                await self._flush()

    async def receive(self, within_s: float) -> bytes:
        """What is there, at most 16 KiB; empty where the other end is done."""
        async with asyncio.timeout(within_s):
            if self._tls is None:
                return await self._from_wire()
            while True:
                try:
                    return self._tls.read(PIECE_BYTES)
                except ssl.SSLWantReadError:
                    await self._flush()
                    await self._fill()
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""

    def own_address(self) -> str:
        """The address from which we speak."""
        return str(self._socket.getsockname()[0])

    def close(self) -> None:
        """At once."""
        self._socket.close()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._socket, self._outgoing.read())

    async def _fill(self) -> None:
        data = await self._from_wire()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _from_wire(self) -> bytes:
        data = await self._loop.sock_recv(self._socket, PIECE_BYTES)
        self.received_bytes += len(data)
        return data


async def reach(attempt: Attempt, host: str, port: int, deadline: Deadline) -> Connection:
    """Looks the host up and connects to one of its addresses: the phases `resolve` and `connect`.

    The addresses that were judged are those that are connected to: a name that changes its mind in between changes
    nothing. The first that takes the connection is `attempt.address`; else the last that was tried.
    """
    with attempt.phase("resolve"):
        addresses = await public_addresses(attempt, host, deadline.within_s())
    with attempt.phase("connect"):
        budget_s = deadline.within_s() / len(addresses)
        for address in addresses[:-1]:
            try:
                return await _connected(attempt, address, port, budget_s)
            except OSError:  # a timeout too: the next may do
                continue
        return await _connected(attempt, addresses[-1], port, budget_s)


async def public_addresses(attempt: Attempt, host: str, within_s: float) -> list[str]:
    """The addresses of a host that may be spoken to, at most three.

    Raises CheckFailedError: what the resolver says, or private_address where none is the Internet's.
    """
    probe = attempt.probe
    addresses = await probe.names.addresses(host, attempt.family, within_s)
    if probe.allow_private:
        return addresses[:MOST_TRIED]
    public = [address for address in addresses if why_private(address) is None]
    if not public:
        first = addresses[0]
        raise CheckFailedError("private_address", "resolve", f"{host} is at {first}: {why_private(first)}")
    return public[:MOST_TRIED]


async def _connected(attempt: Attempt, address: str, port: int, within_s: float) -> Connection:
    attempt.address = address
    connection = Connection(attempt.family)
    try:
        await connection.connect(address, port, within_s)
    except BaseException as error:
        connection.close()
        if isinstance(error, OSError) and error.errno in _UNREACHABLE and no_way_from_here(address):
            raise CheckFailedError("not_possible", "connect", "no route from here") from error
        raise
    return connection


def no_way_from_here(address: str) -> bool:
    """Whether this place itself has no route to an address, so that its being unreachable tells nothing of it.

    The kernel is asked, and nothing is sent. A router on the way that says "unreachable" leaves our own route.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect((address, _DISCARD_PORT))
        except OSError as error:
            return error.errno in _UNREACHABLE
    return False


async def handshake(
    attempt: Attempt, connection: Connection, context: ssl.SSLContext, host: str, deadline: Deadline
) -> ssl.SSLObject:
    """TLS over a connection: the phase `tls`. A name that cannot stand in a handshake is told as `tls_failed`."""
    phase: Phase = "tls"
    with attempt.phase(phase):
        try:
            return await connection.secure(context, host, deadline.within_s())
        except ssl.SSLError:
            raise
        except ValueError as error:
            raise CheckFailedError("tls_failed", phase, f"not a name for TLS: {error}") from error
