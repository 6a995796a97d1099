"""Whose AS an address is, by a shipped table of address blocks and the AS that announces each.

As of the table's day (`about_addresses`); addresses that nobody announced then, of private space and of most
exchanges, are nobody's.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TABLE = files("nightside.world") / "data" / "address_asn.npz"


class _Table(NamedTuple):
    about: dict[str, str]
    asns: NDArray[np.uint32]
    """AS numbers by index; 0 for nobody."""
    ipv4_first: NDArray[np.uint32]
    """Runs that together are all of IPv4."""
    ipv4_asns: NDArray[np.uint32]
    ipv6_first: NDArray[np.uint64]
    """High 64 bits, as of ipv6_last."""
    ipv6_last: NDArray[np.uint64]
    ipv6_asns: NDArray[np.uint32]


@lru_cache(maxsize=1)
def _table() -> _Table:
    import numpy as np

    with _TABLE.open("rb") as file, np.load(file) as data:

        def values(name: str, kind: str) -> NDArray[Any]:
            # The first byte of each value, then the second of each: tools/build_address_asn.py.
            return np.ascontiguousarray(data[name].T).view(kind).reshape(-1)

        ends = np.cumsum(values("ipv4_lengths", "<u4"), dtype=np.uint64)
        ipv6_first = np.cumsum(values("ipv6_gaps", "<u8"), dtype=np.uint64)
        return _Table(
            about=json.loads(data["about"].tobytes()),
            asns=values("asns", "<u4"),
            ipv4_first=np.concatenate([np.zeros(1, np.uint32), ends[:-1].astype(np.uint32)]),
            ipv4_asns=values("ipv4_asns", "<u4"),
            ipv6_first=ipv6_first,
            ipv6_last=ipv6_first + values("ipv6_lengths", "<u8"),
            ipv6_asns=values("ipv6_asns", "<u4"),
        )


def about_addresses() -> dict[str, str]:
    """`source`, `date` (YYYY-MM-DD) and `licence` of the table."""
    return dict(_table().about)


@lru_cache(maxsize=65_536)
def asn_of_address(address: str) -> int | None:
    """The AS that announces this IPv4 or IPv6 address; None where nobody does. ValueError where it is no address."""
    import numpy as np

    asked, table = ip_address(address), _table()
    if isinstance(asked, IPv4Address):
        at = int(np.searchsorted(table.ipv4_first, np.uint32(int(asked)), "right")) - 1
        return int(table.asns[table.ipv4_asns[at]]) or None
    if asked.ipv4_mapped is not None:
        return asn_of_address(str(asked.ipv4_mapped))
    high = np.uint64(int(asked) >> 64)
    at = int(np.searchsorted(table.ipv6_first, high, "right")) - 1
    if at < 0 or high > table.ipv6_last[at]:
        return None
    return int(table.asns[table.ipv6_asns[at]]) or None
