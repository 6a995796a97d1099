"""How long a number has kept to one level."""

from __future__ import annotations

from collections import deque


class Level:
    """A step function, step by step: since when all that was seen lies within a share of `base` of each other."""

    def __init__(self, base: int, tolerance: float) -> None:
        self.base, self.tolerance = base, tolerance
        self._steps: deque[tuple[int, int]] = deque()
        # Steps that none after them undercuts (exceeds): the first is the lowest (highest) of all.
        self._low: deque[tuple[int, int]] = deque()
        self._high: deque[tuple[int, int]] = deque()

    def see(self, second: int, units: int) -> None:
        """From this second on the number is `units`."""
        if self._steps and self._steps[-1][1] == units:
            return
        step = (second, units)
        while self._low and self._low[-1][1] >= units:
            self._low.pop()
        while self._high and self._high[-1][1] <= units:
            self._high.pop()
        for steps in (self._steps, self._low, self._high):
            steps.append(step)
        while (self._high[0][1] - self._low[0][1]) / self.base > self.tolerance:
            gone = self._steps.popleft()
            for extremes in (self._low, self._high):
                if extremes[0] == gone:
                    extremes.popleft()

    @property
    def since(self) -> int:
        """The second from which the level holds."""
        return self._steps[0][0]

    @property
    def lowest(self) -> int:
        """The least on this level."""
        return self._low[0][1]
