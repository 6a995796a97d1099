"""What a registry snapshot says, as the stepwise judge asks for it."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from nightside.engine.subjects import Subjects
from nightside.routing.numbered import Ground
from nightside.routing.prefixes import PrefixIndex
from nightside.routing.ways import WayIndex
from nightside.world.snapshot import Snapshot
from nightside.world.units import asn_country, prefix_country


def ways_of(snapshot: Snapshot) -> WayIndex:
    """An empty index of ways that knows the countries of ASes."""
    return WayIndex(snapshot.asn_numbers, snapshot.asn_codes.astype(np.uint16))


def ground_of(snapshot: Snapshot, subjects: Subjects, shortest: int) -> Ground:
    """The map for these subjects; prefixes shorter than `shortest` cover nothing."""
    before = np.concatenate([[0], np.cumsum(subjects.entity_of_unit > 0, dtype=np.int32)])

    def countries(index: PrefixIndex, start: int) -> npt.NDArray[np.uint16]:
        hi, _lo, length, family = index.columns(start)
        return prefix_country(snapshot, hi, length, family)

    def subject(index: PrefixIndex, start: int) -> npt.NDArray[np.uint8]:
        hi, _lo, length, family = index.columns(start)
        fits = (family == 4) & (length >= shortest) & (length <= 24)
        first = np.where(fits, hi >> np.uint64(40), 0).astype(np.int64)
        size = np.where(fits, np.int64(1) << (24 - np.where(fits, length, 24).astype(np.int64)), 0)
        covers: npt.NDArray[np.bool_] = before[first + size] > before[first]
        return covers.astype(np.uint8)

    return Ground(np.asarray(snapshot.ipv4, np.uint16), countries, subject, partial(asn_country, snapshot))
