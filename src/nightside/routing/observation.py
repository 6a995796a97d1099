"""What all collectors together saw: the timeline played through the judge of visibility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nightside.model.settings import Settings
from nightside.model.signal import UnknownStretch
from nightside.routing.collector_log import UInt8, UInt32
from nightside.routing.peers import Session
from nightside.routing.player import KNOWN, LOAD, Player, begins, judge_of
from nightside.routing.table import REASONS
from nightside.routing.timeline import Timeline
from nightside.routing.visibility import Visibility
from nightside.routing.whole import Whole, unpacked

Int32 = npt.NDArray[np.int32]
UInt16 = npt.NDArray[np.uint16]

Votes = Mapping[int, Sequence[tuple[int, int | None, int]]]
"""Per session the stretches (begin, end or None, why it ended) in which its vote counts."""


@dataclass(frozen=True)
class PrefixTable:
    """By prefix number: the address (high 64 bits), length, family, and the country of most of it."""

    hi: npt.NDArray[np.uint64]
    lo: npt.NDArray[np.uint64]
    length: UInt8
    family: UInt8
    country: UInt16


@dataclass(frozen=True)
class WayTable:
    """By way number: origin, upstream beside it, and the first AS outside the prefix's country."""

    origin: UInt32
    upstream: UInt32
    border: UInt32


@dataclass(frozen=True)
class Changes:
    """What became visible (+1) or invisible (-1), and when; `number` is a unit's or a prefix's.

    `since` is 0, or the second from which on it may have happened without being seen: votes were too few, or a
    table corrected what a gap had hidden.
    """

    second: UInt32
    number: UInt32
    change: Int32
    since: UInt32


@dataclass(frozen=True)
class ViewStep:
    """From `second` on so many ASes are known of so many expected; `unknown`: too few to tell."""

    second: int
    known: int
    expected: int
    unknown: bool


@dataclass(frozen=True)
class Observation:
    """What was seen from `start` to `end` (seconds)."""

    start: int
    end: int
    reachable: UInt8
    """Per IPv4 /24: 1 where it was reachable at the start."""
    visible: UInt8
    """Per prefix number: 1 where it was visible at the start."""
    units: Changes
    prefixes: Changes
    doubts: Changes
    """Visible prefixes that were announced anew (at `second`) after a gap in which nobody saw: they may have been gone
    for any part of the time since `since`. `change` is 0."""
    view: list[ViewStep]
    unknown: list[UnknownStretch]


def observe(
    timeline: Timeline,
    prefixes: PrefixTable,
    ways: WayTable,
    *,
    subject: UInt8,
    way_country: UInt16,
    unit_country: UInt16,
    home_asns: frozenset[int],
    settings: Settings,
) -> Observation | None:
    """Play the timeline; None where no session was ever known, so that nothing can be told.

    `subject` marks the prefixes whose changes matter, `way_country` is the country of each way's origin,
    `unit_country` of each /24, and `home_asns` are origins that were asked about themselves.
    """
    if timeline.start is None:
        return None
    judge = judge_of(
        settings,
        hi=prefixes.hi,
        length=prefixes.length,
        subject=subject,
        prefix_country=prefixes.country,
        unit_country=unit_country,
        way_origin=ways.origin,
        way_country=way_country,
        way_home=_at_home(ways, home_asns),
        as_of=timeline.as_of,
    )
    whole = _Whole(timeline, judge, prefixes.family == timeline.family, learns=settings.visible_among_usual)
    reachable, visible = whole.play()
    view = [ViewStep(*step) for step in judge.view_changes]
    return Observation(
        start=timeline.start,
        end=timeline.end,
        reachable=reachable,
        visible=visible,
        units=Changes(*judge.unit_changes.columns()),
        prefixes=Changes(*judge.prefix_changes.columns()),
        doubts=Changes(*judge.doubts.columns()),
        view=view,
        unknown=unknown_stretches(view, timeline),
    )


def _at_home(ways: WayTable, home_asns: frozenset[int]) -> UInt8:
    if not home_asns:
        return np.zeros(len(ways.origin), np.uint8)
    return np.isin(ways.origin, np.array(sorted(home_asns), np.uint32)).view(np.uint8)


LEARN_STEP_S = 6 * 3600
"""Who usually sees a prefix is learnt anew this often, at full hours."""


def learning_seconds(begin: int, end: int) -> range:
    """The seconds after `begin` and before `end` in which that is learnt."""
    return range(begin - begin % LEARN_STEP_S + LEARN_STEP_S, end, LEARN_STEP_S)


