"""One MRT record read by hand (RFC 6396, 4271), as a reader would with the standards beside him.

Only what our scenes and tests write: BGP4MP messages and state changes with four-byte ASes, IPv4 unicast, and
TABLE_DUMP_V2 entries of IPv4. It shares no code with the program.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from struct import unpack_from


@dataclass
class Record:
    """What one record says."""

    time: int
    kind: str
    """update, state or rib."""
    peer_asn: int = 0
    peer_address: str = ""
    withdrawn: list[str] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    path: str | None = None
    entries: dict[int, str] = field(default_factory=dict)
    """Of a rib record: the path by peer index."""


def record_at(content: bytes, offset: int) -> Record:
    """The record that begins at this byte."""
    second, kind, subtype, length = unpack_from(">IHHI", content, offset)
    body = content[offset + 12 : offset + 12 + length]
    assert len(body) == length, "the record is cut off"
    if (kind, subtype) == (13, 2):
        return _rib(second, body)
    assert kind == 16, f"type {kind}"
    peer, _local, _interface, family = unpack_from(">IIHH", body)
    size = 4 if family == 1 else 16
    address = str(ipaddress.ip_address(body[12 : 12 + size]))
    rest = body[12 + 2 * size :]
    if subtype == 5:
        return Record(second, "state", peer, address)
    assert subtype == 4
    assert rest[:16] == b"\xff" * 16
    assert rest[18] == 2, "no UPDATE"
    message = rest[19:]
    gone = unpack_from(">H", message)[0]
    attributes = unpack_from(">H", message, 2 + gone)[0]
    at = 4 + gone
    return Record(
        second,
        "update",
        peer,
        address,
        withdrawn=_prefixes(message[2 : 2 + gone]),
        announced=_prefixes(message[at + attributes :]),
        path=_path(message[at : at + attributes]),
    )


def _rib(second: int, body: bytes) -> Record:
    found = Record(second, "rib")
    size = (body[4] + 7) // 8
    found.announced = _prefixes(body[4 : 5 + size])
    at = 5 + size
    (count,) = unpack_from(">H", body, at)
    at += 2
    for _ in range(count):
        peer, _since, length = unpack_from(">HIH", body, at)
        found.entries[peer] = _path(body[at + 8 : at + 8 + length]) or ""
        at += 8 + length
    return found


def _prefixes(content: bytes) -> list[str]:
    found, at = [], 0
    while at < len(content):
        size = (content[at] + 7) // 8
        address = content[at + 1 : at + 1 + size] + bytes(4 - size)
        found.append(f"{ipaddress.IPv4Address(address)}/{content[at]}")
        at += 1 + size
    return found


def _path(attributes: bytes) -> str | None:
    at = 0
    while at < len(attributes):
        flags, kind = attributes[at], attributes[at + 1]
        long = bool(flags & 0x10)
        length = unpack_from(">H", attributes, at + 2)[0] if long else attributes[at + 2]
        at += 4 if long else 3
        if kind == 2:
            return _segments(attributes[at : at + length])
        at += length
    return None


def _segments(content: bytes) -> str:
    words, at = [], 0
    while at < len(content):
        kind, count = content[at], content[at + 1]
        asns = [str(n) for n in unpack_from(f">{count}I", content, at + 2)]
        words += asns if kind == 2 else ["{" + ",".join(asns) + "}"]
        at += 2 + 4 * count
    return " ".join(words)
