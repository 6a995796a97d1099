"""The real program on RIS Live: the outage's message on its standard output, whatever else the stream holds."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import bgp_bytes as bgp
import pytest
from recent_archive import Route, write_archive
from ris_live_server import NONSENSE, RisLiveServer, message_frame
from watch_process import WatchProcess, watching

KP = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
PEERS = {f"192.0.2.{n}": 3000 + n for n in range(1, 6)}
ROUTES: list[Route] = [
    *((prefix, (4837, 131279)) for prefix in KP),
    *((f"11.{n}.0.0/16", (1299, 3356)) for n in range(200)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_archive(tmp_path / "ris", "rrc00", PEERS, ROUTES)
    return tmp_path


def says(message: bytes, peer: str, time_s: float | None = None) -> bytes:
    stamp = time.time() if time_s is None else time_s
    return message_frame(message, host="rrc00", peer=peer, asn=PEERS[peer], time_s=stamp)


def all_lose() -> list[bytes]:
    return [says(bgp.update(withdrawn=KP), peer) for peer in PEERS]


async def started(live: RisLiveServer, watch: WatchProcess) -> None:
    await live.until(asked=1)
    # As long as nobody is heard, nothing can be said of anybody: a message of each.
    await live.say(*(says(bgp.update(("11.0.0.0/16",), (asn, 1299, 3356)), p) for p, asn in PEERS.items()))
    await asyncio.sleep(3)
    assert watch.out == []


def started_with(folder: Path, live: RisLiveServer) -> AbstractAsyncContextManager[WatchProcess]:
    words = ("KP", "--source", str(folder / "ris"), "--source", "rrc00")
    return watching(folder, *words, NIGHTSIDE_RIS_LIVE_URL=live.url)


def seconds(text: str) -> int:
    return int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone)


def test_an_outage_on_the_stream_is_told_on_standard_output(folder: Path) -> None:
    async def test() -> None:
        async with RisLiveServer() as live, started_with(folder, live) as watch:
            await started(live, watch)
            assert [one["host"] for one in live.asked] == ["rrc00"]
            lost = int(time.time())
            await live.say(*all_lose())
            since = time.monotonic()
            await watch.until(lambda: watch.told("opened"), 20)
            took_s = time.monotonic() - since
            (opened,) = watch.out
            assert (opened["entity"]["code"], opened["severity"]) == ("KP", "total")
            assert lost <= seconds(opened["onset"]) <= lost + 2
            assert took_s <= 10
            assert opened["share"]["baseline_units"] == 4
            await live.say(*(says(bgp.update(KP, (n, 4837, 131279)), p) for p, n in PEERS.items()))
            await watch.until(lambda: watch.told("recovering"), 20)
            assert await watch.end() == 0

    asyncio.run(test())


def test_whatever_else_the_stream_holds(folder: Path) -> None:
    async def test() -> None:
        async with RisLiveServer() as live, started_with(folder, live) as watch:
            await started(live, watch)
            first, second, *rest = PEERS
            await live.say(*NONSENSE)
            await live.say(message_frame(bytes(19), host="rrc00", type="A NEW TYPE"))
            # Times that cannot be: these two lose it now, not in 1969 and not next year.
            await live.say(says(bgp.update(withdrawn=KP), first, -86400.0))
            await live.say(says(bgp.update(withdrawn=KP), second, time.time() + 30_000_000))
            await asyncio.sleep(3)
            assert watch.out == []
            huge = asyncio.create_task(live.say(b'"' + b"x" * 100_000_000 + b'"'))
            await live.until(connections=2, asked=2)
            await asyncio.gather(huge, return_exceptions=True)
            await started(live, watch)
            lost = time.time()
            await live.say(*(says(bgp.update(withdrawn=KP), peer) for peer in rest))
            await watch.until(lambda: watch.told("opened"), 20)
            (opened,) = watch.out
            assert opened["severity"] == "total"
            # That frame cost us sight for a moment: for five minutes what is lost may have been lost before.
            assert lost - 600 <= seconds(opened["onset"]) <= lost + 2
            for words in (
                "a frame that is no JSON",
                "an unknown type of message: A NEW TYPE",
                "a time before 1970",
                "a time in the future",
                "a frame is over the bound of 1048576 bytes",
            ):
                assert len(watch.said(words)) >= 1, words
            # Once of each kind and source, however many there were.
            assert len(watch.said("a frame that is no JSON")) == 1
            assert watch.most_memory_mib < 600
            assert await watch.end() == 0

    asyncio.run(test())
