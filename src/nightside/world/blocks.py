"""The prefixes that could be routed within a country's IPv4 space."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

import numpy as np

from nightside.world.snapshot import Snapshot

UNIT_BITS = 24
_ALL = 1 << UNIT_BITS


def country_blocks(snapshot: Snapshot, code: str) -> list[IPv4Network]:
    """The country's space as the fewest prefixes that are wholly its own, in order; none is longer than /24.

    KeyError where `code` is no country's in the snapshot.
    """
    starts, codes = snapshot.ipv4_runs
    ends = np.append(starts[1:], np.uint64(_ALL))
    mine = np.flatnonzero(codes == snapshot.index_of(code))
    return [block for run in mine.tolist() for block in _aligned(int(starts[run]), int(ends[run]))]


def _aligned(first: int, end: int) -> Iterator[IPv4Network]:
    """The /24s from `first` to before `end` as prefixes."""
    while first < end:
        size = first & -first or _ALL
        while size > end - first:
            size >>= 1
        yield IPv4Network((first << 8, UNIT_BITS + 1 - size.bit_length()))
        first += size


def prefixes_within(block: IPv4Network) -> Iterator[IPv4Network]:
    """The block itself and every prefix in it up to /24: 2 n - 1 of them where it has n units."""
    for length in range(block.prefixlen, UNIT_BITS + 1):
        yield from block.subnets(new_prefix=length)


def count_within(block: IPv4Network) -> int:
    """How many `prefixes_within` gives."""
    return int(2 ** (UNIT_BITS + 1 - block.prefixlen)) - 1
