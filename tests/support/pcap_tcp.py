"""The bytes of TCP connections in a packet capture (libpcap, Ethernet, IPv4 and IPv6 without fragments), put
together in the order of the sequence numbers (RFC 9293)."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from struct import unpack_from

Flow = tuple[str, int, str, int]
"""Address and port of who sends, and of who receives."""
TCP = 6


def streams(path: Path) -> dict[Flow, bytes]:
    """What was sent, by connection and direction."""
    segments: dict[Flow, list[tuple[int, bytes]]] = defaultdict(list)
    for sender, receiver, segment in _segments(path):
        from_port, to_port, sequence = unpack_from("!HHI", segment)
        data = segment[(segment[12] >> 4) * 4 :]
        if data:
            segments[(sender, from_port, receiver, to_port)].append((sequence, data))
    return {flow: _put_together(parts) for flow, parts in segments.items()}


def _segments(path: Path) -> Iterator[tuple[str, str, bytes]]:
    content = gzip.decompress(path.read_bytes())
    assert unpack_from("<I", content)[0] == 0xA1B2C3D4
    assert unpack_from("<I", content, 20)[0] == 1, "not Ethernet"
    at = 24
    while at < len(content):
        size = unpack_from("<I", content, at + 8)[0]
        frame = content[at + 16 : at + 16 + size]
        at += 16 + size
        packet = frame[14:]
        if frame[12:14] == b"\x08\x00":
            total, _identity, fragment = unpack_from("!HHH", packet, 2)
            assert packet[9] == TCP
            assert fragment & 0x3FFF == 0, "a fragment"
            addresses, segment = packet[12:20], packet[(packet[0] & 15) * 4 : total]
        else:
            assert frame[12:14] == b"\x86\xdd"
            assert packet[6] == TCP
            addresses, segment = packet[8:40], packet[40 : 40 + unpack_from("!H", packet, 4)[0]]
        half = len(addresses) // 2
        yield str(ip_address(addresses[:half])), str(ip_address(addresses[half:])), segment


def _put_together(segments: list[tuple[int, bytes]]) -> bytes:
    found = b""
    begin = segments[0][0]
    for sequence, data in segments:
        at = (sequence - begin) % 2**32
        assert at <= len(found), "a segment is missing"
        found = found[:at] + data
    return found
