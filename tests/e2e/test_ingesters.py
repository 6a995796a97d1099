"""Several programs watch together: each hears its part, one judges, and what one did another takes over."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from shared_watch import COLLECTORS, shared_scene, times
from watch_scene import back, elsewhere, gone, seconds

TAKEN_OVER_S = 30


@pytest.mark.xdist_group("timed")
def test_the_judge_is_killed_in_an_outage(tmp_path: Path, measured: Callable[[str], None]) -> None:
    async def test() -> None:
        alone = tmp_path / "alone"
        async with shared_scene(tmp_path) as here, here.program(alone=alone) as single:
            async with here.programs(2) as (first, second):
                await here.ready(single)
                assert first.watch.said("this program judges")
                lost = await here.say(gone)
                await here.until(lambda: here.hook.told("opened"), "told")
                took_s = here.hook.got[0][0] - lost
                await single.watch.until(lambda: single.watch.told("opened"))
                # While nobody judges, it is mended, and those are heard that the other program reads.
                begun = time.monotonic()
                await first.watch.end(signal.SIGKILL)
                await asyncio.sleep(2)
                await here.say(back)
                await here.until(lambda: here.hook.told("recovering"), "told by another", TAKEN_OVER_S)
                taken_over_s = time.monotonic() - begun
                await here.until(lambda: here.shares() == [len(COLLECTORS)], "all read by the other")
                assert second.watch.said("judging from where the last judge was"), second.watch.err
                await here.ready(second)
                assert await second.watch.end(signal.SIGTERM) == 0
            assert here.judge() is None
            assert here.readers() == {}
            await single.watch.until(lambda: single.watch.told("recovering"))
            assert await single.watch.end() == 0
            (stored,), (expected,) = here.stored(), here.stored(alone)
            assert list(times(stored)) == list(times(expected))
            assert seconds(stored["onset"]) == int(lost)
            assert [m["kind"] for m in stored["messages"]] == ["opened", "recovering"]
            assert set(here.hook.keys) == {m["key"] for m in stored["messages"]}
            measured(f"loss to webhook {took_s:.1f} s; killed to the next message {taken_over_s:.1f} s")

    asyncio.run(test())
