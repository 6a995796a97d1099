"""Started again: beside another watch, with damaged files, with a source more."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from recent_archive import write_archive
from watch_scene import GOES_ON, PEERS, ROUTES, gone, scene


def test_a_second_watch_on_the_same_store_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with scene(tmp_path) as here, here.watch() as first:
            await here.ready(first)
            async with here.watch() as second:
                assert await asyncio.wait_for(second.process.wait(), 30) == 2
                await asyncio.sleep(0.1)
            assert len(second.err) == 2, second.err
            assert "another watch keeps its state here" in second.err[0]
            assert "--store" in second.err[1]
            assert second.out == []
            assert await first.end() == 0

    asyncio.run(test())


@pytest.mark.parametrize(
    ("what", "said"),
    [("state", "not used: it is damaged"), ("journal", GOES_ON)],
    ids=["state", "journal"],
)
def test_damaged_files_cost_no_more_than_they_held(tmp_path: Path, what: str, said: str) -> None:
    async def test() -> None:
        async with scene(tmp_path) as here:
            async with here.watch() as watch:
                await here.ready(watch)
                await watch.end(signal.SIGKILL)
            newest = max((tmp_path / "store" / "live").glob(f"{what}-*"))
            with newest.open("r+b") as file:
                # All but the first line.
                file.seek(200 if what == "state" else 20)
                file.write(b"\0" * 100)
            async with here.watch() as watch:
                await here.ready(watch)
                assert watch.said(said), watch.err
                assert not watch.said("no updates from"), watch.err
                await here.say(gone)
                await here.told(watch, "opened")
                assert await watch.end() == 0
            here.nothing_twice()

    asyncio.run(test())


def test_a_source_more_has_its_table_read(tmp_path: Path) -> None:
    async def test() -> None:
        async with scene(tmp_path) as here:
            write_archive(tmp_path / "ris", "rrc01", PEERS, ROUTES)
            async with here.watch() as watch:
                await here.ready(watch)
                await watch.end(signal.SIGKILL)
            async with here.watch("--source", "rrc01") as watch:
                await here.live.until(asked=3)
                assert watch.said("other countries, sources or settings"), watch.err
                assert {one["host"] for one in here.live.asked} == {"rrc00", "rrc01"}
                assert any(path.name.startswith("bview") for path in (tmp_path / "cache").rglob("rrc01/*/*"))
                assert await watch.end() == 0

    asyncio.run(test())
