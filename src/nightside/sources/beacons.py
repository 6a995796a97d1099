"""The RIS beacons: prefixes that RIPE RIS announces and withdraws by a timetable. They tell silence from quiet.

As of 1 February 2024 (https://ris.ripe.net/docs/routing-beacons) they are announced at 00:00, 04:00, … 20:00 UTC
and withdrawn two hours later; beside each there is an anchor, which is always announced. Which of them a collector
sees depends on its peers, so the blocks are asked for in which all of them lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

import numpy as np
import numpy.typing as npt

from nightside.model.elements import Columns

BLOCKS = ("84.205.64.0/19", "93.175.144.0/20", "2001:7fb::/32")
EVERY_S = 7200.0
"""Something is announced or withdrawn at least so often."""
MARGIN_S = 900.0
"""A withdrawal takes minutes to get around; damping and a late beacon are forgiven too."""


def of_beacons(columns: Columns) -> npt.NDArray[np.bool_]:
    """Which elements of a batch are about a beacon or an anchor."""
    n = columns.count
    found = np.zeros(n, np.bool_)
    for family, free_bits, head, bits in _HEADS:
        within = (columns.family[:n] == family) & (columns.prefix_len[:n] >= bits)
        found |= within & (columns.prefix_hi[:n] >> np.uint64(free_bits) == head)
    return found


@dataclass(frozen=True, slots=True)
class Canary:
    """What must be heard of each collector, so that the quiet of a filtered stream may be believed."""

    patience_s: float = EVERY_S + MARGIN_S

    def sings(self, columns: Columns) -> bool:
        """Whether a beacon is heard in a batch."""
        return bool(of_beacons(columns).any())

    @property
    def why(self) -> str:
        """What is said when it has fallen silent."""
        return f"no RIS beacon for {self.patience_s:g} s: the filter or the stream is broken; asked for anew"


def _head(network: IPv4Network | IPv6Network) -> tuple[int, int, np.uint64, int]:
    """Family, how many bits of the high 64 are free, those before them, and how many these are."""
    high = int(network.network_address) << 32 if network.version == 4 else int(network.network_address) >> 64
    free = 64 - network.prefixlen
    return network.version, free, np.uint64(high >> free), network.prefixlen


_HEADS = tuple(_head(ip_network(block)) for block in BLOCKS)
