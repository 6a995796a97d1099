"""A watch as it is lived with: killed or ended in an outage, before one, beside one; by real sockets and processes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from watch_scene import GOES_ON, back, gone, scene, seconds

from nightside.engine.channels.journal_lines import waiting_in

PROMISED_S = 10
AWAY_S = 3000
"""A watch that was away so long has passed over what was said then, and the archives have it."""


@pytest.mark.xdist_group("timed")
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM], ids=lambda by: by.name)
def test_ended_in_the_midst_of_an_outage_it_goes_on(
    tmp_path: Path, measured: Callable[[str], None], by: signal.Signals
) -> None:
    async def test() -> None:
        async with scene(tmp_path) as here:
            async with here.watch() as watch:
                await here.ready(watch)
                lost = int(time.time())
                since = await here.say(gone)
                opened = await here.told(watch, "opened")
                took_s = here.hook.got[0][0] - since
                assert (opened["entity"]["code"], opened["severity"]) == ("KP", "total")
                assert lost <= seconds(opened["onset"]) <= lost + 2
                assert took_s <= PROMISED_S
                assert await watch.end(by) == (0 if by == signal.SIGTERM else -by)
            begun = time.monotonic()
            async with here.watch() as watch:
                await here.ready(watch)
                again_s = time.monotonic() - begun
                assert watch.said(GOES_ON), watch.err
                mended = int(time.time())
                await here.say(back)
                recovering = await here.told(watch, "recovering")
                assert recovering["onset"] == opened["onset"]
                assert mended <= seconds(recovering["end"]) <= mended + 2
                assert here.hook.keys == [opened["key"], recovering["key"]]
                assert await watch.end() == 0
            (stored,) = here.stored()
            assert (stored["status"], stored["episodes"][0]["onset"]) == ("recovering", opened["onset"])
            here.nothing_twice()
            measured(f"loss to webhook {took_s:.1f} s; sees again {again_s:.1f} s after {by.name}")

    asyncio.run(test())


def test_killed_in_an_outage_whose_end_the_archives_have(tmp_path: Path) -> None:
    async def test() -> None:
        async with scene(tmp_path, -AWAY_S) as here:
            begun = time.time() - AWAY_S
            async with here.watch(clock_s=-AWAY_S) as watch:
                await here.ready(watch, -AWAY_S)
                lost = time.time() - AWAY_S
                await here.say(gone, -AWAY_S)
                opened = await here.told(watch, "opened")
                await watch.end(signal.SIGKILL)
            mended = int(lost) + 1200
            here.archive_has(begun - 600, (lost, gone), (mended, back))
            async with here.watch() as watch:
                restored = await here.told(watch, "restored", 60)
                assert watch.said(GOES_ON)
                # Of five peers the third decides.
                assert (restored["onset"], seconds(restored["end"])) == (opened["onset"], mended + 2)
                await here.ready(watch)
                assert await watch.end(signal.SIGTERM) == 0
            assert [m["kind"] for _at, m in here.hook.got] == ["opened", "recovering", "restored"]
            (stored,) = here.stored()
            assert (stored["status"], stored["duration_s"]) == (
                "restored",
                mended + 2 - seconds(opened["onset"]),
            )
            here.nothing_twice()

    asyncio.run(test())


def test_an_outage_that_begins_and_ends_while_it_is_down(tmp_path: Path) -> None:
    async def test() -> None:
        async with scene(tmp_path, -AWAY_S) as here:
            begun = time.time() - AWAY_S
            async with here.watch(clock_s=-AWAY_S) as watch:
                await here.ready(watch, -AWAY_S)
                await asyncio.sleep(3)
                await watch.end(signal.SIGKILL)
            lost, mended = int(begun) + 400, int(begun) + 1600
            here.archive_has(begun - 600, (lost, gone), (mended, back))
            async with here.watch() as watch:
                restored = await here.told(watch, "restored", 60)
                assert (seconds(restored["onset"]), seconds(restored["end"])) == (lost + 2, mended + 2)
                assert await watch.end(signal.SIGTERM) == 0
            assert [m["kind"] for _at, m in here.hook.got] == ["opened", "recovering", "restored"]
            here.nothing_twice()

    asyncio.run(test())


def test_a_receiver_that_is_away_when_it_happens_hears_each_message_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with scene(tmp_path) as here:
            async with here.watch() as watch:
                await here.ready(watch)
                here.hook.down()
                await here.say(gone)
                await watch.until(lambda: watch.told("opened") and watch.said("messages wait in"), 20)
                await watch.end(signal.SIGKILL)
            async with here.watch() as watch:
                await here.ready(watch)
                await here.say(back)
                await watch.until(lambda: watch.told("recovering"), 20)
                assert here.hook.got == []
                here.hook.up()
                await here.told(watch, "recovering", 60)
                assert [m["kind"] for _at, m in here.hook.got] == ["opened", "recovering"]
                assert await watch.end() == 0
            here.nothing_twice()
            assert waiting_in(tmp_path / "store" / "outbox") == {}

    asyncio.run(test())
