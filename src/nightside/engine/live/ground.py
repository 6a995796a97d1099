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


def ground_of(snapshot: Snapshot, subjects: Subjects, shortest: int, *, near: bool = False) -> Ground:
    """The map for these subjects; prefixes shorter than `shortest` cover nothing.

    `near`: only the subjects' own units have a country, which saves 32 MiB. The subjects must be countries.
    """
    unit_country = subjects.entity_of_unit if near else np.asarray(snapshot.ipv4, np.uint16)
    begins, ends = stretches(subjects)

    def countries(index: PrefixIndex, start: int) -> npt.NDArray[np.uint16]:
        hi, _lo, length, family = index.columns(start)
        return prefix_country(snapshot, hi, length, family)

    def subject(index: PrefixIndex, start: int) -> npt.NDArray[np.uint8]:
        hi, _lo, length, family = index.columns(start)
        return covers_any(begins, ends, hi, length, family, shortest)

    return Ground(unit_country, countries, subject, partial(asn_country, snapshot))


def stretches(subjects: Subjects) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(first /24, the one behind the last) of each stretch of units that are somebody's, ascending."""
    theirs = subjects.entity_of_unit > 0
    begins = np.flatnonzero(theirs[1:] & ~theirs[:-1]) + 1
    ends = np.flatnonzero(theirs[:-1] & ~theirs[1:]) + 1
    begins = np.concatenate([np.zeros(int(theirs[0]), np.int64), begins])
    return begins, np.concatenate([ends, np.full(int(theirs[-1]), len(theirs), np.int64)])


def covers_any(
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    hi: npt.NDArray[np.uint64],
    length: npt.NDArray[np.uint8],
    family: npt.NDArray[np.uint8],
    shortest: int,
) -> npt.NDArray[np.uint8]:
    """1 for each prefix of IPv4, neither shorter than `shortest` nor longer than a unit, that covers a unit of these
    stretches; prefixes as columns (`model.elements.Columns`)."""
    fits = (family == 4) & (length >= shortest) & (length <= 24)
    first = (hi >> np.uint64(40)).astype(np.int64)
    size = np.int64(1) << (24 - np.where(fits, length, 24).astype(np.int64))
    begun = np.searchsorted(begins, first + size)
    over = np.searchsorted(ends, first, "right")
    covers: npt.NDArray[np.bool_] = fits & (begun > over)
    return covers.astype(np.uint8)
