"""A watch as it is lived with: killed, ended, started again by the same command, over real sockets and processes."""

from __future__ import annotations

import asyncio
import calendar
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import bgp_bytes as bgp
import httpx2
import pytest
from archive_server import archive_server
from gobgp_router import free_port
from recent_archive import Route, write_archive, write_updates
from ris_live_server import RisLiveServer, message_frame
from watch_process import WatchProcess, watching
from webhook_receiver import Receiver, receiver

from nightside.store.location import open_store

Json = dict[str, Any]
KP = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
PEERS = {f"192.0.2.{n}": 3000 + n for n in range(1, 6)}
ROUTES: list[Route] = [
    *((prefix, (4837, 131279)) for prefix in KP),
    *((f"11.{n}.0.0/16", (1299, 3356)) for n in range(200)),
]
GOES_ON = "going on from where the last watch was"
PROMISED_S = 10
AWAY_S = 3000
"""A watch that was away so long has passed over what was said then, and the archives have it."""


def gone(_asn: int) -> bytes:
    return bgp.update(withdrawn=KP)


def back(asn: int) -> bytes:
    return bgp.update(KP, (asn, 4837, 131279))


def elsewhere(asn: int) -> bytes:
    return bgp.update(("11.0.0.0/16",), (asn, 1299, 3356))


class Scene:
    """One place with its archive, its stream and the receiver of its messages, and one watch there after the other."""

    def __init__(self, folder: Path, archive: str, live: RisLiveServer, hook: Receiver) -> None:
        self.folder, self.live, self.hook = folder, live, hook
        self.health = free_port()
        self.settings = {
            "NIGHTSIDE_RIS_LIVE_URL": live.url,
            "NIGHTSIDE_RIS_ARCHIVE_URL": archive,
            "NIGHTSIDE_BROKER_URL": f"{archive}/broker",
            "NIGHTSIDE_CACHE": str(folder / "cache"),
            "NIGHTSIDE_HEALTH_LISTEN": f"127.0.0.1:{self.health}",
        }

    def watch(self, *more: str, clock_s: float = 0) -> AbstractAsyncContextManager[WatchProcess]:
        """The same command, each time, unless there are words more."""
        words = ("KP", "--source", "rrc00", "--webhook", self.hook.url, *more)
        return watching(self.folder, *words, clock_s=clock_s, **self.settings)

    async def say(self, what: Callable[[int], bytes], clock_s: float = 0) -> float:
        """All peers say so, now by the clock of the watch; when, by our clock."""
        now = time.time() + clock_s
        frames = (message_frame(what(n), host="rrc00", peer=p, asn=n, time_s=now) for p, n in PEERS.items())
        await self.live.say(*frames)
        return time.time()

    async def ready(self, watch: WatchProcess, clock_s: float = 0) -> None:
        """It hears everybody and sees."""
        deadline = time.monotonic() + 60
        async with httpx2.AsyncClient(trust_env=False) as client:
            while True:
                await self.say(elsewhere, clock_s)
                why = "nobody answers"
                with suppress(httpx2.TransportError):
                    answer = await client.get(f"http://127.0.0.1:{self.health}/readyz")
                    if answer.status_code == 200:
                        return
                    why = answer.text
                assert watch.process.returncode is None, watch.err
                assert time.monotonic() < deadline, (why, watch.err)
                await asyncio.sleep(0.2)

    def archive_has(self, begin: float, *said: tuple[float, Callable[[int], bytes]]) -> None:
        """By now it has all files since; in them all peers say this at these times, each a second after the other."""
        messages = [(at + i, p, what(n)) for at, what in said for i, (p, n) in enumerate(PEERS.items())]
        write_updates(self.folder / "ris", "rrc00", PEERS, messages, begin, time.time())

    async def told(self, watch: WatchProcess, kind: str, within_s: float = 20) -> Json:
        """The one message of this kind at the receiver, when the watch knows that it is taken.

        Who is killed before cannot know, and sends it again with the same key (test_live_killed.py)."""
        waiting = self.folder / "store" / "outbox"
        await watch.until(lambda: self.hook.told(kind) and not any(waiting.glob("*.json")), within_s)
        (message,) = self.hook.told(kind)
        return message

    def nothing_twice(self) -> None:
        """At the receiver, in the store, or of one and not of the other."""
        assert len(set(self.hook.keys)) == len(self.hook.keys)
        assert sorted(self.hook.keys) == sorted(m["key"] for _id, m in self.stored_messages())

    def stored(self) -> list[Json]:
        with open_store(self.folder / "store", read_only=True) as store:
            return list(store.incidents())

    def stored_messages(self) -> list[tuple[str, Json]]:
        with open_store(self.folder / "store", read_only=True) as store:
            return [(one["id"], m) for one in store.incidents() for m in store.messages(one["id"])]


@asynccontextmanager
async def scene(folder: Path, clock_s: float = 0) -> AsyncIterator[Scene]:
    """The archive is what it is at the first start."""
    write_archive(folder / "ris", "rrc00", PEERS, ROUTES, now_s=time.time() + clock_s)
    with archive_server(folder / "ris") as archive, receiver() as hook:
        async with RisLiveServer() as live:
            yield Scene(folder, archive.url, live, hook)


def seconds(text: str) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


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
            assert list((tmp_path / "store" / "outbox").glob("*.json")) == []

    asyncio.run(test())


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
