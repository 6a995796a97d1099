"""The daemon: values of live sources in, findings out, second by second.

All sources write to one bounded queue, so that a full one makes them wait. Time comes by a clock, a few seconds
late, so that what is a little late is in order; it comes too while nobody says anything.

What is found is a function of what was entered (`Entered`: a value or none, and the time) and in which order, and of
nothing else: what was entered once can be entered again, and the same is found.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import TypeVar

from nightside.engine.live.checkpoint import Checkpoint, DaemonFigures
from nightside.engine.live.clock import Clock, WallClock
from nightside.engine.live.journal import Entered, Told
from nightside.engine.live.kept_state import Keeping
from nightside.engine.live.relayed import Heard, Hearing, Relayed
from nightside.engine.live.telling import Telling
from nightside.engine.live.watcher import Found, Watcher
from nightside.model.instants import iso
from nightside.sources.stream import Batch, Status

LATENESS_S = 2.0
"""What comes no later than this counts in its own second."""
AHEAD_S = 60
"""Elements dated so far ahead of our clock are left out."""
MOST_WAITING = 256
"""Values that wait in the queue; more make the sources wait."""
STATE_EVERY_S = 60.0
"""A new state is begun so long after the last was begun, where the journal has become a half of it by then;"""
STATE_AT_LEAST_EVERY_S = 600.0
"""and after so long in any case."""
SYNC_EVERY_S = 1.0
"""What was entered is on the disk itself so long after: it outlives a power loss then."""


Kept = TypeVar("Kept")


class Daemon:
    """Runs until all sources have ended, or it is cancelled."""

    def __init__(
        self,
        watcher: Watcher,
        sources: Sequence[Hearing],
        tell: Callable[[Found], Awaitable[None]],
        *,
        kept: Keeping | None = None,
        clock: Clock | None = None,
        lateness_s: float = LATENESS_S,
        warn: Callable[[str], None] = lambda _text: None,
        came: Callable[[Watcher], None] = lambda _watcher: None,
    ) -> None:
        """`tell` is awaited for everything that is found, in order; `warn` hears what becomes of collectors; `came`
        is called when time has come to another second.

        With `kept` everything that is entered is written down before it is taken, and states are written.
        """
        self.watcher, self._sources, self._kept = watcher, sources, kept
        self._clock: Clock = clock or WallClock()
        self._lateness_s, self._warn, self._came = lateness_s, warn, came
        self.figures = DaemonFigures()
        self.telling = Telling(tell, self._told, warn)
        self._queue: asyncio.Queue[Heard] = asyncio.Queue(MOST_WAITING)
        self._state_due_at = 0.0
        self._writing: asyncio.Task[None] | None = None
        self.entered_at_s = 0.0
        """When the last value or second came, by our clock."""

    @property
    def waiting(self) -> int:
        """Values in the queue."""
        return self._queue.qsize()

    # -- before it runs -----------------------------------------------------------------------------

    def resume(self, state: Checkpoint, since: Iterable[Entered | Told]) -> None:
        """Be where another daemon was: what it had found and not told is told."""
        self.watcher, self.figures = state.watcher, state.figures
        self.entered_at_s = state.entered_at_s
        untold = dict(state.untold)
        # What became of collectors then was said then.
        warn, self._warn = self._warn, lambda _text: None
        try:
            for entry in since:
                if isinstance(entry, Told):
                    untold = {n: found for n, found in untold.items() if n > entry.number}
                else:
                    untold |= self._enter(entry)
        finally:
            self._warn = warn
        for number, found in untold.items():
            self.telling.put(number, found)

    def begin_anew(self, watcher: Watcher) -> None:
        """Forget what was resumed, and be with this watcher."""
        self.watcher, self.figures, self.entered_at_s = watcher, DaemonFigures(), 0.0

    def begin(self, *, at_once: bool = True) -> None:
        """Write the first state of this run; without `at_once` that is begun with the first that comes."""
        self.entered_at_s = max(self.entered_at_s, self.watcher.until_s) or self._clock.time()
        if self._kept is not None and at_once:
            self._tried("the state cannot be kept", lambda kept: kept.begin(self._state())())
            self._state_begun()

    async def find(self, found: Found) -> None:
        """Have told what was found by another way than this one's."""
        self.telling.put(*self._numbered(found))

    def lose_all(self, why: str, but: Container[str] = ()) -> None:
        """Nothing was heard of any collector since the last entry; of these we know otherwise."""
        # All of them before time comes: nobody was heard for longer than the others.
        at_s = self.entered_at_s
        for name, collector in self.watcher.live.collectors.items():
            if not collector.table.away and name not in but:
                self._note(Entered(at_s, Status(name, False, why, at_s)))

    # -- while it runs ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Play the sources; raises what a source raises."""
        beside: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                beside.append(group.create_task(self.telling.run()))
                if self._kept is not None:
                    beside.append(group.create_task(self._keep_on_disk(self._kept)))
                readers = [group.create_task(self._read(source)) for source in self._sources]
                while not (self._queue.empty() and all(r.done() for r in readers)):
                    value = await self._clock.next(self._queue, self._until_next_second())
                    if self._clock.stood_still_since is not None:
                        self.entered_at_s = self._clock.stood_still_since
                        self.lose_all("this machine stood still")
                    self._note(Entered(self._clock.time(), value))
                    self._look_at_state()
                    # A queue that is never empty leaves no time to others by itself.
                    await asyncio.sleep(0)
                while self.telling.waiting:
                    await asyncio.sleep(0.001)
                for task in beside:
                    task.cancel()
        finally:
            if self._writing is not None:
                await asyncio.wait([self._writing])

    def _note(self, entered: Entered) -> None:
        """Write down what comes, take it, and have told what is found."""
        if entered.value is None and self._second(entered.now_s) <= self.watcher.until_s:
            return
        if self._kept is not None:
            self._tried("what comes cannot be written down", lambda kept: kept.append(entered))
        before = self.watcher.until_s
        for number, found in self._enter(entered):
            self.telling.put(number, found)
        if self.watcher.until_s > before:
            self._came(self.watcher)

    def _enter(self, entered: Entered) -> Iterator[tuple[int, Found]]:
        self.entered_at_s = entered.now_s
        if entered.value is not None:
            self._take(entered.value, entered.now_s)
        second = self._second(entered.now_s)
        if second > self.watcher.until_s:
            for found in self.watcher.until(second):
                yield self._numbered(found)

    def _numbered(self, found: Found) -> tuple[int, Found]:
        self.figures.found += 1
        return self.figures.found, found

    def _second(self, now_s: float) -> int:
        """The last second that is over for good."""
        return int(now_s - self._lateness_s) - 1

    def _until_next_second(self) -> float:
        return max(self.watcher.until_s + 2 + self._lateness_s - self._clock.time(), 0.01)

    async def _read(self, source: Hearing) -> None:
        values = source.values()
        async with aclosing(values) as stream:
            async for value in stream:
                await self._queue.put(value)

    def _take(self, value: Heard, now_s: float) -> None:
        if isinstance(value, Relayed):
            for one in self.figures.relays.take(value):
                self._take(one, now_s)
            return
        live = self.watcher.live
        if isinstance(value, Batch) and value.fills:
            self._fill(value)
            return
        if isinstance(value, Batch):
            table = live.collector(value.collector).table
            if table.away:
                self._back(value.collector, value.received_s)
            self.figures.batches += 1
            self.figures.elements += value.columns.count
            live.apply(value.collector, value.peers, value.columns, 0, int(now_s) + AHEAD_S)
            return
        self.figures.statuses += 1
        known = value.collector in self.figures.not_heard
        if value.up:
            if known:
                self._warn(f"{value.collector}: heard again: {value.why}")
            self._back(value.collector, value.at_s)
        else:
            if not known:
                self._warn(f"{value.collector}: not heard, its peers are unknown: {value.why}")
            self.figures.not_heard[value.collector] = value.why
            table = live.collector(value.collector).table
            live.lost(value.collector, max(int(value.at_s), table.now, self.watcher.until_s + 1))

    def _fill(self, batch: Batch) -> None:
        self.figures.batches += 1
        missed = self.watcher.live.collector(batch.collector).missed
        if self.watcher.live.fill(batch.collector, batch.peers, batch.columns, self.watcher.until_s + 1):
            assert missed is not None
            self._warn(
                f"{batch.collector}: what happened from {iso(missed.begin)} to {iso(missed.end or 0)} is known now, "
                "from the archive"
            )

    def _back(self, collector: str, at_s: float) -> None:
        self.figures.not_heard.pop(collector, None)
        self.watcher.live.back(collector, max(int(at_s), self.watcher.until_s + 1))

    # -- what is kept -------------------------------------------------------------------------------

    def _state(self) -> Checkpoint:
        return Checkpoint(self.watcher, self.figures, self.telling.waiting, self.entered_at_s)

    def _state_begun(self) -> None:
        self.figures.state_at_s = time.time()
        self._state_due_at = time.monotonic() + STATE_EVERY_S

    def _look_at_state(self) -> None:
        """Begin a new state where it is time."""
        kept, now = self._kept, time.monotonic()
        if kept is None or now < self._state_due_at or self._writing is not None:
            return
        is_late = now >= self._state_due_at + STATE_AT_LEAST_EVERY_S - STATE_EVERY_S
        if kept.is_kept and not is_late and 2 * kept.journal_bytes < kept.state_bytes:
            return
        self._state_begun()
        finish = self._tried("the state cannot be kept", lambda kept: kept.begin(self._state()))
        if finish is not None:
            self._writing = asyncio.create_task(self._finish(finish))

    async def _finish(self, finish: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(finish)
            self.figures.states += 1
        except OSError as error:
            self._warn(f"the state cannot be kept: {error}")
        finally:
            self._writing = None

    async def _keep_on_disk(self, kept: Keeping) -> None:
        while True:
            await asyncio.sleep(SYNC_EVERY_S)
            with suppress(OSError):
                await asyncio.to_thread(kept.sync)

    def _told(self, number: int) -> None:
        if self._kept is not None:
            self._tried("what was told cannot be written down", lambda kept: kept.append(Told(number)))

    def _tried(self, what: str, keep: Callable[[Keeping], Kept]) -> Kept | None:
        """A full disk costs what would be known after a crash, and no alarm."""
        assert self._kept is not None
        try:
            return keep(self._kept)
        except OSError as error:
            self._warn(f"{what}: {error}: it is tried again in a minute")
            return None
