"""Into a store, while it happens, what a replay writes: samples of every entity, and how well was seen.

Written is the hour so far, in place of what was written of it before: so every hour is whole in one segment in the
end, and a day has few of them. What turns out otherwise later (a baseline, a doubt) is written anew from there on.
What a crash left unwritten is written by the next run, which begins with all that it knows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from nightside.engine.live.confirmed import flips_lock, is_confirmed
from nightside.engine.live.courses import HOUR_S, SETTLED_S
from nightside.engine.live.flips import LiveFlips, live_flips
from nightside.engine.live.mistakes import of_ours
from nightside.engine.live.watcher import Found, Watcher
from nightside.model.entity import Entity
from nightside.model.errors import NightsideError
from nightside.model.signal import Signal, UnknownStretch
from nightside.signals.quality import health
from nightside.store.protocol import Store

WRITE_EVERY_S = 60
"""So often what changed is written, and how well was seen."""
ALL_EVERY_S = 300
"""So often all is written: what is stored holds until it is written the next time."""
FLIPS_EVERY_S = 600
"""The flips of an incident that goes on are written so often."""

Steps = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class _Written:
    """What the store has of an entity."""

    until: int
    baseline: Steps
    in_doubt: Sequence[UnknownStretch]


class Recording:
    """Call `come` whenever time has come, and `note` when an incident was stored. It never waits for the disk."""

    def __init__(self, store: Store, *, warn: Callable[[str], None] = lambda _text: None) -> None:
        """`warn` hears when the store cannot be written, once each time; what was to be written is tried again.

        A mistake of ours is told once of each kind, and that writing is left out.
        """
        self._store, self._warn = store, warn
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="recording")
        self._job: Future[None] | None = None
        self._written: dict[Entity, _Written] = {}
        self._to_be: dict[Entity, _Written] = {}
        self._view_until: int | None = None
        self._collectors: set[str] = set()
        self._next_s = self._all_next_s = 0
        self._was_blind = False
        self._failing = False
        self._mistakes: set[str] = set()
        self._flips_due: dict[str, Found] = {}
        self._flips_at: dict[str, int] = {}

    def come(self, watcher: Watcher) -> None:
        """Time has come to `watcher.until_s`: write what is due, unless the last writing still goes on."""
        now = watcher.until_s
        if watcher.live.beginning is None or now < self._next_s or not self._is_free():
            return
        blind = watcher.sight.is_blind
        every = now >= self._all_next_s or blind != self._was_blind
        self._next_s, self._was_blind = now + WRITE_EVERY_S, blind
        if every:
            self._all_next_s = now + ALL_EVERY_S
        try:
            signals, baselines = self._changed(watcher, every)
            signals += self._health(watcher)
            flips = self._flips(watcher)
        except Exception as error:  # samples are worth no alarm
            self._to_be = {}
            self._failed_at(error)
            return
        self._job = self._pool.submit(self._put, signals, baselines, flips)

    def note(self, found: Found, id: str) -> None:
        """An incident was stored under this id: its flips are to be written."""
        self._flips_due[id] = found

    def close(self, watcher: Watcher | None = None) -> None:
        """Wait until all is written; with a watcher, all that it knows by now."""
        self.settle(wait=True)
        if watcher is not None and watcher.live.beginning is not None:
            self._next_s = self._all_next_s = 0
            self._flips_at.clear()
            while not self._next_s or self._flips_due:
                self._next_s = 0
                self.come(watcher)
                self.settle(wait=True)
                if self._failing:
                    break
        self._pool.shutdown()

    # -- what is written ----------------------------------------------------------------------------

    def _changed(self, watcher: Watcher, every: bool) -> tuple[list[Signal], dict[Entity, Steps]]:
        signals: list[Signal] = []
        baselines: dict[Entity, Steps] = {}
        for number, course in watcher.courses.all.items():
            entity = watcher.subjects.entities[number]
            before = self._written.get(entity)
            if before is None and not any(course.units):
                continue
            begin = course.times[0]
            if before is not None:
                other = _first_difference(before, course.baseline, course.in_doubt)
                if not every and other is None and course.times[-1] < before.until:
                    continue
                begin = before.until // HOUR_S * HOUR_S
                begin = max(course.times[0], begin if other is None else min(begin, other))
            if begin > watcher.until_s:
                continue
            signal = since(watcher.signal(number), begin)
            signals.append(signal)
            baselines[entity] = course.baseline
            self._to_be[entity] = _Written(signal.end, list(course.baseline), list(course.in_doubt))
        return signals, baselines

    def _health(self, watcher: Watcher) -> list[Signal]:
        assert watcher.live.beginning is not None
        now = watcher.until_s
        begin = max(watcher.live.beginning.second, now - SETTLED_S)
        if self._view_until is not None:
            begin = max(begin, self._view_until // HOUR_S * HOUR_S)
        if begin > now:
            return []
        live = watcher.live
        votes = live.voting.votes(begin)
        self._collectors.update(live.sessions[session].collector for session in votes)
        return health(
            watcher.view,
            votes,
            live.sessions,
            watcher.sight.unknown(begin, now),
            begin,
            now + 1,
            collectors=self._collectors,
        )

    def _flips(self, watcher: Watcher) -> tuple[str, LiveFlips] | None:
        """Those of one incident at a time."""
        now = watcher.until_s
        for id, found in self._flips_due.items():
            is_over = found.incident.status in ("restored", "closed")
            if is_over or now >= self._flips_at.get(id, 0) + FLIPS_EVERY_S:
                del self._flips_due[id]
                self._flips_at[id] = now
                if is_over:
                    self._flips_at.pop(id)
                return id, live_flips(watcher, found.incident)
        return None

    # -- in another thread --------------------------------------------------------------------------

    def _put(
        self,
        signals: Iterable[Signal],
        baselines: Mapping[Entity, Steps],
        flips: tuple[str, LiveFlips] | None,
    ) -> None:
        self._store.put_samples(signals, baselines)
        if flips is not None:
            id, found = flips
            table = found.table()
            with flips_lock:
                stored = self._store.incident(id)
                # Those of archives tell more.
                if stored is not None and not is_confirmed(stored):
                    self._store.put_flips(id, table)

    def _is_free(self) -> bool:
        return self.settle(wait=False)

    def settle(self, *, wait: bool) -> bool:
        """Take note of what became of the last writing; whether it is over."""
        job = self._job
        if job is None:
            return True
        if not wait and not job.done():
            return False
        try:
            job.result()
        except (NightsideError, OSError) as error:
            if not self._failing:
                self._warn(f"{error}: samples wait, and are tried again")
            self._failing = True
        except Exception as error:  # whatever it is, it is no reason to stop watching
            self._failed_at(error)
        else:
            if self._failing:
                self._warn("samples are written again")
            self._failing = False
            self._written |= self._to_be
            if self._to_be:
                self._view_until = max(w.until for w in self._to_be.values())
        self._to_be = {}
        self._job = None
        return True

    def _failed_at(self, error: Exception) -> None:
        self._failing = True
        kind = type(error).__name__
        if kind not in self._mistakes:
            self._mistakes.add(kind)
            self._warn(f"samples are not written: {of_ours(error)}")


def since(signal: Signal, begin: int) -> Signal:
    """The part of a signal from this second on."""
    first = max(bisect_right(signal.times, begin) - 1, 0)
    times = list(signal.times[first:])
    times[0] = max(times[0], begin)
    blind = [replace(u, begin=max(u.begin, begin)) for u in signal.unknown if u.end > begin]
    doubt = [replace(u, begin=max(u.begin, begin)) for u in signal.in_doubt if u.end > begin]
    return Signal(signal.entity, times, list(signal.units[first:]), signal.end, blind, {}, doubt)


def _first_difference(before: _Written, baseline: Steps, in_doubt: Sequence[UnknownStretch]) -> int | None:
    """From when on what was written is not what is known now; None where it all is."""
    found = {u.begin for u in set(in_doubt) ^ set(before.in_doubt) if u.begin < before.until}
    if not before.baseline:
        found |= {second for second, _units in baseline[:1]}
    elif baseline:
        begin = max(before.baseline[0][0], baseline[0][0])
        seconds = sorted({begin, *(s for s, _ in (*before.baseline, *baseline) if begin < s < before.until)})
        differs = (s for s in seconds if _at(before.baseline, s) != _at(baseline, s))
        found |= {s for s in (next(differs, None),) if s is not None}
    return min(found, default=None)


def _at(steps: Steps, second: int) -> int:
    return steps[max(bisect_right(steps, second, key=lambda s: s[0]) - 1, 0)][1]
