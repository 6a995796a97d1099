"""The reachable units of each entity so far, grown from what changes, and trimmed to what is still needed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nightside.detection.episodes import Before, Detection, Medians
from nightside.engine.analysis import Detected
from nightside.engine.findings import AROUND_S
from nightside.engine.subjects import Subjects
from nightside.incidents.grouping import Group
from nightside.model.settings import Settings
from nightside.model.signal import UnknownStretch
from nightside.routing.news import Beginning
from nightside.routing.observation import Changes

HOUR_S = 3600
LOOK_AGAIN_S = 3600
"""What is open is looked at and told anew at least this often, though nothing changes and nothing is due."""
SETTLED_S = 86400
"""Nothing that comes to be known reaches further back than this (an instability: the window of its losses)."""


@dataclass
class Course:
    """The units of one entity as a step function, and what of it is told already."""

    times: list[int]
    units: list[int]
    unseen: dict[int, int] = field(default_factory=dict)
    """Of a second with changes that may have happened unseen, the earliest instant."""
    highest: int = 0
    """No less than the baseline is, or comes to be without a step above it."""
    look_at: int | None = None
    """The second in which something may be due though no unit changes; None where nothing is open."""
    looked_at: int = 0
    """Until when all that is due was told."""
    open_since: int | None = None
    """The first sign of what is open."""
    needed_since: int | None = None
    """The first sign of all that is not settled."""
    sent: dict[str, int] = field(default_factory=dict)
    """Keys of the messages that were told, and when they were due."""
    is_deep: bool = False
    """Something severe or deeper is not settled: of that messages tell."""
    depth: int = 0
    """How deep it was at the last look: 0 nothing, 1 partial, 2 severe, 3 total."""
    baseline: list[tuple[int, int]] = field(default_factory=list)
    """What it is held against, as steps (second, units), as of the last look or hour."""
    in_doubt: list[UnknownStretch] = field(default_factory=list)
    told: dict[int, tuple[object, int, bool]] = field(default_factory=dict)
    """Of each incident that may go on, by its begin: what was found of it last, when, and whether that was all."""
    before: Before | None = None
    medians: Medians = field(default_factory=dict)
    hour: int = 0
    """The full hour up to which the baseline is known."""
    new: list[int] = field(default_factory=list)
    """The least and the most units since the last look."""

    def at(self, second: int) -> int:
        """The units in a second."""
        return self.units[max(bisect_right(self.times, second) - 1, 0)]

    def add(self, second: int, change: int) -> None:
        """From this second on there are so many more."""
        now = self.units[-1] + change
        self.times.append(second)
        self.units.append(now)
        self.highest = max(self.highest, now)
        self.new = [min(self.new[0], now), max(self.new[1], now)] if self.new else [now, now]

    @property
    def base(self) -> int:
        """What it is held against; where nothing is open, what that is no more than."""
        return self.highest if self.open_since is None or not self.baseline else self.baseline[-1][1]

    def look_by(self, second: int) -> None:
        """Something may be due then."""
        self.look_at = second if self.look_at is None else min(self.look_at, second)

    def is_news(self, one: Group, now: int) -> bool:
        """Whether an incident is another than was found last, or has not been looked at for long."""
        final = _is_final(one, now)
        before, told_at, was_final = self.told.get(one.began, (None, 0, False))
        open_for_long = one.status in ("ongoing", "recovering") and now >= told_at + LOOK_AGAIN_S
        return before != _gist(one) or open_for_long or (final and not was_final)

    def looked(self, detected: Detected, now: int, settings: Settings) -> None:
        """What was found, and told of it, now."""
        detection = detected.detection
        for one in detected.groups:
            if self.is_news(one, now):
                self.told[one.began] = (_gist(one), now, _is_final(one, now))
        last = detection.open_stretches[-1] if detection.open_stretches else None
        self.open_since = last.began if last and last.closed is None else None
        self.needed_since = min((one.began for one in detected.groups), default=None)
        self.baseline = detection.baseline
        self.is_deep = any(e.severity in ("severe", "total") for e in detection.episodes)
        self.depth = depth_of(self.units[-1], self.base, settings)
        self.new, self.looked_at = [], now
        self.look_at = _next_look(detected, now, settings)

    def settle(self, at: int, detection: Detection, settings: Settings) -> None:
        """Let go of what nobody needs any more, since nothing that began before `at` is open."""
        closed = [] if self.before is None else self.before.closed
        closed = [*closed, *(s for s in detection.open_stretches if s.closed is not None and s.closed <= at)]
        window = at - settings.baseline_window_s
        recent = [s for s in closed if s.closed is not None and s.closed > window]
        self.before = Before(at, detection.baseline_at(at), recent or closed[-1:])
        cut = max(bisect_right(self.times, window) - 1, 0)
        if cut:
            self.times[:cut], self.units[:cut] = [], []
        self.times[0] = max(self.times[0], window)
        self.unseen = {s: since for s, since in self.unseen.items() if s > window}
        self.medians = {s: m for s, m in self.medians.items() if s >= at}
        self.sent = {key: due for key, due in self.sent.items() if due > at}
        self.in_doubt = [s for s in self.in_doubt if s.end > window]
        self.told = {began: told for began, told in self.told.items() if began > at}
        if self.needed_since is not None and self.needed_since <= at:
            self.needed_since = min(self.told, default=None)
        step = bisect_left(self.baseline, (at + 1, 0)) - 1
        if step > 0:
            self.baseline = self.baseline[step:]
        # Whatever the median will be: it is one of these, or stays what it is.
        since = max(bisect_right(self.times, at) - 1, 0)
        self.highest = max([detection.baseline[-1][1], *self.units[since:]])


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
        owner = self._subjects.entity_of_unit[beginning.reachable.view(np.bool_)]
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
                course.add(second, change)
                changed.add(number)
        return changed


def depth_of(units: int, base: int, settings: Settings) -> int:
    """How deep so many units of a baseline are: 0 nothing, 1 partial, 2 severe, 3 total."""
    if base <= 0:
        return 0
    share = units / base
    if share <= settings.total_at:
        return 3
    return 2 if share < settings.severe_below else int(share < settings.partial_below)


def _is_final(one: Group, now: int) -> bool:
    """Whether nothing more can come to be known of it: what was after it is part of it."""
    return one.status == "closed" and one.ended is not None and now >= one.ended + AROUND_S


def _gist(one: Group) -> object:
    """What of an incident is told at once; numbers that change all the time are not."""
    episodes = [(e.severity, e.onset, e.end, e.recovering_since is None) for e in one.episodes]
    shaky = [(s.began, s.ended is None) for s in one.instability]
    return one.status, one.closed_as, one.ended, episodes, shaky


def _next_look(detected: Detected, now: int, settings: Settings) -> int | None:
    """When to look again; None where nothing is open and nothing is left to be told."""
    detection = detected.detection
    quiet_s, confirmed_s = settings.quiet_s, settings.end_confirmed_s
    seconds: set[int] = set()
    for e in detection.episodes:
        seconds |= {e.onset + confirmed_s, (e.onset_range or (0, e.onset))[1] + confirmed_s}
        if e.recovering_since is not None:
            seconds.add(e.recovering_since + confirmed_s)
        if e.end is not None:
            seconds |= {e.end + confirmed_s, e.end + quiet_s}
    seconds |= {s.ended + quiet_s for s in detected.instability if s.ended is not None}
    seconds |= {one.ended + AROUND_S for one in detected.groups if one.ended is not None}
    if any(s.closed is None for s in detection.open_stretches):
        seconds |= {end + quiet_s for _begin, end in detected.busy}
        seconds.add(now + LOOK_AGAIN_S)
    return min((second for second in seconds if second > now), default=None)


def _sums(owner: npt.NDArray[np.uint16], units: Changes) -> dict[tuple[int, int], tuple[int, int]]:
    """By (entity, second), ascending: the sum of the changes, and the earliest `since` (0: all were seen)."""
    order = np.lexsort((units.second, owner))
    found: dict[tuple[int, int], tuple[int, int]] = {}
    columns = (owner[order], units.second[order], units.change[order], units.since[order])
    for number, second, change, since in zip(*(c.tolist() for c in columns), strict=True):
        total, earliest = found.get((number, second), (0, 0))
        found[number, second] = (total + change, min(since or earliest, earliest or since))
    return found
