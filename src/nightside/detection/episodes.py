"""A signal to episodes: the crossings of the thresholds, held against a baseline that outages cannot move.

One pass over the step function. docs/definitions.md has the rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from nightside.detection.baseline import Stretch, subtract, weighted_median
from nightside.detection.level import Level
from nightside.model.incident import Episode, InstabilityStretch, Range, Severity
from nightside.model.settings import Settings
from nightside.model.signal import Signal

BASELINE_STEP_S = 3600
"""The baseline is taken anew at each full hour (UTC)."""


@dataclass(frozen=True, slots=True)
class OpenStretch:
    """From the first sign of an incident to its close (None: still open).

    `closed_as` is `new_level` where it closed without a recovery.
    """

    began: int
    closed: int | None
    closed_as: str | None


@dataclass(frozen=True, slots=True)
class Before:
    """What is settled of a signal whose first part is let go: at `at`, a full hour that was seen, nothing was open.

    The signal must reach back to the baseline window before `at`, or to its true begin.
    """

    at: int
    baseline: int
    """What holds at `at`."""
    closed: list[OpenStretch]
    """Those that closed before `at`, within the baseline window; and the last one in any case."""


Medians = dict[int, tuple[list[Stretch], int | None]]
"""By the second in which the baseline was taken: the time it was taken over, and the median."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What one signal shows."""

    episodes: list[Episode]
    """By onset, the shallower first."""
    open_stretches: list[OpenStretch]
    baseline: list[tuple[int, int]]
    """Steps (second, units)."""

    def baseline_at(self, second: int) -> int:
        """The baseline that a second is held against."""
        return self.baseline[max(bisect_right(self.baseline, second, key=lambda s: s[0]) - 1, 0)][1]


@dataclass(slots=True)
class _Tracker:
    """One threshold: above it, below it, or above it again but not yet for long enough."""

    severity: Severity
    threshold: float
    episodes: list[Episode] = field(default_factory=list)
    now: Episode | None = None
    recovering_range: Range | None = None

    def below(self, share: float) -> bool:
        return share <= self.threshold if self.severity == "total" else share < self.threshold

    def see(
        self, second: int, until: int, units: int, share: float, blind_since: int | None, confirm_s: int
    ) -> None:
        """The share from `second` to `until`; `blind_since` where nothing was seen right before."""
        if blind_since is not None:
            # What has been told already was seen: no range reaches behind it.
            told = self.now.onset if self.now else (self.episodes[-1].end if self.episodes else None)
            blind_since = blind_since if told is None else min(max(blind_since, told), second)
        unsure = None if blind_since is None or blind_since == second else (blind_since, second)
        if self.below(share):
            if self.now is None:
                onset = second if unsure is None else unsure[0]
                self.now = Episode(self.severity, onset, None, share, units, onset_range=unsure)
            else:
                low = min(self.now, Episode(self.severity, 0, None, share, units), key=lambda e: e.lowest)
                self.now = replace(
                    self.now, lowest=low.lowest, lowest_units=low.lowest_units, recovering_since=None
                )
            return
        if self.now is None:
            return
        if self.now.recovering_since is None:
            self.now = replace(self.now, recovering_since=second)
            self.recovering_range = unsure
        since = self.now.recovering_since
        assert since is not None
        if until >= since + confirm_s:
            self.episodes.append(
                replace(self.now, end=since, end_range=self.recovering_range, recovering_since=None)
            )
            self.now = None


