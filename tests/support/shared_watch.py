"""A place that several programs watch together: four collectors, their archive, their streams, and a receiver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from archive_server import archive_server
from free_port import free_port
from recent_archive import write_archive
from ris_live_server import RisLiveServer, message_frame
from watch_process import WatchProcess, watching
from watch_scene import ROUTES, elsewhere
from webhook_receiver import Receiver, receiver

from nightside.store.location import location_of, open_store

Json = dict[str, Any]
COLLECTORS = ("rrc00", "rrc01", "rrc03", "rrc04")
PEERS = {
    name: {f"192.0.{2 + i}.{n}": 3000 + 10 * i + n for n in range(1, 4)} for i, name in enumerate(COLLECTORS)
}


@dataclass
class Program:
    """One that runs, and where it says how it is."""

    watch: WatchProcess
    health: str

    async def said(self, path: str) -> tuple[int, Json]:
        """What it answers there; 0 where it does not."""
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            with suppress(httpx2.HTTPError):
                answer = await client.get(f"http://{self.health}{path}")
                return answer.status_code, answer.json()
        return 0, {}

    async def hears(self) -> list[str]:
        return sorted(one["name"] for one in (await self.said("/readyz"))[1].get("collectors", ()))


class SharedScene:
    """That place."""

    def __init__(
        self, folder: Path, archive: str, live: RisLiveServer, hook: Receiver, store: str | None
    ) -> None:
        self.folder, self.live, self.hook = folder, live, hook
        self.store = store or str(folder / "store")
        self.settings = {
            "NIGHTSIDE_RIS_LIVE_URL": live.url,
            "NIGHTSIDE_RIS_ARCHIVE_URL": archive,
            "NIGHTSIDE_BROKER_URL": f"{archive}/broker",
            "NIGHTSIDE_CACHE": str(folder / "cache"),
        }

    @asynccontextmanager
    async def program(self, *more: str, alone: Path | None = None) -> AsyncIterator[Program]:
        """One of the programs; with `alone` a watch that shares with nobody, in that folder."""
        health = f"127.0.0.1:{free_port()}"
        sources = [word for name in COLLECTORS for word in ("--source", name)]
        told = () if alone else ("--share", "--webhook", self.hook.url)
        settings = self.settings | {"NIGHTSIDE_HEALTH_LISTEN": health}
        store = str(alone / "store") if alone else self.store
        async with watching(
            alone or self.folder, "KP", *sources, *told, *more, store=store, **settings
        ) as watch:
            yield Program(watch, health)

    @asynccontextmanager
    async def programs(self, count: int) -> AsyncIterator[list[Program]]:
        """So many, begun one after the other, when they have shared out the collectors; the first one judges."""
        async with AsyncExitStack() as stack:
            running: list[Program] = []
            for _ in range(count):
                running.append(await stack.enter_async_context(self.program()))
                await running[-1].watch.until(lambda: running[0].watch.said("this program judges"))
            await self.ready(running[0])
            await self.until(lambda: self.shares() == [len(COLLECTORS) // count] * count, "evenly shared")
            yield running

    async def say(self, what: Callable[[int], bytes]) -> float:
        """All peers of all collectors say so; at which time by their own clocks."""
        now = time.time()
        await self.live.say(
            *(
                message_frame(what(asn), host=name, peer=peer, asn=asn, time_s=now)
                for name, peers in PEERS.items()
                for peer, asn in peers.items()
            )
        )
        return now

    async def ready(self, program: Program, within_s: float = 60) -> None:
        """It judges, hears of all collectors, and sees."""
        deadline = time.monotonic() + within_s
        while True:
            await self.say(elsewhere)
            status, said = await program.said("/readyz")
            up = [one["name"] for one in said.get("collectors", ()) if one["up"]]
            if status == 200 and up == list(COLLECTORS) and said["judged_until"] is not None:
                return
            assert program.watch.process.returncode is None, program.watch.err
            assert time.monotonic() < deadline, (said, program.watch.err)
            await asyncio.sleep(0.3)

    async def until(self, condition: Callable[[], object], what: str, within_s: float = 30) -> float:
        """Wait until this holds, while peers speak of something else; how long it took."""
        begun = time.monotonic()
        while not condition():
            assert time.monotonic() < begun + within_s, f"not {what} within {within_s:g} s"
            await asyncio.sleep(0.1)
        return time.monotonic() - begun

    # -- what the store says ------------------------------------------------------------------------

    def readers(self) -> dict[str, str]:
        """By collector who reads it."""
        with open_store(location_of(self.store), read_only=True) as store:
            return {
                lease.name.removeprefix("collector "): lease.holder for lease in store.leases("collector ")
            }

    def shares(self) -> list[int]:
        """How many collectors each program reads that reads any."""
        readers = list(self.readers().values())
        return sorted(readers.count(one) for one in set(readers)) if len(readers) == len(COLLECTORS) else []

    def judge(self) -> str | None:
        """Who judges."""
        with open_store(location_of(self.store), read_only=True) as store:
            return next((lease.holder for lease in store.leases("judge")), None)

    def read_beside(self, holder: str | None) -> list[str]:
        """The collectors that others than this one read."""
        return [name for name, reader in self.readers().items() if reader != holder]

    def stored(self, folder: Path | None = None) -> list[Json]:
        """The incidents, each with all its messages."""
        where = folder / "store" if folder else location_of(self.store)
        with open_store(where, read_only=True) as store:
            return [one | {"messages": store.messages(one["id"])} for one in store.incidents()]


@asynccontextmanager
async def shared_scene(folder: Path, store: str | None = None) -> AsyncIterator[SharedScene]:
    """The archive is what it is now. The store is in the folder, unless given."""
    for name, peers in PEERS.items():
        write_archive(folder / "ris", name, peers, ROUTES)
    with archive_server(folder / "ris") as archive, receiver() as hook:
        async with RisLiveServer(filters=True) as live:
            yield SharedScene(folder, archive.url, live, hook, store)


def times(stored: Json) -> Iterator[tuple[Any, ...]]:
    """What an incident and its messages say of when."""
    yield stored["entity"]["code"], stored["severity"], stored["onset"], stored["end"], stored["status"]
    for message in stored["messages"]:
        yield message["kind"], message["severity"], message["onset"], message["end"], message["key"]
