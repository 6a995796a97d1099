"""A path as `checks.trace` tells it, with whose network each hop is.

By addresses: the AS that announces a router's address, and the country in which the address is registered. A router
at an exchange, or at the edge of two networks, often answers with an address of the exchange, or of the other
network; what belongs to nobody (private space, most exchanges) stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, ip_address
from typing import Any

from nightside.checks.addresses import why_private
from nightside.world.address_asn import about_addresses, asn_of_address
from nightside.world.names import as_name
from nightside.world.snapshot import Snapshot, load


@dataclass(frozen=True, slots=True)
class PathHop:
    """One hop; all but its number is None where it did not answer, or where it is not known."""

    hop: int
    address: str | None
    rtt_ms: float | None
    asn: int | None
    as_name: str | None
    country: str | None
    """ISO 3166-1 alpha-2: where the address is registered."""


@dataclass(frozen=True, slots=True)
class Path:
    """From us towards the target."""

    hops: tuple[PathHop, ...]
    last: PathHop | None
    """The last that answered."""
    last_known: PathHop | None
    """The last that answered of which the network is known."""
    addresses_from: str
    """The table of addresses and ASes, with its day."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def path_facts(hops: Sequence[Sequence[Any]], snapshot: Snapshot | None = None) -> Path:
    """`hops` as in the facts of a trace: [hop, address or null, round trip in ms or null]; what has another form is
    passed over, since agents hand it in. `snapshot`: where addresses are registered, the shipped one unless given.
    """
    world = load() if snapshot is None else snapshot
    told = tuple(hop for each in hops if (hop := _hop(each, world)) is not None)
    answered = [hop for hop in told if hop.address is not None]
    known = [hop for hop in answered if hop.asn is not None]
    about = about_addresses()
    return Path(
        hops=told,
        last=answered[-1] if answered else None,
        last_known=known[-1] if known else None,
        addresses_from=f"{about['source']}, {about['date']}",
    )


def _hop(each: Sequence[Any], world: Snapshot) -> PathHop | None:
    if not isinstance(each, list | tuple) or len(each) != 3 or not isinstance(each[0], int):
        return None
    number, said, rtt_ms = each
    address = _address(said)
    if address is None or not isinstance(rtt_ms, int | float):
        return PathHop(number, address, None, None, None, None)
    if why_private(address) is not None:
        return PathHop(number, address, rtt_ms, None, None, None)
    asn = asn_of_address(address)
    name = None if asn is None else as_name(asn)
    return PathHop(number, address, rtt_ms, asn, name, _country(address, world))


def _address(said: object) -> str | None:
    try:
        return str(ip_address(said)) if isinstance(said, str) else None
    except ValueError:
        return None


def _country(address: str, world: Snapshot) -> str | None:
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return world.country_of_ipv4(int(parsed) >> 8)
    import numpy as np

    starts, codes = world.ipv6_runs
    at = int(np.searchsorted(starts, np.uint64(int(parsed) >> 64), "right")) - 1
    return world.codes[int(codes[at])] or None
