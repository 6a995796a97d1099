"""Frames between the network and who works on them: bounded, in order, with an end that is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from nightside.sources.intake import Ended, Intake
from nightside.sources.stream import LONGEST_PAUSE_S, pauses


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))  # type: ignore[arg-type]


@pytest.mark.parametrize(("most_frames", "most_bytes", "held"), [(3, 10_000, 3), (100, 25, 3), (100, 1, 1)])
def test_whoever_puts_waits_while_it_is_full(most_frames: int, most_bytes: int, held: int) -> None:
    async def test() -> None:
        intake = Intake(most_frames, most_bytes)
        frames = [b"%010d" % n for n in range(10)]
        done = 0

        async def put() -> None:
            nonlocal done
            for frame in frames:
                await intake.put(frame)
                done += 1

        putting = asyncio.create_task(put())
        await asyncio.sleep(0.05)
        assert done == held
        assert intake.is_full
        taken = []
        while len(taken) < len(frames):
            got = await intake.take(5.0, 0.0)
            assert len(got) <= held
            taken += got
        await putting
        assert taken == frames

    run(test)


def test_nothing_within_the_time_is_nothing() -> None:
    async def test() -> None:
        intake = Intake()
        begun = asyncio.get_running_loop().time()
        assert await intake.take(0.1, 1.0) == []
        assert 0.09 <= asyncio.get_running_loop().time() - begun < 0.9

    run(test)


def test_what_was_there_before_the_end_is_handed_out_first() -> None:
    async def test() -> None:
        intake = Intake()
        await intake.put(b"last")
        intake.end("it is over")
        intake.end("another reason")
        assert await intake.take(5.0, 0.0) == [b"last"]
        for _ in range(2):
            with pytest.raises(Ended, match="it is over"):
                await intake.take(5.0, 0.0)

    run(test)


def test_an_end_wakes_who_waits() -> None:
    async def test() -> None:
        intake = Intake()
        asyncio.get_running_loop().call_later(0.05, intake.end, "it is over")
        with pytest.raises(Ended):
            await intake.take(10.0, 0.0)

    run(test)


def test_pauses_double_up_to_their_longest_each_by_chance() -> None:
    for _ in range(20):
        waits = pauses()
        for upper in (1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S):
            assert upper / 2 <= next(waits) <= upper
    assert len({next(pauses()) for _ in range(20)}) > 10
