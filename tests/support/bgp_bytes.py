"""BGP messages and BMP messages by hand (RFC 4271, RFC 7854), for tests. Shares no code with the program."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from struct import pack

ROUTE_MONITORING, STATISTICS, PEER_DOWN, PEER_UP, INITIATION, TERMINATION, MIRRORING = range(7)
MARKER = b"\xff" * 16


def prefix_bytes(prefixes: Sequence[str]) -> bytes:
    """As they stand in an UPDATE."""
    found = b""
    for prefix in prefixes:
        network = ip_network(prefix)
        found += bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8]
    return found


def as_path(asns: Sequence[int], width: int = 4) -> bytes:
    """An AS_PATH attribute of one AS_SEQUENCE."""
    segment = bytes([2, len(asns)]) + b"".join(asn.to_bytes(width, "big") for asn in asns)
    return pack("!BBB", 0x40, 2, len(segment)) + segment


def update(
    announced: Sequence[str] = (), path: Sequence[int] = (), withdrawn: Sequence[str] = (), width: int = 4
) -> bytes:
    """An UPDATE of IPv4 unicast."""
    gone = prefix_bytes(withdrawn)
    attributes = b""
    if announced:
        attributes = b"\x40\x01\x01\x00" + as_path(path, width) + b"\x40\x03\x04\xc0\x00\x02\x01"
    body = pack("!H", len(gone)) + gone + pack("!H", len(attributes)) + attributes + prefix_bytes(announced)
    return MARKER + pack("!HB", 19 + len(body), 2) + body


def update_ipv6(
    announced: Sequence[str] = (), path: Sequence[int] = (), withdrawn: Sequence[str] = ()
) -> bytes:
    """An UPDATE of IPv6 unicast (RFC 4760)."""
    attributes = b""
    if withdrawn:
        value = b"\0\x02\x01" + prefix_bytes(withdrawn)
        attributes += pack("!BBB", 0x80, 15, len(value)) + value
    if announced:
        value = b"\0\x02\x01\x10" + ip_address("2001:db8::1").packed + b"\0" + prefix_bytes(announced)
        attributes += b"\x40\x01\x01\x00" + as_path(path) + pack("!BBB", 0x80, 14, len(value)) + value
    body = pack("!HH", 0, len(attributes)) + attributes
    return MARKER + pack("!HB", 19 + len(body), 2) + body


def open_message(asn: int, capabilities: bytes = b"", extended: bool = False) -> bytes:
    """An OPEN with one parameter of capabilities (RFC 5492), lengths extended (RFC 9072) or not."""
    width = "!BH" if extended else "!BB"
    parameters = pack(width, 2, len(capabilities)) + capabilities if capabilities else b""
    if extended:
        parameters = pack("!BBH", 255, 255, len(parameters)) + parameters
    else:
        parameters = bytes([len(parameters)]) + parameters
    body = pack("!BHH", 4, min(asn, 23456), 180) + b"\x0a\0\0\x01" + parameters
    return MARKER + pack("!HB", 19 + len(body), 1) + body


def add_path(afi: int, what: int) -> bytes:
    """The ADD-PATH capability for unicast of one family (RFC 7911): 1 receive, 2 send, 3 both."""
    return pack("!BBHBB", 69, 4, afi, 1, what)


def bmp(type: int, body: bytes) -> bytes:
    """A BMP message."""
    return pack("!BIB", 3, 6 + len(body), type) + body


def peer_header(
    address: str = "192.0.2.1", asn: int = 65001, time_s: float = 1419264900.25, type: int = 0, flags: int = 0
) -> bytes:
    """The per-peer header; the flag of IPv6 is set by itself."""
    packed = ip_address(address).packed
    flags |= 0x80 if len(packed) == 16 else 0
    seconds, microseconds = divmod(round(time_s * 1_000_000), 1_000_000)
    return (
        bytes([type, flags])
        + bytes(8)
        + packed.rjust(16, b"\0")
        + pack("!I4sII", asn, b"\x0a\0\0\x02", seconds, microseconds)
    )


def route_monitoring(message: bytes, **header: object) -> bytes:
    """One UPDATE of a peer; the keywords are those of `peer_header`."""
    return bmp(ROUTE_MONITORING, peer_header(**header) + message)  # type: ignore[arg-type]


def peer_up(sent: bytes | None = None, received: bytes | None = None, **header: object) -> bytes:
    """A session comes up."""
    opens = (sent or open_message(65000)) + (received or open_message(65001))
    return bmp(PEER_UP, peer_header(**header) + bytes(16) + pack("!HH", 179, 40000) + opens)  # type: ignore[arg-type]


def peer_down(reason: int = 4, **header: object) -> bytes:
    """A session goes down."""
    return bmp(PEER_DOWN, peer_header(**header) + bytes([reason]))  # type: ignore[arg-type]


def tlv(type: int, value: bytes) -> bytes:
    """Information as initiation and termination carry it."""
    return pack("!HH", type, len(value)) + value


def initiation(name: str = "edge1.example", description: str = "a router") -> bytes:
    """What a router says first."""
    return bmp(INITIATION, tlv(1, description.encode()) + tlv(2, name.encode()))


def termination(reason: int = 0) -> bytes:
    """What a router says last."""
    return bmp(TERMINATION, tlv(1, pack("!H", reason)))


def statistics(**header: object) -> bytes:
    """A report with one counter."""
    return bmp(STATISTICS, peer_header(**header) + pack("!IHHI", 1, 0, 4, 7))  # type: ignore[arg-type]
