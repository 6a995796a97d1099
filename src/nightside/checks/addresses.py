"""What is the Internet's, and what is private: a name in somebody else's hands may point anywhere."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# The registries of special-purpose addresses (RFC 6890, as kept by IANA), without what is globally reachable.
_NOT_GLOBAL_4 = tuple(
    (IPv4Network(block), why)
    for block, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared behind a carrier's NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "for protocols' own use"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_NOT_GLOBAL_6 = tuple(
    (IPv6Network(block), why)
    for block, why in (
        ("::/128", "this network"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4 written as IPv6"),
        ("64:ff9b:1::/48", "private translation"),
        ("2001::/23", "for protocols' own use"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")  # all that is handed out (RFC 4291, section 2.4)
_SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056: the IPv4 address in bits 16 to 47
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: in the last 32


@lru_cache(maxsize=4096)
def why_private(address: str) -> str | None:
    """Why this address is not of the Internet, in a few words; None where it is.

    IPv4 addresses that are carried within an IPv6 address (6to4, NAT64) are judged too.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    return _why_4(parsed) if isinstance(parsed, IPv4Address) else _why_6(parsed)


def _why_4(address: IPv4Address) -> str | None:
    return next((why for block, why in _NOT_GLOBAL_4 if address in block), None)


def _why_6(address: IPv6Address) -> str | None:
    for block, why in _NOT_GLOBAL_6:
        if address in block:
            return why
    if address in _SIX_TO_FOUR:
        return _why_4(IPv4Address(int(address) >> 80 & 0xFFFFFFFF))
    if address in _NAT64:
        return _why_4(IPv4Address(int(address) & 0xFFFFFFFF))
    return None if address in _GLOBAL_6 else "reserved"