class _Whole:
    """Plays a whole timeline, of which everything is known beforehand."""

    def __init__(
        self, timeline: Timeline, judge: Visibility, mine: npt.NDArray[np.bool_], *, learns: bool
    ) -> None:
        self.timeline, self.judge, self.mine, self.learns = timeline, judge, mine, learns
        self.player = Player(judge)
        self.player.room_for(len(timeline.sessions))
        self.done = 0

    def play(self) -> tuple[UInt8, UInt8]:
        """Everything in order; returns what was reachable and visible at the start."""
        line, judge = self.timeline, self.judge
        assert line.start is not None
        # (position, order within the position, what). Standings change before what else the second brings.
        steps: list[tuple[int, int, int, int]] = []
        for number, (position, control) in enumerate(begins(line.controls, line)):
            steps.append((control.second, 1, position, number))
        for second, session in line.full.changes():
            steps.append((second, 0, int(np.searchsorted(line.second, second, "left")), session))
        for number, (second, _expected) in enumerate(line.expected):
            steps.append((second, 2, int(np.searchsorted(line.second, second, "right")), number))
        steps.append((line.start, 3, int(np.searchsorted(line.second, line.start, "right")), 0))
        if self.learns:
            # Before anything of this second: half a table would be judged else.
            for second in learning_seconds(line.start, line.end):
                steps.append((second, -1, int(np.searchsorted(line.second, second, "left")), 0))
        reachable = visible = np.zeros(0, np.uint8)
        # Who is expected may change after the last second; nothing is told of that.
        ordered = sorted(step for step in steps if step[0] <= line.end)
        taken = 0
        for place, (second, what, position, number) in enumerate(ordered):
            self._flips_until(position)
            judge.at(second)
            if what == 0:
                self.player.vote(number, second, line.full)
            elif what == 1:
                control = line.controls[number]
                if control.kind != LOAD:
                    self.player.control(control, None, self.mine, line.full)
                elif place >= taken:
                    taken = self._load(ordered, place)
            elif what == 2:
                judge.set_expected(line.expected[number][1])
            elif what == 3:
                if self.learns:
                    judge.learn_usual()
                reachable = judge.start()
                visible = judge.visible_now()
            else:
                judge.learn_usual()
        self._flips_until(int(np.searchsorted(line.second, line.end, "right")))
        judge.finish()
        return reachable, visible

    def _load(self, ordered: Sequence[tuple[int, int, int, int]], place: int) -> int:
        """Take over the first table at this place of the steps, and with it those that follow at once, of sessions that
        are not known yet: which prefix a session has is nothing to when another is known. Returns the place behind."""
        line, player = self.timeline, self.player
        together: dict[int, Whole] = {}
        at_once = ordered[place][:3]
        for step in ordered[place:]:
            if step[:3] != at_once:
                break
            control = line.controls[step[3]]
            if control.kind == LOAD:
                ways = line.loads[control.value].ways
                if not isinstance(ways, Whole) or not ways.in_blocks:
                    break
                if control.session in together or player.known[control.session]:
                    break
                together[control.session] = ways
            elif control.kind != KNOWN:
                break
            place += 1
        if together:
            player.load_together(list(together.items()), self.mine)
            return place
        control = line.controls[ordered[place][3]]
        ways = line.loads[control.value].ways
        with unpacked(load.ways for load in line.loads):
            player.control(control, ways, self.mine, line.full)
        return place + 1

    def _flips_until(self, position: int) -> None:
        if position > self.done:
            self.player.flips(self.timeline, self.done, position)
            self.done = position


def unknown_stretches(view: list[ViewStep], timeline: Timeline) -> list[UnknownStretch]:
    """Where too few ASes were known, for how long and why."""
    stretches = []
    begin: ViewStep | None = None
    for step in view:
        if step.unknown and begin is None:
            begin = step
        elif not step.unknown and begin is not None:
            why = why_unknown(begin, timeline.votes, timeline.sessions)
            stretches.append(UnknownStretch(begin.second, step.second, why))
            begin = None
    if begin is not None and timeline.end > begin.second:
        why = why_unknown(begin, timeline.votes, timeline.sessions)
        stretches.append(UnknownStretch(begin.second, timeline.end, why))
    return stretches


def why_unknown(step: ViewStep, votes: Votes, sessions: Sequence[Session]) -> str:
    """How many peer ASes were known, and what had become of the others."""
    lost: dict[str, set[str]] = {}
    for session, stretches in votes.items():
        ended = [(end, why) for _begin, end, why in stretches if end is not None and end <= step.second]
        counts = any(
            begin <= step.second and (end is None or step.second < end) for begin, end, _why in stretches
        )
        if ended and not counts:
            reason = REASONS[max(ended)[1]] or "no full feed any more"
            lost.setdefault(reason, set()).add(sessions[session].collector)
    said = "; ".join(f"{reason} ({', '.join(sorted(names))})" for reason, names in sorted(lost.items()))
    known = f"{step.known} of {step.expected} expected peer ASes known"
    return f"{known}: {said}" if said else known