class _Pass:
    def __init__(
        self,
        signal: Signal,
        settings: Settings,
        stretches: Sequence[InstabilityStretch],
        busy: Sequence[Stretch],
        before: Before | None,
        medians: Medians | None,
    ) -> None:
        self.signal, self.settings = signal, settings
        self.start = signal.times[0]
        self.first = self.start if before is None else before.at
        self.medians = {} if medians is None else medians
        self.closed = [] if before is None else list(before.closed)
        """Every stretch that is over, of before the first second of this pass too."""
        self.unknown = sorted((u.begin, u.end) for u in signal.unknown)
        self.seen = subtract((self.start, signal.end), self.unknown)
        self.shaky = sorted((s.began, signal.end if s.ended is None else s.ended) for s in stretches)
        self.busy = sorted([*self.shaky, *busy])
        self.busy_begun = 0
        self.busy_until = 0
        self.trackers = [
            _Tracker("partial", settings.partial_below),
            _Tracker("severe", settings.severe_below),
            _Tracker("total", settings.total_at),
        ]
        if before is None:
            self.base = self._units(self.seen[0][0] if self.seen else self.start)
        else:
            self.base = before.baseline
        self.baseline = [(self.first, self.base)]
        self.opened: int | None = None
        self.last_busy = self.first
        self.done: list[OpenStretch] = []
        self.level: Level | None = None

    def run(self) -> Detection:
        blind_since: int | None = None
        for second, until in pairwise(self._points()):
            blind = not self._sees(second)
            if blind and blind_since is None:
                blind_since = second
            # What began in the dark is dated back to its begin, so nothing is over before sight returns.
            self._close_if_quiet(second if blind_since is None else blind_since)
            if second % BASELINE_STEP_S == 0 and self.opened is None:
                self._take_baseline(second)
            if self.base > 0:
                over = len(self.closed)
                self._see(second, until, blind, blind_since)
                if len(self.closed) > over and self.opened is None and second + 1 < until:
                    # An instability that begins in the very second of a close is the next incident's.
                    self._see(second + 1, until, blind, None)
            if not blind:
                blind_since = None
                self._close_if_quiet(second)
        self._close_if_quiet(self.signal.end if blind_since is None else blind_since)
        if self.opened is not None:
            self.done.append(OpenStretch(self.opened, None, None))
        episodes = [e for t in self.trackers for e in [*t.episodes, *([t.now] if t.now else [])]]
        order = ("partial", "severe", "total")
        episodes.sort(key=lambda e: (e.onset, order.index(e.severity)))
        return Detection(episodes, self.done, self.baseline)

    def _points(self) -> list[int]:
        """Every second in which something may change, and the end."""
        start, end = self.first, self.signal.end
        cuts = {start, end, *self.signal.times}
        cuts.update(range(start - start % BASELINE_STEP_S + BASELINE_STEP_S, end, BASELINE_STEP_S))
        for stretch in (*self.unknown, *self.busy):
            cuts.update(stretch)
        return sorted(c for c in cuts if start <= c <= end)

    def _units(self, second: int) -> int:
        return self.signal.units[max(bisect_right(self.signal.times, second) - 1, 0)]

    def _sees(self, second: int) -> bool:
        i = bisect_right(self.seen, (second, self.signal.end)) - 1
        return i >= 0 and second < self.seen[i][1]

    def _see(self, second: int, until: int, blind: bool, blind_since: int | None) -> None:
        units = self._units(second)
        if not blind:
            share = units / self.base
            settles = self._settles(second, units)
            unseen = self.signal.unseen_since.get(second)
            if unseen is not None:
                # An incident does not reach behind the close of the one before.
                unseen = max(unseen, (self.closed[-1].closed or 0) if self.closed else 0)
                blind_since = unseen if blind_since is None else min(unseen, blind_since)
            known_until = until if settles is None else min(until, max(settles, second + 1))
            for tracker in self.trackers:
                tracker.see(second, known_until, units, share, blind_since, self.settings.end_confirmed_s)
        open_now = [t.now for t in self.trackers if t.now]
        if self.opened is None:
            # An instability that lasted through the close of an incident belongs to that one.
            since = self.closed[-1].closed if self.closed else None
            signs = [a for a, b in self.shaky if a <= second < b and (since is None or a >= since)]
        else:
            signs = [self.opened]
        # Also of an open incident: what began in the dark may have begun before what is known.
        signs += [e.onset for e in open_now]
        if not signs:
            return
        self.opened = min(signs)
        # An episode is busy until its crossing back; while that waits for its ten minutes it may go on.
        for episode in open_now:
            self.last_busy = max(self.last_busy, episode.recovering_since or until)
        for tracker in self.trackers:
            if tracker.episodes:
                self.last_busy = max(self.last_busy, tracker.episodes[-1].end or 0)
        while self.busy_begun < len(self.busy) and self.busy[self.busy_begun][0] <= second:
            self.busy_until = max(self.busy_until, self.busy[self.busy_begun][1])
            self.busy_begun += 1
        self.last_busy = max(self.last_busy, min(self.busy_until, until))
        settles = None if blind else self._settles(second, units)
        if settles is not None and until >= settles:
            self._close_if_quiet(settles)
            if self.opened is not None:
                self._adopt(settles, units)

    def _close_if_quiet(self, second: int) -> None:
        """Close the incident where six quiet hours have passed by this second."""
        if self.opened is None or any(t.now for t in self.trackers):
            return
        closes = self.last_busy + self.settings.quiet_s
        if second >= closes:
            self._close(closes, None)

    def _close(self, second: int, closed_as: str | None) -> None:
        assert self.opened is not None
        self.done.append(OpenStretch(self.opened, second, closed_as))
        self.closed.append(self.done[-1])
        self.opened, self.level = None, None

    def _settles(self, second: int, units: int) -> int | None:
        """When the level of an open incident will have stayed within 2 % of the baseline for seven days.

        None where no incident is open, or nothing is left: that is no level.
        """
        if self.opened is None:
            return None
        if self.level is None:
            self.level = Level(self.base, self.settings.new_level_tolerance)
        self.level.see(second, units)
        if self.level.lowest / self.base <= self.settings.total_at:
            return None
        return self.level.since + self.settings.new_level_s

    def _adopt(self, second: int, units: int) -> None:
        """A new baseline; the episodes that last are over without an end."""
        for tracker in self.trackers:
            if tracker.now:
                tracker.episodes.append(tracker.now)
                tracker.now = None
        self._close(second, "new_level")
        self.base = units
        self.baseline.append((second, units))

    def _take_baseline(self, second: int) -> None:
        window = (max(second - self.settings.baseline_window_s, self.start), second)
        holes = sorted([*self.unknown, *((o.began, o.closed or second) for o in self.closed)])
        over = subtract(window, holes)
        known = self.medians.get(second)
        if known is not None and known[0] == over:
            value = known[1]
        else:
            value = weighted_median(self.signal.times, self.signal.units, over)
            self.medians[second] = (over, value)
        if value is not None and value != self.base:
            self.base = value
            self.baseline.append((second, value))


def detect(
    signal: Signal,
    settings: Settings,
    *,
    instability: Sequence[InstabilityStretch] = (),
    busy: Sequence[Stretch] = (),
    before: Before | None = None,
    medians: Medians | None = None,
) -> Detection:
    """Episodes, baseline and the stretches in which an incident is open.

    `instability` opens an incident and keeps it open; `busy` are other stretches (losses of units) that only end
    the quiet after which it closes. `before` is where to begin instead of at the signal's begin. `medians` are those
    of earlier calls with a signal that this one goes on with; those of this call are added.
    """
    return _Pass(signal, settings, instability, busy, before, medians).run()
