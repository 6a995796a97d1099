"""BGP messages as bytes: RFC 4271, IPv6 by RFC 4760, End-of-RIB by RFC 4724, four-byte paths by RFC 6793."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from struct import pack

_MARKER = b"\xff" * 16
_UPDATE = 2
_AFI_IPV6, _SAFI_UNICAST = 2, 1
_ORIGIN, _AS_PATH, _NEXT_HOP, _MED, _COMMUNITIES, _MP_REACH, _MP_UNREACH = 1, 2, 3, 4, 8, 14, 15
_TRANSITIVE, _OPTIONAL = 0x40, 0x80
_EXTENDED_LENGTH = 0x10
_AS_SEQUENCE = 2
PREFIXES_PER_MESSAGE = 150
"""Keeps the longest message (150 IPv6 prefixes and a long path) under the 4,096 bytes of RFC 4271."""


@lru_cache(maxsize=1 << 16)
def nlri(prefix: str) -> bytes:
    """A prefix as it stands in messages and tables: length in bits, then as many bytes as that needs."""
    net = ip_network(prefix)
    return bytes((net.prefixlen,)) + net.network_address.packed[: (net.prefixlen + 7) // 8]


def attribute(flags: int, kind: int, value: bytes) -> bytes:
    """One path attribute, with the extended length where the value needs it."""
    if len(value) > 255:
        return pack(">BBH", flags | _EXTENDED_LENGTH, kind, len(value)) + value
    return pack(">BBB", flags, kind, len(value)) + value


def common_attributes(
    path: Sequence[int],
    *,
    next_hop_ipv4: bytes = b"",
    med: int | None = None,
    communities: Sequence[int] = (),
) -> bytes:
    """ORIGIN (IGP), AS_PATH and what is given of NEXT_HOP, MED and COMMUNITIES, in the order of types."""
    found = attribute(_TRANSITIVE, _ORIGIN, b"\0")
    found += attribute(_TRANSITIVE, _AS_PATH, pack(f">BB{len(path)}I", _AS_SEQUENCE, len(path), *path))
    if next_hop_ipv4:
        found += attribute(_TRANSITIVE, _NEXT_HOP, next_hop_ipv4)
    if med is not None:
        found += attribute(_OPTIONAL, _MED, pack(">I", med))
    if communities:
        packed = pack(f">{len(communities)}I", *communities)
        found += attribute(_OPTIONAL | _TRANSITIVE, _COMMUNITIES, packed)
    return found


def reach_ipv6(next_hop: bytes, prefixes: Sequence[bytes]) -> bytes:
    """MP_REACH_NLRI of a message, for IPv6 unicast."""
    head = pack(">HBB", _AFI_IPV6, _SAFI_UNICAST, len(next_hop))
    return attribute(_OPTIONAL, _MP_REACH, head + next_hop + b"\0" + b"".join(prefixes))


def reach_ipv6_in_table(next_hop: bytes) -> bytes:
    """MP_REACH_NLRI of a table entry: the next hop's length and itself, nothing else (RFC 6396, 4.3.4)."""
    return attribute(_OPTIONAL, _MP_REACH, bytes((len(next_hop),)) + next_hop)


def update_ipv4(
    *, withdrawn: Sequence[bytes] = (), attributes: bytes = b"", announced: Sequence[bytes] = ()
) -> bytes:
    """An UPDATE for IPv4 unicast."""
    gone = b"".join(withdrawn)
    body = pack(">H", len(gone)) + gone + pack(">H", len(attributes)) + attributes + b"".join(announced)
    return _message(body)


def announce_ipv6(attributes: bytes, next_hop: bytes, prefixes: Sequence[bytes]) -> bytes:
    """An UPDATE that announces IPv6 prefixes."""
    return update_ipv4(attributes=attributes + reach_ipv6(next_hop, prefixes))


def withdraw_ipv6(prefixes: Sequence[bytes]) -> bytes:
    """An UPDATE that withdraws IPv6 prefixes; with none it is the End-of-RIB marker of that family."""
    head = pack(">HB", _AFI_IPV6, _SAFI_UNICAST)
    return update_ipv4(attributes=attribute(_OPTIONAL, _MP_UNREACH, head + b"".join(prefixes)))


def end_of_rib(family: int) -> bytes:
    """The End-of-RIB marker of RFC 4724: an empty UPDATE, or an empty MP_UNREACH_NLRI."""
    return update_ipv4() if family == 4 else withdraw_ipv6(())


def address_bytes(address: str) -> bytes:
    """4 or 16 bytes."""
    return ip_address(address).packed


def _message(body: bytes) -> bytes:
    length = len(_MARKER) + 3 + len(body)
    if length > 4096:
        raise ValueError(f"a BGP message of {length} bytes; at most 4096 are allowed")
    return _MARKER + pack(">HB", length, _UPDATE) + body
