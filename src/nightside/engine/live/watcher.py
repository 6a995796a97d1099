"""What is to be told of each entity, as soon as it can be told: a replay's findings, asked for again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside import __version__
from nightside.detection.episodes import Detection, detect
from nightside.engine.analysis import about, detect_in, told
from nightside.engine.collect import Collected
from nightside.engine.findings import Findings
from nightside.engine.live.courses import HOUR_S, SETTLED_S, Course, Courses, depth_of
from nightside.engine.live.covering import Covering
from nightside.engine.live.ground import ground_of, ways_of
from nightside.engine.live.near import NearStepwise
from nightside.engine.live.sight import SightSoFar
from nightside.engine.live.suspects import Suspects
from nightside.engine.subjects import Subjects
from nightside.incidents.grouping import Group
from nightside.incidents.messages import Message
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Loss, Signal
from nightside.routing.kept import Kept
from nightside.routing.observation import Observation, ViewStep
from nightside.routing.stepwise import Stepwise
from nightside.routing.timeline import Timeline
from nightside.signals.doubts import doubts
from nightside.signals.losses import lossy_prefixes, unit_losses
from nightside.signals.routes import RouteHistory
from nightside.world.snapshot import Snapshot

DAY_S = 86400
LOOK_EVERY_S = 60
"""What is not urgent is looked at no more often: urgent is what may be a message."""
SETTLED_EVERY_SECOND = 8
"""So many entities a second have their baseline taken after a full hour."""
CALM_EVERY_SECOND = 4
"""So many entities a second are looked at of which no message can be due."""
SEVERE = 2
FORGET_EVERY_S = 300
LONGEST_KEPT_S = 8 * DAY_S
"""What lasts longer is told by what is known of its last days."""


@dataclass(frozen=True)
class Found:
    """One incident as it is known now, and what is to be told of it that was not told before."""

    incident: Incident
    series: IncidentSeries
    messages: list[Message]
    """All so far, in the order of sending."""
    new: list[Message]


@dataclass(frozen=True)
class _Seen:
    """What is kept, as of now, of one entity's prefixes."""

    timeline: Timeline
    observation: Observation
    history: RouteHistory
    subject: npt.NDArray[np.uint8]


