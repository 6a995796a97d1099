"""What routers and hosts say of our packets: the error queue of a socket (Linux ip(7), IP_RECVERR; RFC 792, 4443).

Any user may read it: no raw socket, no rights.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Literal, NamedTuple

from nightside.model.check import Family

HAVE = hasattr(socket, "MSG_ERRQUEUE")
"""Linux alone has such queues."""

_RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
"""(level, option) of IP_RECVERR and IPV6_RECVERR, linux/in.h and linux/in6.h; the same as control messages."""
_EXTENDED = struct.Struct("=IBBBBII")
"""struct sock_extended_err of linux/errqueue.h: errno, origin, type, code, padding, info, data."""
_ORIGINS = (2, 3)
"""ICMP and ICMPv6; 1 is our own kernel."""
_EXPIRED = {4: 11, 6: 3}
_UNREACHABLE = {4: 3, 6: 1}
_WORDS = {
    4: {
        0: "no route to the network",
        1: "no route to the host",
        2: "no such protocol",
        3: "port unreachable",
    },
    6: {0: "no route", 1: "prohibited", 3: "address unreachable", 4: "port unreachable", 5: "prohibited"},
}
_PROHIBITED_4 = (9, 10, 13)
_MOST_AT_ONCE = 64
_BYTES = 512


class Told(NamedTuple):
    """One message about a packet of ours."""

    kind: Literal["expired", "unreachable"]
    """`expired`: it had as many hops as it might have, and this is where it was."""
    words: str
    address: str | None
    """Who says so; None where our own kernel does."""
    quoted: bytes
    """Our packet as it was quoted, from behind its IP header on (UDP: behind its own); often no more than 8 bytes."""


def listen(sock: socket.socket, family: Family) -> None:
    """From now on, what is said of this socket's packets is kept for `told`."""
    sock.setsockopt(*_RECVERR[family], 1)


def told(sock: socket.socket, family: Family) -> list[Told]:
    """What has been said since; must be taken, or the socket stays readable for ever. At most 64 at once."""
    found: list[Told] = []
    for _ in range(_MOST_AT_ONCE):
        try:
            quoted, control, _flags, _to = sock.recvmsg(_BYTES, 512, socket.MSG_ERRQUEUE)
        except (BlockingIOError, InterruptedError):
            break
        for level, option, data in control:
            if (level, option) == _RECVERR[family] and (one := _told(family, data, quoted)) is not None:
                found.append(one)
    return found


def _told(family: Family, data: bytes, quoted: bytes) -> Told | None:
    if len(data) < _EXTENDED.size:
        return None
    number, origin, type_, code, *_ = _EXTENDED.unpack_from(data)
    if origin not in _ORIGINS:
        return Told("unreachable", os.strerror(number), None, quoted)
    address = _address(family, data[_EXTENDED.size :])
    if type_ == _EXPIRED[family]:
        # Code 1: the time to put fragments together; nobody is so far away.
        return Told("expired", "expired", address, quoted) if code == 0 else None
    if type_ != _UNREACHABLE[family]:
        return None
    words = (
        "prohibited" if family == 4 and code in _PROHIBITED_4 else _WORDS[family].get(code, f"code {code}")
    )
    return Told("unreachable", words, address, quoted)


def _address(family: Family, name: bytes) -> str | None:
    """Of the struct sockaddr_in or sockaddr_in6 behind the error."""
    begin, size = (4, 4) if family == 4 else (8, 16)
    raw = name[begin : begin + size]
    if len(raw) < size or not any(raw):
        return None
    return socket.inet_ntop(socket.AF_INET if family == 4 else socket.AF_INET6, raw)
