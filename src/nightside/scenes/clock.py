"""A collector's clock: from true seconds to its stamps and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_RAMP_S = 1800
"""It drifts off and back over so long, so that its stamps never go backwards."""


class Clock:
    """`wrong` are the stretches (begin, end, seconds off) in which the clock is off, apart and in order."""

    def __init__(self, wrong: Sequence[tuple[int, int, int]]) -> None:
        true: list[int] = []
        stamp: list[int] = []
        for begin, end, off in wrong:
            true += [begin, begin + _RAMP_S, end, end + _RAMP_S]
            stamp += [begin, begin + _RAMP_S + off, end + off, end + _RAMP_S]
        self._true, self._stamp = np.array(true, float), np.array(stamp, float)

    def stamps(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the clock shows in these true seconds."""
        if len(self._true) == 0:
            return seconds
        off = np.interp(seconds, self._true, self._stamp - self._true, left=0, right=0)
        found: NDArray[np.int64] = seconds + np.floor(off).astype(np.int64)
        return found

    def true(self, stamp: int) -> int:
        """The first true second in which the clock shows at least `stamp`."""
        second = stamp
        if len(self._true):
            second = int(stamp - np.interp(stamp, self._stamp, self._stamp - self._true, left=0, right=0)) - 3
            while int(self.stamps(np.array([second]))[0]) < stamp:
                second += 1
        return second
