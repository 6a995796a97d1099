"""What is to be told of each entity, as soon as it can be told: a replay's findings, asked for again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside import __version__
from nightside.detection.episodes import Detection
from nightside.engine.analysis import about, detect_in, told
from nightside.engine.collect import Collected
from nightside.engine.findings import Findings
from nightside.engine.live.courses import Courses
from nightside.engine.live.ground import ground_of, ways_of
from nightside.engine.subjects import Subjects
from nightside.incidents.grouping import Group
from nightside.incidents.messages import Message
from nightside.model.incident import Incident, Provenance
from nightside.model.series import IncidentSeries
from nightside.model.settings import Settings
from nightside.model.signal import Loss, Signal, UnknownStretch
from nightside.routing.kept import Kept
from nightside.routing.observation import Observation, ViewStep
from nightside.routing.stepwise import Stepwise
from nightside.routing.timeline import Timeline
from nightside.signals.losses import lossy_prefixes, unit_losses
from nightside.signals.routes import RouteHistory
from nightside.world.snapshot import Snapshot

DAY_S = 86400
LOOK_AGAIN_S = 3600
"""What is open is looked at anew at least this often, though nothing changes and nothing is due."""
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
        """`near`: the map knows no more than the subjects' own units (`ground_of`)."""
        self.settings = settings or Settings()
        self.subjects = subjects
        self.provenance = provenance or Provenance([], None, __version__, False, None)
        ground = ground_of(snapshot, subjects, self.settings.shortest_cover_ipv4, near=near)
        self.live = Stepwise(ground, self.settings, ways_of(snapshot), start=start)
        self.kept = Kept(self.live)
        self.courses = Courses(subjects)
        self.view: list[ViewStep] = []
        self.unknown: list[UnknownStretch] = []
        """Where too few peer ASes were known; the last one reaches to now while it lasts."""
        self._blind_since, self._blind_why = 0, ""
        self.until_s = 0
        self._masks: dict[int, npt.NDArray[np.uint8]] = {}
        self._forgot_at = 0

    def until(self, second: int) -> list[Found]:
        """Time has come to the end of this second: what is new to tell."""
        news = self.live.until(second)
        if news is None:
            return []
        self.until_s = second
        self.kept.add(news)
        if self.live.beginning is None:
            return []
        self.courses.begin(self.live.beginning)
        self._see(news.view)
        due = self.courses.move(news.units)
        for number, course in self.courses.all.items():
            if course.look_at is not None and (news.view or course.look_at <= second):
                due.add(number)
        found = [one for number in sorted(due) for one in self._look(number)]
        if second >= self._forgot_at + FORGET_EVERY_S:
            self._forgot_at = second
            # Of what is open the day before its first sign stays.
            firsts = [c.open_since for c in self.courses.all.values() if c.open_since is not None]
            keep_from = max(min([second, *firsts]) - DAY_S, second - LONGEST_KEPT_S)
            self.kept.forget(keep_from)
            self.live.voting.forget(keep_from)
        return found

    def signal(self, number: int) -> Signal:
        """An entity's units so far."""
        course = self.courses.all[number]
        unknown = list(self.unknown)
        if self.view and self.view[-1].unknown:
            step = self.view[-1]
            unknown.append(UnknownStretch(self._blind_since, self.until_s + 1, _why(step)))
        return Signal(
            self.subjects.entities[number],
            list(course.times),
            list(course.units),
            self.until_s + 1,
            unknown,
            dict(course.unseen),
        )

    def _see(self, view: list[ViewStep]) -> None:
        for step in view:
            was = bool(self.view) and self.view[-1].unknown
            if step.unknown and not was:
                self._blind_since, self._blind_why = step.second, _why(step)
            elif was and not step.unknown:
                self.unknown.append(UnknownStretch(self._blind_since, step.second, self._blind_why))
            self.view.append(step)

    # -- one entity ---------------------------------------------------------------------------------

    def _look(self, number: int) -> list[Found]:
        """What is new to tell of one entity."""
        course, settings = self.courses.all[number], self.settings
        # Held against the most it ever had: the baseline is no more than that.
        if course.look_at is None and course.units[-1] >= settings.severe_below * course.highest:
            return []
        signal, seen = self.signal(number), self._seen(number)
        detected = detect_in(number, signal, self._losses(number, seen), settings)
        detection = detected.detection
        messages = told(detected, settings, self.until_s)
        course.look_at = self._next(detection)
        last = detection.open_stretches[-1] if detection.open_stretches else None
        course.open_since = last.began if last and last.closed is None else None
        # What would have been due before is not told behind its time: what is forgotten must not rewrite it.
        new = [m for m in messages if m.key not in course.sent and m.at > course.looked_at]
        course.sent.update(m.key for m in new)
        course.looked_at = self.until_s
        return [
            self._found(number, signal, detection, one, seen, messages, new)
            for one in detected.groups
            if about(new, one)
        ]

    def _next(self, detection: Detection) -> int | None:
        """When to look again; None where nothing is open and nothing is left to be told."""
        s, now = self.settings, self.until_s
        deep = [e for e in detection.episodes if e.severity in ("severe", "total")]
        pending = [e for e in deep if e.end is None or e.end + s.quiet_s >= now]
        if not pending:
            return None
        seconds = {now + LOOK_AGAIN_S}
        for episode in pending:
            seconds.add(episode.onset + s.end_confirmed_s)
            if episode.end is not None:
                seconds |= {episode.end + s.end_confirmed_s, episode.end + s.quiet_s}
            elif episode.recovering_since is not None:
                seconds.add(episode.recovering_since + s.end_confirmed_s)
        return min(second for second in seconds if second > now)

    def _seen(self, number: int) -> _Seen:
        subject = self._prefixes(number)
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

    def _prefixes(self, number: int) -> npt.NDArray[np.uint8]:
        """1 for each prefix that covers a unit of an entity, by the prefix's number."""
        numbered = self.live.numbered
        known = self._masks.get(number, np.zeros(0, np.uint8))
        if len(known) < numbered.n_prefixes:
            units = np.flatnonzero(self.subjects.entity_of_unit == number)
            new = slice(len(known), numbered.n_prefixes)
            fits = numbered.subject[new] > 0
            length = np.where(fits, numbered.length[new], 24).astype(np.int64)
            first = np.where(fits, numbered.hi[new] >> np.uint64(40), 0).astype(np.int64)
            size = np.where(fits, np.int64(1) << (24 - length), 0)
            covers = np.searchsorted(units, first + size) > np.searchsorted(units, first)
            known = self._masks[number] = np.concatenate([known, covers.astype(np.uint8)])
        return known

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
            tables=[],
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


def _why(step: ViewStep) -> str:
    return f"{step.known} of {step.expected} expected peer ASes known"
