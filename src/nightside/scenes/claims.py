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

    def free(self, prefix: Int, begin: Int, end: Int) -> NDArray[np.bool_]:
        """Whether each of these (prefix, begin, end) meets nothing."""
        if len(self._key) == 0:
            return np.ones(len(prefix), bool)
        at = np.searchsorted(self._key, prefix << _BITS | end) - 1
        meets: NDArray[np.bool_] = (at >= 0) & (self._key[at] >> _BITS == prefix) & (self._end[at] > begin)
        return ~meets

    def add(self, prefix: Int, begin: Int, end: Int) -> None:
        """Take the prefixes for these times, which are free."""
        key = np.concatenate([self._key, prefix << _BITS | begin])
        order = np.argsort(key, kind="stable")
        self._key, self._end = key[order], np.concatenate([self._end, end])[order]

    def take(self, prefix: Int, begin: int, end: int) -> bool:
        """Take all the prefixes for one stretch if they are free; whether they were."""
        begins, ends = np.full(len(prefix), begin), np.full(len(prefix), end)
        if not self.free(prefix, begins, ends).all():
            return False
        self.add(prefix, begins, ends)
        return True
