"""What runs beside a watch: its end is told, and ends nothing else."""

from __future__ import annotations

import asyncio

from nightside.engine.live.judging import beside


async def dies() -> None:
    raise ValueError("no archives here")


async def goes_on(over: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        over.append("ended with the watch")


def test_one_that_dies_is_told_and_the_others_end_with_the_watch() -> None:
    said: list[str] = []
    over: list[str] = []

    async def main() -> None:
        async with beside([dies(), goes_on(over)], said.append):
            await asyncio.sleep(0.01)
            assert over == []

    asyncio.run(main())
    assert len(said) == 1
    assert "dies" in said[0]
    assert "ValueError: no archives here" in said[0]
    assert over == ["ended with the watch"]
