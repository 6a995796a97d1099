"""A place to watch: its archive, its stream and the receiver of its messages, and one watch there after the other."""

from __future__ import annotations

import asyncio
import calendar
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import bgp_bytes as bgp
import httpx2
from archive_server import archive_server
from free_port import free_port
from recent_archive import Route, write_archive, write_updates
from ris_live_server import RisLiveServer, message_frame
from watch_process import WatchProcess, watching
from webhook_receiver import Receiver, receiver

from nightside.engine.channels.journal_lines import waiting_in
from nightside.store.location import location_of, open_store

Json = dict[str, Any]
KP = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
PEERS = {f"192.0.2.{n}": 3000 + n for n in range(1, 6)}
ROUTES: list[Route] = [
    *((prefix, (4837, 131279)) for prefix in KP),
    *((f"11.{n}.0.0/16", (1299, 3356)) for n in range(200)),
]
GOES_ON = "going on from where the last watch was"


def gone(_asn: int) -> bytes:
    return bgp.update(withdrawn=KP)


def back(asn: int) -> bytes:
    return bgp.update(KP, (asn, 4837, 131279))


def elsewhere(asn: int) -> bytes:
    return bgp.update(("11.0.0.0/16",), (asn, 1299, 3356))


class Scene:
    """That place. Peers, networks and the country are those of this file."""

    def __init__(self, folder: Path, archive: str, live: RisLiveServer, hook: Receiver) -> None:
        self.folder, self.live, self.hook = folder, live, hook
        self.store = str(folder / "store")
        """As `--store` takes it."""
        self.kept = folder / "store"
        """The folder of what the watch keeps beside it."""
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
        return watching(self.folder, *words, clock_s=clock_s, store=self.store, **self.settings)

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
        waiting = self.kept / "outbox"
        await watch.until(lambda: self.hook.told(kind) and not waiting_in(waiting), within_s)
        (message,) = self.hook.told(kind)
        return message

    def nothing_twice(self) -> None:
        """At the receiver, in the store, or of one and not of the other."""
        assert len(set(self.hook.keys)) == len(self.hook.keys)
        assert sorted(self.hook.keys) == sorted(m["key"] for _id, m in self.stored_messages())

    def stored(self) -> list[Json]:
        with open_store(location_of(self.store), read_only=True) as store:
            return list(store.incidents())

    def stored_messages(self) -> list[tuple[str, Json]]:
        with open_store(location_of(self.store), read_only=True) as store:
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
