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
    """Of one family; AS 0 is nobody."""

    first: NDArray[Any]
    """IPv4: uint32, runs that together are all of it; IPv6: uint64, the high 64 bits."""
    last: NDArray[np.uint64] | None
    """IPv6 alone, as its ranges have gaps."""
    asns: NDArray[np.uint32]


@lru_cache(maxsize=1)
def _ipv4() -> _Table:
    import numpy as np

    with _TABLE.open("rb") as file, np.load(file) as data:
        ends = np.cumsum(_values(data["ipv4_lengths"], "<u4"), dtype=np.uint64)
        first = np.concatenate([np.zeros(1, np.uint32), ends[:-1].astype(np.uint32)])
        return _Table(first, None, _values(data["asns"], "<u4")[_values(data["ipv4_asns"], "<u4")])


@lru_cache(maxsize=1)
def _ipv6() -> _Table:
    import numpy as np

    with _TABLE.open("rb") as file, np.load(file) as data:
        first = np.cumsum(_values(data["ipv6_gaps"], "<u8"), dtype=np.uint64)
        last = first + _values(data["ipv6_lengths"], "<u8")
        return _Table(first, last, _values(data["asns"], "<u4")[_values(data["ipv6_asns"], "<u4")])


def _values(planes: NDArray[np.uint8], kind: str) -> NDArray[Any]:
    """The file holds the first byte of each value, then the second of each: tools/build_address_asn.py."""
    import numpy as np

    return np.ascontiguousarray(planes.T).view(kind).reshape(-1)


@lru_cache(maxsize=1)
def _about() -> dict[str, str]:
    import numpy as np

    with _TABLE.open("rb") as file, np.load(file) as data:
        about: dict[str, str] = json.loads(data["about"].tobytes())
        return about


def about_addresses() -> dict[str, str]:
    """`source`, `date` (YYYY-MM-DD) and `licence` of the table."""
    return dict(_about())


@lru_cache(maxsize=65_536)
def asn_of_address(address: str) -> int | None:
    """The AS that announces this IPv4 or IPv6 address; None where nobody does. ValueError where it is no address."""
    import numpy as np

    asked = ip_address(address)
    if isinstance(asked, IPv4Address):
        table = _ipv4()
        at = int(np.searchsorted(table.first, np.uint32(int(asked)), "right")) - 1
    elif asked.ipv4_mapped is not None:
        return asn_of_address(str(asked.ipv4_mapped))
    else:
        table, high = _ipv6(), np.uint64(int(asked) >> 64)
        at = int(np.searchsorted(table.first, high, "right")) - 1
        if at < 0 or table.last is None or high > table.last[at]:
            return None
    return int(table.asns[at]) or None
