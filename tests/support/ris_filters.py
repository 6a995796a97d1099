"""Which messages a subscription of RIS Live lets through, as the manual says (https://ris-live.ripe.net/manual/).

For the local server; it reads BGP by hand (RFC 4271, RFC 4760) and shares no code with the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from struct import unpack_from
from typing import Any

Network = IPv4Network | IPv6Network
MP_REACH, MP_UNREACH = 14, 15


def passes(subscription: dict[str, Any], message: dict[str, Any]) -> bool:
    """Whether a message's `data` passes all filters of a subscription's `data`."""
    host = subscription.get("host")
    if host is not None and host.removesuffix(".ripe.net") != message["host"].removesuffix(".ripe.net"):
        return False
    if any(subscription.get(k) not in (None, message.get(k)) for k in ("type", "peer")):
        return False
    wanted = subscription.get("prefix")
    if wanted is None:
        return True
    if message["type"] != "UPDATE":
        return False
    more, less = subscription.get("moreSpecific", True), subscription.get("lessSpecific", False)
    blocks = [ip_network(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
    return any(
        _fits(prefix, block, more, less)
        for prefix in prefixes(bytes.fromhex(message["raw"]))
        for block in blocks
    )


def _fits(prefix: Network, block: Network, more: bool, less: bool) -> bool:
    if prefix.version != block.version:
        return False
    if prefix == block:
        return True
    return (more and prefix.subnet_of(block)) or (less and prefix.supernet_of(block))  # type: ignore[arg-type]


def prefixes(message: bytes) -> Iterator[Network]:
    """All that an UPDATE announces or withdraws."""
    body = message[19:]
    (gone,) = unpack_from("!H", body)
    yield from _read(body[2 : 2 + gone], 4)
    (length,) = unpack_from("!H", body, 2 + gone)
    attributes, announced = body[4 + gone : 4 + gone + length], body[4 + gone + length :]
    while attributes:
        flags, kind = attributes[0], attributes[1]
        head = 4 if flags & 0x10 else 3
        size = unpack_from("!H", attributes, 2)[0] if flags & 0x10 else attributes[2]
        value, attributes = attributes[head : head + size], attributes[head + size :]
        if kind == MP_REACH:
            yield from _read(value[5 + value[3] :], 6 if value[1] == 2 else 4)
        elif kind == MP_UNREACH:
            yield from _read(value[3:], 6 if value[1] == 2 else 4)
    yield from _read(announced, 4)


def _read(content: bytes, version: int) -> Iterator[Network]:
    at = 0
    while at < len(content):
        bits, size = content[at], (content[at] + 7) // 8
        part = content[at + 1 : at + 1 + size]
        if version == 4:
            yield IPv4Network((IPv4Address(part.ljust(4, b"\0")), bits))
        else:
            yield IPv6Network((IPv6Address(part.ljust(16, b"\0")), bits))
        at += 1 + size
