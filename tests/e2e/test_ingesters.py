"""Several programs watch together: each hears its part, one judges, and what one did another takes over."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shared_watch import COLLECTORS, shared_scene, times
from watch_process import watching
from watch_scene import back, gone, seconds

from nightside.store.location import location_of, open_store

if TYPE_CHECKING:
    from postgres_server import PostgresServer

TAKEN_OVER_S = 30


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


def test_a_judge_that_only_slept_and_a_program_that_is_killed(
    tmp_path: Path, postgres_server: PostgresServer, s3_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a database and a storage that speaks S3, as programs of several machines share them."""

    async def test() -> None:
        database = postgres_server.url(postgres_server.new_database())
        with open_store(location_of(database)):
            pass
        async with shared_scene(tmp_path, database) as here, here.programs(2) as (first, second):
            words = ("KP", "--source", "rrc00")
            async with watching(tmp_path / "alone", *words, store=database, **here.settings) as alone:
                await asyncio.wait_for(alone.process.wait(), 30)
                assert alone.process.returncode == 2
                assert alone.said("programs that share their work watch into this store")
            # What it could not deliver, the next one delivers.
            here.hook.down()
            lost = await here.say(gone)
            await first.watch.until(lambda: first.watch.told("opened"))
            await first.watch.until(lambda: first.watch.said("messages wait in"))
            slept = here.judge()
            first.watch.process.send_signal(signal.SIGSTOP)
            here.hook.up()
            took_s = await here.until(lambda: here.hook.told("opened"), "delivered by another", TAKEN_OVER_S)
            assert took_s <= TAKEN_OVER_S
            assert here.judge() != slept
            await here.until(lambda: here.shares() == [len(COLLECTORS)], "all read by the other")
            await here.ready(second)
            before = here.stored()

            # It finds itself replaced, and is one of those who hear again.
            first.watch.process.send_signal(signal.SIGCONT)
            await first.watch.until(lambda: first.watch.said("this one begins anew"))
            await here.until(lambda: here.shares() == [2, 2], "evenly shared")
            assert here.judge() not in (slept, None)
            assert here.stored() == before
            await here.ready(second)
            assert (await first.said("/readyz"))[0] == 200
            assert await first.hears() == sorted(here.read_beside(here.judge()))
            await here.say(back)
            await here.until(lambda: here.hook.told("recovering"), "told")
            await second.watch.until(lambda: second.watch.out)
            assert [m["kind"] for m in first.watch.out] == ["opened"]
            assert [m["kind"] for m in second.watch.out] == ["recovering"]

            # Who only heard is killed: what it heard is unknown for a while, and no outage.
            await first.watch.end(signal.SIGKILL)
            await here.until(
                lambda: here.shares() == [len(COLLECTORS)], "all read by the other", TAKEN_OVER_S
            )
            await here.ready(second)
            (stored,) = here.stored()
            assert [m["kind"] for m in stored["messages"]] == ["opened", "recovering"]
            assert seconds(stored["onset"]) == int(lost)
            assert set(here.hook.keys) == {m["key"] for m in stored["messages"]}
            assert await second.watch.end(signal.SIGTERM) == 0

    monkeypatch.setenv("NIGHTSIDE_SEGMENTS", s3_bucket)
    asyncio.run(test())


def test_what_a_sharing_watch_refuses(tmp_path: Path) -> None:
    async def test() -> None:
        async with shared_scene(tmp_path) as here, here.program() as first:
            await first.watch.until(lambda: first.watch.said("this program judges"))
            # Another country: it would judge otherwise.
            async with here.program("SY") as other:
                await asyncio.wait_for(other.watch.process.wait(), 30)
                assert other.watch.process.returncode == 2
                assert other.watch.said("watch something else")
            # One that shares with nobody would tell everything a second time.
            async with here.program(alone=tmp_path) as other:
                await asyncio.wait_for(other.watch.process.wait(), 30)
                assert other.watch.process.returncode == 2
                assert other.watch.said("another watch keeps its state here")

    asyncio.run(test())
