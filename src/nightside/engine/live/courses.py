"""The reachable units of each entity so far, grown from what changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nightside.engine.subjects import Subjects
from nightside.routing.observation import Changes
from nightside.routing.stepwise import Beginning


@dataclass
class Course:
    """The units of one entity as a step function, and what of it is told already."""

    times: list[int]
    units: list[int]
    unseen: dict[int, int] = field(default_factory=dict)
    """Of a second with changes that may have happened unseen, the earliest instant."""
    highest: int = 0
    look_at: int | None = None
    """The second in which something may be due though no unit changes; None where nothing is open."""
    looked_at: int = 0
    """Until when all that is due was told."""
    open_since: int | None = None
    """The first sign of what is open."""
    sent: set[str] = field(default_factory=set)
    """Keys of the messages that were told."""


class Courses:
    """The courses of some entities that share no unit, by number."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects
        self._of: dict[int, Course] = {}

    @property
    def all(self) -> Mapping[int, Course]:
        """By the entity's number; empty before the beginning."""
        return self._of

    def begin(self, beginning: Beginning) -> None:
        """What was reachable when the telling began; nothing where that was said before."""
        if self._of:
            return
        owner = self._subjects.entity_of_unit[beginning.reachable > 0]
        initial = np.bincount(owner, minlength=max(self._subjects.entities, default=0) + 1)
        for number in self._subjects.entities:
            units = int(initial[number])
            self._of[number] = Course([beginning.second], [units], highest=units)

    def move(self, units: Changes) -> set[int]:
        """Take changes of units that are later than all before; whose number of units is another now."""
        owner = self._subjects.entity_of_unit[units.number]
        changed: set[int] = set()
        for (number, second), (change, since) in _sums(owner, units).items():
            course = self._of.get(number)
            if course is None:
                continue
            if since:
                course.unseen[second] = since
            if change:
                course.times.append(second)
                course.units.append(course.units[-1] + change)
                course.highest = max(course.highest, course.units[-1])
                changed.add(number)
        return changed


def _sums(owner: npt.NDArray[np.uint16], units: Changes) -> dict[tuple[int, int], tuple[int, int]]:
    """By (entity, second), ascending: the sum of the changes, and the earliest `since` (0: all were seen)."""
    order = np.lexsort((units.second, owner))
    found: dict[tuple[int, int], tuple[int, int]] = {}
    columns = (owner[order], units.second[order], units.change[order], units.since[order])
    for number, second, change, since in zip(*(c.tolist() for c in columns), strict=True):
        total, earliest = found.get((number, second), (0, 0))
        found[number, second] = (total + change, min(since or earliest, earliest or since))
    return found
