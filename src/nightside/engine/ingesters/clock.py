"""The clock of a judge: time comes as far as it is known what was heard by then, and no faster than it was written.

So who takes over while an outage goes on judges it as if nobody had been away, only later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nightside.engine.live.clock import STOOD_STILL_S, Queue, WallClock
from nightside.engine.live.relayed import Heard, Relayed

STEP_S = 1.0


class RelayedClock(WallClock):
    """Made for one judge; `begin` says from when on."""

    def __init__(
        self,
        read_until: Callable[[], float],
        look: Callable[[], Awaitable[None]],
        missed: Callable[[], Awaitable[None]],
    ) -> None:
        """`read_until` says by when all that was written was read. `look` is awaited before anything is given, and
        raises where it is no more for us to judge. `missed` is awaited where nobody listened for long.
        """
        super().__init__()
        self._read_until, self._look_at_lease, self._missed = read_until, look, missed
        self._now = 0.0
        self._held: Relayed | None = None

    def begin(self, now_s: float) -> None:
        """It is so late."""
        self._now = now_s

    def time(self) -> float:
        """As late as what was heard; seconds since the epoch."""
        return self._now

    async def next(self, queue: Queue, within_s: float) -> Heard | None:
        """The next value of the queue; None where none comes in this time, or time has to come first."""
        value: Heard | None = self._held
        if value is None:
            value = await super().next(queue, within_s)
            # Others listened while this machine stood still; where nobody did, `missed` is told.
            self.stood_still_since = None
        await self._look_at_lease()
        wall_s = super().time()
        if isinstance(value, Relayed):
            return await self._come(value, min(value.written_s, wall_s))
        if value is None:
            await self._come_to(min(self._read_until(), wall_s))
        return value

    async def _come(self, piece: Relayed, to_s: float) -> Heard | None:
        """Second by second to when the piece was written: what is told depends on what is known by then."""
        self._held = None
        if to_s - self._now > STOOD_STILL_S:
            await self._miss(to_s)
        if to_s - self._now > STEP_S:
            self._held = piece
            self._now += STEP_S
            return None
        self._now = max(self._now, to_s)
        return piece

    async def _come_to(self, to_s: float) -> None:
        if to_s - self._now > STOOD_STILL_S:
            await self._miss(to_s)
        self._now = min(max(self._now, to_s), self._now + STEP_S)

    async def _miss(self, to_s: float) -> None:
        await self._missed()
        self._now = max(self._now, to_s - STEP_S)