class Watcher:
    """The whole way from elements to messages. Feed its `live`, let time come, deliver what is found."""

    def __init__(
        self,
        snapshot: Snapshot,
        subjects: Subjects,
        settings: Settings | None = None,
        *,
        provenance: Provenance | None = None,
        start: int | None = None,
        near: bool = False,
    ) -> None:
        """`near`: nothing is kept that does not concern the subjects, which are few countries (`engine.live.near`)."""
        self.settings = settings or Settings()
        self.subjects = subjects
        self.provenance = provenance or Provenance([], None, __version__, False, None)
        ground = ground_of(snapshot, subjects, self.settings.shortest_cover_ipv4, near=near)
        ways = ways_of(snapshot)
        self.live: Stepwise = (
            NearStepwise(ground, self.settings, ways, subjects, start=start)
            if near
            else Stepwise(ground, self.settings, ways, start=start)
        )
        self.kept = Kept(self.live)
        self.courses = Courses(subjects)
        self.sight = SightSoFar()
        self.until_s = 0
        self._covering = Covering(subjects.entity_of_unit)
        self._forgot_at = self._settled = self._doubted_at = 0
        self._doubts_came = False
        self._suspects = Suspects(subjects.entity_of_unit, self.settings)

    @property
    def view(self) -> list[ViewStep]:
        """How many peer ASes are known, step by step, of late."""
        return self.sight.view

    def until(self, second: int) -> list[Found]:
        """Time has come to the end of this second: what is new to tell."""
        news = self.live.until(second)
        if news is None:
            return []
        before, self.until_s = self.until_s, second
        self.kept.add(news)
        if self.live.beginning is None:
            return []
        self.courses.begin(self.live.beginning)
        turned = self.sight.see(news.view, self.live)
        changed = self.courses.move(news.units)
        self._suspects.add(news.rows, self.live.numbered, self.sight.least_known)
        self._doubts_came |= len(news.doubts.second) > 0
        if self._doubts_came and second >= self._doubted_at + LOOK_EVERY_S:
            self._doubt()
        due = self._due(changed, turned, max(second - before, 1) * CALM_EVERY_SECOND)
        found = [one for number in sorted(due) for one in self._look(number)]
        found += self._settle(due, max(second - before, 1) * SETTLED_EVERY_SECOND)
        if second >= self._forgot_at + FORGET_EVERY_S:
            self._forget()
        return found

    def finish(self) -> list[Found]:
        """All that is open, as it is now, whether something is due or not: as a replay up to now would tell it."""
        if self._doubts_came:
            self._doubt()
        return [
            one
            for number, course in sorted(self.courses.all.items())
            if course.look_at is not None or course.told or self._is_low(course) or self._is_suspect(number)
            for one in self._look(number, everything=True)
        ]

    def signal(self, number: int) -> Signal:
        """An entity's units so far, from where they are still known."""
        course = self.courses.all[number]
        return Signal(
            self.subjects.entities[number],
            list(course.times),
            list(course.units),
            self.until_s + 1,
            self.sight.unknown(course.times[0], self.until_s),
            dict(course.unseen),
            list(course.in_doubt),
        )

    def _doubt(self) -> None:
        """Where so much may have been gone unseen that it would be an outage."""
        self._doubts_came, self._doubted_at = False, self.until_s
        news = self.kept.about(np.zeros(self.live.numbered.n_prefixes, np.bool_))
        observation = self.kept.observation(news, self.kept.timeline(news))
        signals = {n: self.signal(n) for n, course in self.courses.all.items() if any(course.units)}
        table = self.live.numbered.table()
        found = doubts(observation, table, signals, self.subjects.entity_of_unit, self.settings)
        for number, stretches in found.items():
            course, again = self.courses.all[number], {s.begin for s in stretches}
            course.in_doubt = [s for s in course.in_doubt if s.begin not in again] + stretches

    # -- who is looked at ---------------------------------------------------------------------------

    def _is_low(self, course: Course) -> bool:
        # Held against the most it lately had: the baseline is no more than that.
        return course.units[-1] < self.settings.partial_below * course.highest

    def _is_suspect(self, number: int) -> bool:
        course = self.courses.all[number]
        least = min((units for _second, units in course.baseline), default=course.units[0])
        return self._suspects.may_be_unstable(number, least)

    def _due(self, changed: set[int], turned: bool, most: int) -> set[int]:
        """Who is to be looked at in this second: whoever may have a message, and at most so many others."""
        now, urgent = self.until_s, set()
        for number in changed:
            course = self.courses.all[number]
            worst, best = (depth_of(units, course.base, self.settings) for units in course.new)
            if max(worst, course.depth) >= SEVERE and (worst, best) != (course.depth, course.depth):
                urgent.add(number)
            elif worst or course.open_since is not None:
                course.look_by(max(now, course.looked_at + LOOK_EVERY_S))
        for number in sorted(self._suspects.stirred):
            if number in self.courses.all:
                course = self.courses.all[number]
                if course.told or self._is_suspect(number):
                    course.look_by(max(now, course.looked_at + LOOK_EVERY_S))
        self._suspects.stirred.clear()
        calm: list[tuple[int, int]] = []
        for number, course in self.courses.all.items():
            if turned and (course.look_at is not None or self._is_low(course)):
                course.look_by(now)
            if course.look_at is not None and course.look_at <= now:
                if course.is_deep or course.depth >= SEVERE:
                    urgent.add(number)
                else:
                    calm.append((course.look_at, number))
        return urgent | {number for _since, number in sorted(calm)[:most]}

    def _settle(self, looked_at: set[int], most: int) -> list[Found]:
        """At full hours the baseline of everybody, some entities at a time; what nobody needs any more is let go."""
        hour = self.until_s // HOUR_S * HOUR_S
        if self._settled == hour:
            return []
        found: list[Found] = []
        waiting = [n for n, c in self.courses.all.items() if c.hour < hour]
        for number in waiting[:most]:
            course = self.courses.all[number]
            course.hour = hour
            signal = self.signal(number)
            detection = detect(signal, self.settings, before=course.before, medians=course.medians)
            if detection.open_stretches or course.told or self._is_suspect(number):
                if number not in looked_at:
                    found += self._look(number)
            else:
                course.baseline = detection.baseline
                self._let_go(course, detection, signal)
        if len(waiting) <= most:
            self._settled = hour
        return found

    def _let_go(self, course: Course, detection: Detection, signal: Signal) -> None:
        at = (self.until_s - SETTLED_S) // HOUR_S * HOUR_S
        begun = course.times[0] if course.before is None else course.before.at
        if at <= begun or any(s.began <= at < (s.closed or at) + HOUR_S for s in detection.open_stretches):
            return
        if any(s.closed is None and s.began <= at for s in detection.open_stretches):
            return
        margin = 2 * self.settings.gap_margin_s
        if any(u.begin <= at < u.end + margin for u in signal.unknown):
            return
        course.settle(at, detection, self.settings)

    def _forget(self) -> None:
        self._forgot_at = self.until_s
        # Of what is open the day before its first sign stays; what comes to be known may have begun earlier.
        firsts = [c.needed_since for c in self.courses.all.values() if c.needed_since is not None]
        first = min([self.until_s - self.settings.unstable_window_s, *firsts])
        keep_from = max(first - DAY_S, self.until_s - LONGEST_KEPT_S)
        self.kept.forget(keep_from)
        self.live.voting.forget(keep_from)
        oldest = min((c.times[0] for c in self.courses.all.values()), default=0)
        self.sight.forget(oldest, self.until_s - 2 * DAY_S)

    # -- one entity ---------------------------------------------------------------------------------

    def _look(self, number: int, *, everything: bool = False) -> list[Found]:
        """What is new to tell of one entity; `everything`: what is not, too."""
        course, settings = self.courses.all[number], self.settings
        signal, seen = self.signal(number), self._seen(number)
        detected = detect_in(
            number,
            signal,
            self._losses(number, seen),
            settings,
            before=course.before,
            medians=course.medians,
        )
        detection = detected.detection
        messages = told(detected, settings, self.until_s)
        # What would have been due before is not told behind its time: what is forgotten must not rewrite it.
        new = [m for m in messages if m.key not in course.sent and m.at > course.looked_at]
        course.sent |= {m.key: m.at for m in new}
        due = [
            one
            for one in detected.groups
            if course.is_news(one, self.until_s) or about(new, one) or everything
        ]
        course.looked(detected, self.until_s, settings)
        self._let_go(course, detection, signal)
        return [self._found(number, signal, detection, one, seen, messages, new) for one in due]

    def _seen(self, number: int) -> _Seen:
        subject = self.prefixes_of(number)
        news = self.kept.about(subject > 0)
        timeline = self.kept.timeline(news)
        return _Seen(timeline, self.kept.observation(news, timeline), RouteHistory(timeline), subject)

    def _losses(self, number: int, seen: _Seen) -> list[Loss]:
        found = unit_losses(
            seen.history,
            seen.observation,
            self.live.numbered.table(),
            self.live.prefixes,
            lossy_prefixes(seen.history, seen.observation, seen.subject, self.settings),
            self.subjects.entity_of_unit,
            self.settings,
        )
        return found.get(number, [])

    def prefixes_of(self, number: int) -> npt.NDArray[np.uint8]:
        """1 for each prefix that covers a unit of an entity, by the prefix's number."""
        return self._covering.of(number, self.live.numbered)

    def _found(
        self,
        number: int,
        signal: Signal,
        detection: Detection,
        one: Group,
        seen: _Seen,
        messages: list[Message],
        new: list[Message],
    ) -> Found:
        numbered = self.live.numbered
        collected = Collected(
            logs=[],
            prefixes=self.live.prefixes,
            prefix_table=numbered.table(),
            ways=numbered.way,
            inputs=[],
            readings=[],
            first_second=seen.observation.start,
            end=seen.observation.end,
        )
        findings = Findings(
            self.subjects,
            seen.observation,
            collected,
            seen.history,
            seen.subject,
            self.provenance,
            self.settings,
        )
        incident, series = findings.incident(number, signal, detection, one)
        return Found(
            incident,
            series,
            about(messages, one),
            about(new, one),
        )
