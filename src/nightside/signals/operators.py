"""The units of one operator (origin AS) over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nightside.routing.observation import Observation
from nightside.signals.networks import Stretch
from nightside.signals.units import step_function


@dataclass(frozen=True, slots=True)
class Course:
    """Reachable units as a step function: `units[i]` holds from `times[i]` on."""

    times: list[int]
    units: list[int]

    def at(self, second: int) -> int:
        """The units at the end of this second."""
        return self.units[max(bisect_right(self.times, second) - 1, 0)]

    def lowest(self, begin: int, end: int) -> int:
        """The fewest from `begin` to before `end`."""
        lo = max(bisect_right(self.times, begin) - 1, 0)
        hi = max(bisect_right(self.times, max(end - 1, begin)), lo + 1)
        return min(self.units[lo:hi])

    def below(self, threshold: float, before: int, *, inclusive: bool) -> list[Stretch]:
        """The stretches below the threshold (a share of `before`); None as the end of one that lasts."""
        stretches: list[Stretch] = []
        since: int | None = None
        for second, units in zip(self.times, self.units, strict=True):
            share = units / before if before else 1.0
            low = share < threshold or (inclusive and share == threshold)
            if low and since is None:
                since = second
            elif not low and since is not None:
                stretches.append((since, second))
                since = None
        if since is not None:
            stretches.append((since, None))
        return stretches


def operator_units(observation: Observation, units: Sequence[int]) -> Course:
    """How many of these units (/24 numbers, ascending) were reachable when."""
    mine = np.asarray(units, np.uint32)
    initial = int(observation.reachable[mine].sum())
    inside = np.isin(observation.units.number, mine)
    times, values = step_function(
        observation.start, initial, observation.units.second[inside], observation.units.change[inside]
    )
    return Course(times, values)
