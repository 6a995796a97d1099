"""The clock on the wall, and what becomes of a watch when it is set, or when the machine stands still."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Protocol

from nightside.engine.live.relayed import Heard
from nightside.model.errors import NightsideError

Queue = asyncio.Queue[Heard]
STOOD_STILL_S = 30.0
"""Who did nothing for so long did not listen either."""
STEPPED_S = 60.0
"""A clock that goes so much faster or slower than time was set."""
STALLED_S = 0.5
"""After a pause like this the sources have first to say what they have."""
TURN_S = 0.2
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """What time it is, and how to wait for some."""

    stood_still_since: float | None
    """Where the last wait was much longer than asked for: since when; nobody listened meanwhile."""

    def time(self) -> float:
        """Seconds since the epoch."""

    async def next(self, queue: Queue, within_s: float) -> Heard | None:
        """The next value of the queue; None where none comes in this time."""


class WallClock:
    """The clock on the wall."""

    def __init__(self) -> None:
        self.stood_still_since: float | None = None
        self._last: tuple[float, float] | None = None

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def next(self, queue: Queue, within_s: float) -> Heard | None:
        """The next value of the queue; None where none comes in this time.

        Raises NightsideError where the clock was set meanwhile: what is known bears times of another clock.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                value = await queue.get()
                self._look(within_s)
                return value
        if self._look(within_s) > within_s + STALLED_S:
            # The time was over before anybody could bring what had come.
            await asyncio.sleep(TURN_S)
            with suppress(asyncio.QueueEmpty):
                return queue.get_nowait()
        return None

    def _look(self, within_s: float) -> float:
        """How long it is since the last look."""
        now, boot = time.time(), time.clock_gettime(_BOOT)
        last, self._last = self._last, (now, boot)
        self.stood_still_since = None
        if last is None:
            return 0.0
        took_s = boot - last[1]
        if abs(now - last[0] - took_s) > STEPPED_S:
            raise NightsideError(
                f"the clock was set by {now - last[0] - took_s:+.0f} s",
                advice="Start the watch again: it goes on from where it was, as far as its times can be believed.",
            )
        if took_s > within_s + STOOD_STILL_S:
            self.stood_still_since = last[0]
        return took_s
