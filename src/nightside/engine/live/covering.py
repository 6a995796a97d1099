"""Which prefixes cover units of an entity, while prefixes come to be known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nightside.routing.numbered import Numbered

AT_ONCE = 1 << 20


class Covering:
    """Of each entity that was asked about its prefixes; new ones are looked at once."""

    def __init__(self, entity_of_unit: npt.NDArray[np.uint16]) -> None:
        self._entity_of_unit = entity_of_unit
        self._of: dict[int, tuple[int, npt.NDArray[np.uint32]]] = {}
        """By entity: the prefixes that cover a unit of it, among so many."""

    def of(self, number: int, numbered: Numbered) -> npt.NDArray[np.uint8]:
        """1 for each prefix that covers a unit of an entity, by the prefix's number."""
        before, known = self._of.get(number, (0, np.zeros(0, np.uint32)))
        if before < numbered.n_prefixes:
            units = self._units(number)
            new = slice(before, numbered.n_prefixes)
            fits = numbered.subject[new] > 0
            length = np.where(fits, numbered.length[new], 24).astype(np.int64)
            first = np.where(fits, numbered.hi[new] >> np.uint64(40), 0).astype(np.int64)
            size = np.where(fits, np.int64(1) << (24 - length), 0)
            covers = np.searchsorted(units, first + size) > np.searchsorted(units, first)
            known = np.concatenate([known, (np.flatnonzero(covers) + before).astype(np.uint32)])
            self._of[number] = (numbered.n_prefixes, known)
        mask = np.zeros(numbered.n_prefixes, np.uint8)
        mask[known] = 1
        return mask

    def _units(self, number: int) -> npt.NDArray[np.int64]:
        # All of IPv4 compared at once would be 16 MiB more while it lasts.
        of_unit = self._entity_of_unit
        parts = [
            np.flatnonzero(of_unit[begin : begin + AT_ONCE] == number) + begin
            for begin in range(0, len(of_unit), AT_ONCE)
        ]
        return np.concatenate(parts)
