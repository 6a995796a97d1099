"""Units whose country is that of the AS that announces them, alone or where the registry agrees.

A snapshot says in which country addresses are registered; `snapshot_by` makes one of it that says it by who announces
them, or by both. Prefixes and ASes that a reader has placed (`world.overrides`) stay where the reader put them.
IPv6 and the countries of ASes are as they were.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nightside.model.settings import CountryBy
from nightside.world.snapshot import Snapshot

UNITS = 1 << 24
UNIT_BITS = 24
NOT_ANNOUNCED = 255
"""In place of a country's index: no prefix covers the unit. Snapshots have fewer countries."""
IN_A_NAME = {"origin": "by origin AS", "both": "by registry and origin AS"}


def most_specific(
    hi: NDArray[np.uint64], length: NDArray[np.uint8], country: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(2**24,): the country of the longest of these IPv4 prefixes over each /24, NOT_ANNOUNCED where there is none.

    `hi` is the high 64 bits of the address, `length` at most 24, `country` the index into a snapshot's codes. Each
    prefix is there once.
    """
    units = np.full(UNITS, NOT_ANNOUNCED, np.uint8)
    for bits in range(UNIT_BITS + 1):
        these = np.flatnonzero(length == bits)
        if len(these):
            at = (hi[these] >> np.uint64(64 - bits)).astype(np.int64) if bits else 0
            units.reshape(1 << bits, -1)[at] = country[these][:, None]
    return units


def snapshot_by(basis: CountryBy, snapshot: Snapshot, by_origin: NDArray[np.uint8]) -> Snapshot:
    """The snapshot by another basis than the registry's word; its name says which.

    `by_origin` as `most_specific` gives it: what nobody announces is nobody's. `both`: units of which the registry
    and the origin say different countries are nobody's.
    """
    registered = snapshot.ipv4
    units = np.where(by_origin == NOT_ANNOUNCED, np.uint8(0), by_origin)
    if basis == "both":
        units[units != registered] = 0
    for first, last in snapshot.overridden:
        units[first : last + 1] = registered[first : last + 1]
    starts = np.flatnonzero(np.concatenate([[True], units[1:] != units[:-1]]))
    lengths, codes = np.diff(np.append(starts, UNITS)).astype(np.uint32), units[starts]
    for array in (lengths, codes):
        array.flags.writeable = False
    name = f"{snapshot.name} {IN_A_NAME[basis]}"
    return replace(snapshot, name=name, ipv4_lengths=lengths, ipv4_codes=codes)


def is_overridden(snapshot: Snapshot, hi: NDArray[np.uint64], length: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether a reader has said whose the whole of each IPv4 prefix is; one longer than /24 is its /24's."""
    first = (hi >> np.uint64(64 - UNIT_BITS)).astype(np.int64)
    last = first + (np.int64(1) << (UNIT_BITS - np.minimum(length, UNIT_BITS).astype(np.int64))) - 1
    found = np.zeros(len(hi), bool)
    for begin, end in snapshot.overridden:
        found |= (begin <= first) & (last <= end)
    return found
