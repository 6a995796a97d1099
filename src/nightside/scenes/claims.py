"""Which network is busy when: what happens to it would not be what was planned if two things met."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
_BITS = 33


class Claims:
    """Stretches of time that networks are taken for; of one network they are apart."""

    def __init__(self) -> None:
        self._key = np.empty(0, np.int64)
        self._end = np.empty(0, np.int64)
        self._new: dict[int, list[tuple[int, int]]] = {}

    def free(self, prefix: Int, begin: Int, end: Int) -> NDArray[np.bool_]:
        """Whether each of these (prefix, begin, end) meets nothing."""
        if self._new:
            rows = [(p, a, b) for p, some in self._new.items() for a, b in some]
            columns = np.array(rows, np.int64)
            key = np.concatenate([self._key, columns[:, 0] << _BITS | columns[:, 1]])
            order = np.argsort(key, kind="stable")
            self._key, self._end = key[order], np.concatenate([self._end, columns[:, 2]])[order]
            self._new = {}
        return self._free(prefix, begin, end)

    def take(self, prefix: Int, begin: int, end: int) -> bool:
        """Take all the prefixes for one stretch if they are free; whether they were."""
        numbers = prefix.tolist()
        if any(a < end and begin < b for p in numbers for a, b in self._new.get(p, ())):
            return False
        if not self._free(prefix, np.full(len(prefix), begin), np.full(len(prefix), end)).all():
            return False
        for p in numbers:
            self._new.setdefault(p, []).append((begin, end))
        return True

    def _free(self, prefix: Int, begin: Int, end: Int) -> NDArray[np.bool_]:
        if len(self._key) == 0:
            return np.ones(len(prefix), bool)
        at = np.searchsorted(self._key, prefix << _BITS | end) - 1
        meets: NDArray[np.bool_] = (at >= 0) & (self._key[at] >> _BITS == prefix) & (self._end[at] > begin)
        return ~meets
