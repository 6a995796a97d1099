"""The judge's clock: as late as what was heard, second by second, and never later than is known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from nightside.engine.ingesters.clock import RelayedClock
from nightside.engine.live.clock import STOOD_STILL_S
from nightside.engine.live.relayed import Heard, Relayed
from nightside.model.errors import LeaseLostError


class Play:
    """A clock, its queue, and what it did."""

    def __init__(self, begin: float, *pieces: float) -> None:
        self.read_until = 0.0
        self.missed = 0
        self.is_lost = False
        self.clock = RelayedClock(lambda: self.read_until, self._look, self._miss)
        self.clock.begin(begin)
        self.queue: asyncio.Queue[Heard] = asyncio.Queue()
        for number, written_s in enumerate(pieces, 1):
            self.queue.put_nowait(Relayed("a", number, written_s, []))

    async def _look(self) -> None:
        if self.is_lost:
            raise LeaseLostError("another does")

    async def _miss(self) -> None:
        self.missed += 1

    async def next(self) -> tuple[float, int | None]:
        value = await self.clock.next(self.queue, 0.001)
        return self.clock.time(), value.number if isinstance(value, Relayed) else None


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await test()

    asyncio.run(main())


def test_what_was_written_while_nobody_judged_comes_at_its_time() -> None:
    async def test() -> None:
        play = Play(1000.0, 1000.5, 1003.0, 1003.2)
        assert [await play.next() for _ in range(5)] == [
            (1000.5, 1),
            (1001.5, None),
            (1002.5, None),
            (1003.0, 2),
            (1003.2, 3),
        ]
        # Nothing is left in the queue: time stands, as long as it is not known that nothing was written.
        assert await play.next() == (1003.2, None)
        play.read_until = 1004.9
        assert [(await play.next())[0] for _ in range(3)] == [1004.2, 1004.9, 1004.9]

    run(test)


def test_time_does_not_go_back_nor_beyond_the_clock_on_the_wall() -> None:
    async def test() -> None:
        now = time.time()
        play = Play(now - 1, now - 5, now + 500)
        assert await play.next() == (now - 1, 1)
        at, number = await play.next()
        while number is None:
            at, number = await play.next()
        assert number == 2
        assert now - 1 <= at <= time.time()
        assert not play.missed

    run(test)


def test_where_nobody_listened_for_long_that_is_told_once() -> None:
    async def test() -> None:
        begin = 1000.0
        play = Play(begin, begin + STOOD_STILL_S, begin + 3 * STOOD_STILL_S)
        while (await play.next())[1] != 1:
            assert not play.missed
        while (got := await play.next())[1] != 2:
            pass
        assert play.missed == 1
        assert got[0] == begin + 3 * STOOD_STILL_S
        # Nor did anybody in the end.
        play.read_until = begin + 5 * STOOD_STILL_S
        await play.next()
        assert play.missed == 2

    run(test)


def test_whoever_does_not_judge_any_more_is_given_nothing() -> None:
    async def test() -> None:
        play = Play(1000.0, 1000.5)
        play.is_lost = True
        with pytest.raises(LeaseLostError):
            await play.next()

    run(test)
