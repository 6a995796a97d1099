"""Packets that ask who is there, each with as many hops as it may have; and what comes back of them.

Two ways: ICMP echo (one socket; unprivileged where `net.ipv4.ping_group_range` allows it, else raw where we have the
right), and UDP to one high port (a socket for each packet, so that its source port tells which one is meant; no
rights at all). What routers say is read from the sockets' error queues, in the loop: no thread waits.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from ipaddress import ip_address
from typing import Literal, NamedTuple, Self

from nightside.checks import error_queue
from nightside.checks.failure import CheckFailedError
from nightside.model.check import Family

UDP_PORT = 33_434
"""The one that traceroute begins with; nothing listens there."""
_ECHO = struct.Struct("!BBHHH")
_REQUEST = {4: 8, 6: 128}
_REPLY = {4: 0, 6: 129}
_HOPS = {4: (socket.IPPROTO_IP, socket.IP_TTL), 6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}
_SOCKETS = {4: (socket.AF_INET, socket.IPPROTO_ICMP), 6: (socket.AF_INET6, socket.IPPROTO_ICMPV6)}
_PAYLOAD = b"nightside: is anybody there? (48 bytes of an echo)"[:48]
_MOST_AT_ONCE = 64
_SEND_TRIES = 3


class Heard(NamedTuple):
    """What came back of one packet."""

    kind: Literal["answered", "expired", "unreachable"]
    """`answered`: by the target itself, whatever it says."""
    address: str | None
    """None: this machine."""
    words: str
    rtt_ms: float


class Sounding(ABC):
    """Packets to one address. A context manager; made within a running loop."""

    method: str

    def __init__(self, address: str, family: Family) -> None:
        # As the kernel writes it, to compare with who answers.
        self.address, self.family = str(ip_address(address)), family
        self.heard: dict[int, Heard] = {}
        """By the number that a packet was sent with."""
        self._sent: dict[int, float] = {}
        self._sockets: list[socket.socket] = []
        self._own: str | None = None
        """Our own address towards the target: what it says, this machine says."""
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()

    @abstractmethod
    def send(self, number: int, hops: int | None = None) -> None:
        """Packet number 0 to 65,535; `hops`: how many it may have, None for as many as usual. Raises OSError."""

    async def until(self, enough: Callable[[], bool], within_s: float) -> bool:
        """Waits for what comes, until it is enough; False where the time is over before."""
        try:
            async with asyncio.timeout(within_s):
                while not enough():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return enough()
        return True

    def _open(self, kind: int, protocol: int) -> socket.socket:
        sock = socket.socket(_SOCKETS[self.family][0], kind, protocol)
        self._sockets.append(sock)
        sock.setblocking(False)
        error_queue.listen(sock, self.family)
        return sock

    def _connect(self, sock: socket.socket, port: int) -> None:
        sock.connect((self.address, port))
        if self._own is None:
            own = str(sock.getsockname()[0])
            self._own = own if own != self.address else ""

    def _hear(self, number: int, kind: str, address: str | None, words: str) -> None:
        if address == self._own:
            address = None
        sent = self._sent.get(number)
        before = self.heard.get(number)
        if sent is None or (before is not None and before.kind == "answered"):
            return
        rtt_ms = round((time.perf_counter() - sent) * 1000, 3)
        if kind == "answered" or (address is not None and address == self.address):
            self.heard[number] = Heard("answered", self.address, words, rtt_ms)
        elif before is None:
            self.heard[number] = Heard(
                "expired" if kind == "expired" else "unreachable", address, words, rtt_ms
            )
        self._news.set()

    def _send(self, sock: socket.socket, packet: bytes, hops: int | None) -> None:
        if hops is not None:
            sock.setsockopt(*_HOPS[self.family], hops)
        for left in reversed(range(_SEND_TRIES)):
            try:
                sock.send(packet)
                return
            except OSError as error:
                # What was said of an earlier packet may come up here; it is in the error queue too.
                if error.errno in (errno.EAGAIN, errno.ENOBUFS) or not (self._take_errors(sock) and left):
                    raise

    @abstractmethod
    def _take_errors(self, sock: socket.socket) -> bool:
        """Reads the error queue of a socket; whether there was anything."""


class EchoSounding(Sounding):
    """By ICMP echo (RFC 792, RFC 4443). Raises PermissionError where this user may not."""

    method = "icmp"

    def __init__(self, address: str, family: Family) -> None:
        super().__init__(address, family)
        try:
            self._raw, sock = False, self._open(socket.SOCK_DGRAM, _SOCKETS[family][1])
        except PermissionError:
            self._raw, sock = True, self._open(socket.SOCK_RAW, _SOCKETS[family][1])
            self._let_replies_through(sock)
        try:
            self._connect(sock, 0)
        except OSError:
            sock.close()
            raise
        self._socket = sock
        self._ident = random.getrandbits(16) if self._raw else sock.getsockname()[1]
        self._loop.add_reader(sock.fileno(), self._ready)

    def _let_replies_through(self, sock: socket.socket) -> None:
        """And nothing else: else a raw socket is given every ICMP packet of the target."""
        if self.family == 4:
            sock.setsockopt(255, 1, struct.pack("=I", ~(1 << _REPLY[4]) & 0xFFFFFFFF))  # SOL_RAW, ICMP_FILTER
        else:
            blocked = [0xFFFFFFFF] * 8
            blocked[_REPLY[6] >> 5] &= ~(1 << (_REPLY[6] & 31))
            sock.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *blocked))  # ICMPV6_FILTER, RFC 3542

    def send(self, number: int, hops: int | None = None) -> None:
        """See `Sounding`."""
        self._sent[number] = time.perf_counter()
        # Two bytes make up for the number, so that the checksum is the same in all packets: routers that choose one
        # of several ways by it, choose one way (as Paris traceroute does).
        payload = struct.pack("!H", 0xFFFF - number) + _PAYLOAD
        head = _ECHO.pack(_REQUEST[self.family], 0, 0, self._ident, number)
        if self.family == 4:  # of ICMPv6 the kernel makes it
            head = _ECHO.pack(_REQUEST[4], 0, _checksum(head + payload), self._ident, number)
        self._send(self._socket, head + payload, hops)

    def _ready(self) -> None:
        self._take_errors(self._socket)
        for _ in range(_MOST_AT_ONCE):
            try:
                packet = self._socket.recv(2048)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # told by the error queue too
            if self._raw and self.family == 4:
                packet = packet[(packet[0] & 15) * 4 :] if packet else b""
            number = self._number(packet, _REPLY[self.family])
            if number is not None:
                self._hear(number, "answered", self.address, "echo reply")

    def _take_errors(self, sock: socket.socket) -> bool:
        found = error_queue.told(sock, self.family)
        for one in found:
            number = self._number(one.quoted, _REQUEST[self.family])
            if number is not None:
                self._hear(number, one.kind, one.address, one.words)
        return bool(found)

    def _number(self, packet: bytes, wanted: int) -> int | None:
        """Of an ICMP packet of ours; None where it is not."""
        if len(packet) < _ECHO.size:
            return None
        type_, _code, _sum, ident, number = _ECHO.unpack_from(packet)
        return int(number) if (type_, ident) == (wanted, self._ident) else None


class UdpSounding(Sounding):
    """By UDP to port 33434; the target says that nothing listens there."""

    method = "udp"

    def __init__(self, address: str, family: Family) -> None:
        super().__init__(address, family)
        self._of: dict[socket.socket, int] = {}

    def send(self, number: int, hops: int | None = None) -> None:
        """See `Sounding`."""
        sock = self._open(socket.SOCK_DGRAM, 0)
        self._connect(sock, UDP_PORT)
        self._of[sock] = number
        self._loop.add_reader(sock.fileno(), self._ready, sock)
        self._sent[number] = time.perf_counter()
        self._send(sock, _PAYLOAD, hops)

    def _ready(self, sock: socket.socket) -> None:
        self._take_errors(sock)
        for _ in range(_MOST_AT_ONCE):
            try:
                sock.recv(2048)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue
            self._hear(self._of[sock], "answered", self.address, "a packet")

    def _take_errors(self, sock: socket.socket) -> bool:
        found = error_queue.told(sock, self.family)
        for one in found:
            self._hear(self._of[sock], one.kind, one.address, one.words)
        return bool(found)


def _checksum(packet: bytes) -> int:
    """RFC 1071; of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def require_error_queues() -> None:
    """Raises CheckFailedError with not_possible where this is not Linux."""
    if not error_queue.HAVE:
        raise CheckFailedError("not_possible", "connect", "needs the error queues of Linux")
