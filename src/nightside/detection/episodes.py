"""A signal to episodes: the crossings of the thresholds, held against a baseline that outages cannot move.

One pass over the step function. docs/definitions.md has the rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nightside.detection.baseline import Stretch, subtract, weighted_median
from nightside.model.incident import Episode, InstabilityStretch, Range, Severity
from nightside.model.settings import Settings
from nightside.model.signal import Signal

BASELINE_STEP_S = 3600
"""The baseline is taken anew at each full hour (UTC)."""


@dataclass(frozen=True, slots=True)
class OpenStretch:
    """From the first sign of an incident to its close (None: still open); `closed_as` says how it closed."""

    began: int
    closed: int | None
    closed_as: str | None


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
        return self.baseline[max(bisect_right([t for t, _ in self.baseline], second) - 1, 0)][1]


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
        unsure = None if blind_since is None else (blind_since, second)
        if self.below(share):
            if self.now is None:
                onset = second if blind_since is None else blind_since
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
    ) -> None:
        self.signal, self.settings = signal, settings
        self.stretches = [(s.began, signal.end if s.ended is None else s.ended) for s in stretches]
        self.busy = sorted([*self.stretches, *busy])
        self.trackers = [
            _Tracker("partial", settings.partial_below),
            _Tracker("severe", settings.severe_below),
            _Tracker("total", settings.total_at),
        ]
        self.base = signal.units[0]
        self.baseline = [(signal.times[0], self.base)]
        self.opened: int | None = None
        self.last_busy = 0
        self.done: list[OpenStretch] = []
        self.level: tuple[int, int, int] | None = None

    def run(self) -> Detection:
        signal = self.signal
        start = signal.times[0]
        cuts = {start, signal.end, *signal.times}
        cuts.update(range(start - start % BASELINE_STEP_S + BASELINE_STEP_S, signal.end, BASELINE_STEP_S))
        for begin, end in [(u.begin, u.end) for u in signal.unknown] + self.busy:
            cuts.update((begin, end))
        points = sorted(c for c in cuts if start <= c <= signal.end)
        blind_since: int | None = None
        for i, second in enumerate(points):
            until = points[i + 1] if i + 1 < len(points) else signal.end
            if second >= until and second != start:
                break
            self._close_if_quiet(second)
            if second % BASELINE_STEP_S == 0 and self.opened is None:
                self._take_baseline(second)
            if any(u.begin <= second < u.end for u in signal.unknown):
                blind_since = second if blind_since is None else blind_since
                continue
            units = signal.units[bisect_right(signal.times, second) - 1]
            if self.base > 0:
                self._see(second, until, units, blind_since)
            blind_since = None
        episodes = [e for t in self.trackers for e in [*t.episodes, *([t.now] if t.now else [])]]
        order = ("partial", "severe", "total")
        episodes.sort(key=lambda e: (e.onset, order.index(e.severity)))
        if self.opened is not None:
            last = self.last_busy + self.settings.quiet_s
            quiet = last <= signal.end and not any(t.now for t in self.trackers)
            self.done.append(OpenStretch(self.opened, last if quiet else None, "restored" if quiet else None))
        return Detection(episodes, self.done, self.baseline)

    def _see(self, second: int, until: int, units: int, blind_since: int | None) -> None:
        share = units / self.base
        for tracker in self.trackers:
            tracker.see(second, until, units, share, blind_since, self.settings.end_confirmed_s)
        for begin, end in self.stretches:
            if begin <= second < end and self.opened is None:
                self.opened = begin
        open_now = [t.now for t in self.trackers if t.now]
        if open_now and self.opened is None:
            self.opened = min(e.onset for e in open_now)
        if self.opened is None:
            return
        # An episode is busy until its crossing back; while that waits for its ten minutes it may go on.
        for episode in open_now:
            since = episode.recovering_since
            self.last_busy = max(self.last_busy, until if since is None else since)
        for tracker in self.trackers:
            if tracker.episodes:
                self.last_busy = max(self.last_busy, tracker.episodes[-1].end or 0)
        for begin, end in self.busy:
            if begin <= second <= end:
                self.last_busy = max(self.last_busy, min(end, until))
        self._watch_level(second, until, units)

    def _close_if_quiet(self, second: int) -> None:
        if self.opened is None or any(t.now for t in self.trackers):
            return
        closes = self.last_busy + self.settings.quiet_s
        if second >= closes:
            self.done.append(OpenStretch(self.opened, closes, "restored"))
            self.opened, self.level = None, None

    def _watch_level(self, second: int, until: int, units: int) -> None:
        """A level that stays within 2 % of the baseline for seven days is the new baseline; none left is not."""
        slack = self.settings.new_level_tolerance * self.base
        low, high, since = self.level or (units, units, second)
        low, high = min(low, units), max(high, units)
        if high - low > slack:
            low, high, since = units, units, second
        self.level = (low, high, since)
        adopted = since + self.settings.new_level_s
        if until < adopted or low <= self.settings.total_at * self.base:
            return
        assert self.opened is not None
        for tracker in self.trackers:
            if tracker.now:
                tracker.episodes.append(tracker.now)
                tracker.now = None
        self.done.append(OpenStretch(self.opened, adopted, "new_level"))
        self.opened, self.level = None, None
        self.base = units
        self.baseline.append((adopted, units))

    def _take_baseline(self, second: int) -> None:
        window = (max(second - self.settings.baseline_window_s, self.signal.times[0]), second)
        holes = sorted(
            [(u.begin, u.end) for u in self.signal.unknown]
            + [(o.began, o.closed or second) for o in self.done]
        )
        value = weighted_median(self.signal.times, self.signal.units, subtract(window, holes))
        if value is not None and value != self.base:
            self.base = value
            self.baseline.append((second, value))


def detect(
    signal: Signal,
    settings: Settings,
    *,
    instability: Sequence[InstabilityStretch] = (),
    busy: Sequence[Stretch] = (),
) -> Detection:
    """Episodes, baseline and the stretches in which an incident is open.

    `instability` opens an incident and keeps it open; `busy` are other stretches (losses of units) that only end
    the quiet after which it closes.
    """
    return _Pass(signal, settings, instability, busy).run()
