"""Rounds of checks, one after the other, until it is told to end; what has come by then is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from nightside.checks.probe import Check, Probe
from nightside.checks.schedule import Gate, Planned, Schedule
from nightside.engine.checks.attempts import attempt
from nightside.engine.checks.kept import Keep, Kept
from nightside.engine.checks.kinds import check_of as check_of_kind
from nightside.model.check import CheckResult, Kind

FLUSH_S = 15.0
"""Results are kept at least so often."""
STEP_S = 2.0
"""A clock on the wall that goes so much otherwise than time was set."""

Told = Callable[[Planned, Sequence[CheckResult]], None]


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is run, and where its results go."""

    planned: Sequence[Planned]
    every_s: float | None
    """None: one round, and no more."""
    probes: Mapping[str, Probe]
    """By country; canaries are of country ""."""
    keep: Keep
    warn: Callable[[str], None]
    told: Told = lambda _planned, _results: None
    """Is told each check's results as they come; must not wait."""
    began: Callable[[int, int], None] = lambda _number, _due: None
    """Is told each round's number, and how many checks are due in it."""
    open_at_once: int = 2_000
    flush_s: float = FLUSH_S
    check_of: Callable[[Kind], Check] = field(default=check_of_kind)


async def run(rounds: Rounds) -> None:
    """Run until the one round is over, or until cancelled: what is open is then given up, what has come is kept."""
    runner = _Runner(rounds)
    flushing = asyncio.create_task(runner.flush())
    try:
        await runner.run()
    finally:
        await runner.end(flushing)


class _Runner:
    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._every_s = rounds.every_s
        self._schedule = Schedule(rounds.planned, rounds.every_s or 1.0)
        self._gate = Gate()
        self._free = asyncio.Semaphore(rounds.open_at_once)
        self._kept = Kept(rounds.keep, rounds.warn)
        self._open: set[asyncio.Task[None]] = set()
        self._running: set[Planned] = set()
        self._over = asyncio.Event()
        self._ahead_s: float | None = None
        """How far the clock on the wall is ahead of the one that is never set."""

    async def run(self) -> None:
        """All rounds."""
        loop = asyncio.get_running_loop()
        begin, number = loop.time(), 0
        while True:
            self._look_at_clock(loop.time())
            await self._round(number, begin)
            if self._every_s is None:
                await asyncio.gather(*self._open)
                return
            number, begin = number + 1, begin + self._every_s
            late_s = loop.time() - begin
            if late_s > self._every_s:
                # What this machine slept through is not made up for: that would be a burst.
                missed = int(late_s / self._every_s)
                self._rounds.warn(f"{missed} rounds were missed: this process stood still for {late_s:.0f} s")
                number, begin = number + missed, begin + missed * self._every_s
            await asyncio.sleep(begin - loop.time())

    async def flush(self) -> None:
        """Keep what comes, until `end`."""
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rounds.flush_s):
                    await self._over.wait()
            await self._kept.flush()

    async def end(self, flushing: asyncio.Task[None]) -> None:
        """Give up what is under way, and keep what has come."""
        open_ = list(self._open)
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)
        self._over.set()
        await flushing
        if self._kept.waiting:
            self._rounds.warn(f"{self._kept.waiting:,} results are lost")

    async def _round(self, number: int, begin: float) -> None:
        loop = asyncio.get_running_loop()
        due = self._schedule.due(number, begin)
        self._rounds.began(number, len(due))
        for planned in due:
            wait_s = begin + planned.offset_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if planned in self._running:
                # Slower than its round: twice at once would be a burden, and tell nothing.
                continue
            # Where all are taken, those that come later wait here: nothing piles up.
            await self._free.acquire()
            self._running.add(planned)
            task = loop.create_task(self._one(planned))
            self._open.add(task)
            task.add_done_callback(partial(self._closed, planned))

    def _closed(self, planned: Planned, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        self._running.discard(planned)
        self._free.release()

    async def _one(self, planned: Planned) -> None:
        now = asyncio.get_running_loop().time()
        start = self._gate.start(planned, now)
        if start > now:
            await asyncio.sleep(start - now)
        rounds = self._rounds
        probe = rounds.probes[planned.target.country]
        results = await attempt(planned, probe, rounds.check_of, rounds.warn)
        self._kept.add(results)
        self._schedule.told(planned, results)
        rounds.told(planned, results)

    def _look_at_clock(self, now: float) -> None:
        ahead_s = time.time() - now
        if self._ahead_s is not None and abs(step := ahead_s - self._ahead_s) > STEP_S:
            self._rounds.warn(
                f"the clock was set by {step:+.0f} s: results before it bear times of another clock; "
                "rounds go on as before"
            )
        self._ahead_s = ahead_s
