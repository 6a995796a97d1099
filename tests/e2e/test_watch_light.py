"""A few countries on a small line: little comes, little memory is taken, and a silent filter is no outage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import bgp_bytes as bgp
import pytest
from archive_server import ArchiveServer, Fault, archive_server
from recent_archive import Route, write_archive
from ris_live_server import RisLiveServer, message_frame, state_frame
from watch_process import WatchProcess, watching

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.light import light_subscriptions, light_watcher, verdict
from nightside.engine.live.starting import start_from
from nightside.engine.live.watcher import Found
from nightside.model.incident import Provenance
from nightside.sources.beacons import Canary
from nightside.sources.ris_live import RisLive
from nightside.world.snapshot import load

VERDICT_WITHIN_S = 120
MOST_MEMORY_MIB = 200
PREFIXES = 100_000
KP = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
BEACON, ANCHOR = "84.205.70.0/24", "84.205.86.0/24"
FULL = {f"192.0.2.{n}": 3000 + n for n in range(1, 8)}
PART = {"192.0.2.99": 64999}
PEERS = FULL | PART


@dataclass(frozen=True)
class Archive:
    root: Path
    table: str
    table_bytes: int


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    root = tmp_path_factory.mktemp("ris")
    routes: list[Route] = [(prefix, (4837, 131279)) for prefix in KP]
    routes += [(BEACON, (2497, 12654)), (ANCHOR, (2497, 12654))]
    # 11.0.0.0 to 12.134.159.0.
    routes += [
        (f"{11 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24", (1299 + n % 40, 20000 + n % 977))
        for n in range(PREFIXES)
    ]
    write_archive(root, "rrc06", PEERS, routes, without=dict.fromkeys(PART, 5000))
    (table,) = root.rglob("bview.*")
    return Archive(root, f"{table.parent.name}/{table.name}", table.stat().st_size)


@pytest.fixture
def served(archive: Archive) -> Iterator[ArchiveServer]:
    with archive_server(archive.root) as server:
        yield server


def places(served: ArchiveServer, live: RisLiveServer, folder: Path) -> dict[str, str]:
    return {
        "NIGHTSIDE_RIS_LIVE_URL": live.url,
        "NIGHTSIDE_RIS_ARCHIVE_URL": served.url,
        "NIGHTSIDE_BROKER_URL": f"{served.url}/broker",
        "NIGHTSIDE_CACHE": str(folder / "cache"),
    }


def says(message: bytes, peer: str) -> bytes:
    return message_frame(message, host="rrc06", peer=peer, asn=PEERS[peer], time_s=time.time())


def announced(prefix: str, peer: str) -> bytes:
    path = (2497, 12654) if prefix.startswith("84.") else (4837, 131279)
    return says(bgp.update((prefix,), (PEERS[peer], *path)), peer)


def elsewhere(count: int) -> list[bytes]:
    """What the rest of the world says."""
    peers = list(FULL)
    return [
        says(bgp.update((f"11.{n >> 8 & 255}.{n & 255}.0/24",), (PEERS[peer], 1299 + n % 50, 3356)), peer)
        for n, peer in ((n, peers[n % len(peers)]) for n in range(count))
    ]


def test_first_verdict_memory_traffic_and_the_outage(
    served: ArchiveServer, archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test() -> None:
        async with RisLiveServer(filters=True) as live:
            async with watching(tmp_path, "KP", "--light", **places(served, live, tmp_path)) as watch:
                within_s = await watch.until(lambda: watch.said("4 units reachable"), VERDICT_WITHIN_S)
                assert watch.said("by 7 of 7 full-feed peer ASes")
                await live.until(asked=5)
                assert {one["host"] for one in live.asked} == {"rrc06"}
                assert [one.get("prefix") for one in live.asked] == [
                    "175.45.176.0/22",
                    "84.205.64.0/19",
                    "93.175.144.0/20",
                    "2001:7fb::/32",
                    None,
                ]
                await loss(live, watch)
                memory = watch.most_memory_mib
                assert await watch.end() == 0
            with capsys.disabled():
                print(
                    f"\nfirst verdict after {within_s:.1f} s from a table of {archive.table_bytes / 1e6:.1f} MB; "
                    f"at most {memory:.0f} MiB; {live.sent_bytes} of {live.said_bytes} bytes of the stream received"
                )
            assert within_s <= VERDICT_WITHIN_S
            assert memory <= MOST_MEMORY_MIB
            assert live.sent_bytes < 0.05 * live.said_bytes

    asyncio.run(test())


async def loss(live: RisLiveServer, watch: WatchProcess) -> None:
    """The rest of the world talks, and withdraws; so does one peer of North Korea; then all do."""
    first, *others = FULL
    await live.say(*elsewhere(5000))
    await live.say(*(announced(BEACON, peer) for peer in FULL))
    await live.say(*(says(bgp.update(withdrawn=(f"11.0.{n}.0/24",)), p) for n in range(100) for p in FULL))
    await live.say(says(bgp.update(withdrawn=KP), first))
    await asyncio.sleep(5)
    assert watch.out == []
    lost = int(time.time())
    await live.say(*(says(bgp.update(withdrawn=KP), peer) for peer in others))
    await watch.until(lambda: watch.told("opened"), 15)
    (opened,) = watch.told("opened")
    assert opened["entity"]["code"] == "KP"
    assert opened["severity"] == "total"
    assert lost <= to_seconds(opened["onset"]) <= lost + 2


def to_seconds(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def test_a_line_too_slow_for_the_table_is_told_so(
    served: ArchiveServer, archive: Archive, tmp_path: Path
) -> None:
    # It would take five minutes.
    rate = archive.table_bytes // 300
    served.always[f"/rrc06/{archive.table}"] = Fault(bytes_per_s=rate)
    # The folder's page says how large the files are.
    served.broker_until = 0

    async def test() -> None:
        async with (
            RisLiveServer(filters=True) as live,
            watching(tmp_path, "KP", "--light", **places(served, live, tmp_path)) as watch,
        ):
            await watch.until(lambda: watch.said("too slow for a verdict within two minutes"), 60)
            (told,) = watch.said("too slow for a verdict within two minutes")
            minutes = int(told.split("about ")[1].split()[0])
            assert 3 <= minutes <= 7
            assert watch.said("KiB/s: about")
            assert not watch.said("reachable")
            assert watch.out == []

    asyncio.run(test())


@dataclass
class Daemonized:
    """A light watch within this process, whose canary is less patient."""

    daemon: Daemon
    live: RisLiveServer
    found: list[Found]
    warned: list[str]

    async def until(self, condition: Callable[[], object], within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.02)

    def known(self) -> tuple[int, int, bool]:
        step = self.daemon.watcher.view[-1]
        return step.known, step.expected, step.unknown


def test_beacons_that_stop_make_the_peers_unknown_and_no_outage(archive: Archive) -> None:
    patience_s = 4.0

    async def scene(it: Daemonized) -> None:
        live = it.live
        await it.until(lambda: it.daemon.watcher.view and it.known() == (7, 7, False))
        assert verdict(it.daemon.watcher)[0].startswith("North Korea: 4 units reachable by 7 of 7")
        for _ in range(6):
            # Quiet but for the canary: that is no silence.
            await live.say(*(announced(BEACON, peer) for peer in FULL))
            await asyncio.sleep(patience_s / 4)
        assert it.known() == (7, 7, False)
        assert it.warned == []
        # From now on nothing passes but the states of sessions.
        live.asked.clear()
        for _ in range(6):
            await live.say(
                state_frame("connected", host="rrc06", peer="192.0.2.77", asn=77, time_s=time.time())
            )
            await asyncio.sleep(patience_s / 4)
        await it.until(lambda: it.known()[2])
        (warning,) = it.warned
        assert "rrc06: not heard, its peers are unknown: no RIS beacon for 4 s" in warning
        assert "asked for anew" in warning
        await live.until(asked=5)
        # A filter that is broken may let through what it likes: it is not believed.
        await live.say(*(says(bgp.update(withdrawn=KP), peer) for peer in FULL))
        await asyncio.sleep(4)
        assert it.found == []
        assert it.known() == (0, 7, True)
        await live.say(*(announced(BEACON, peer) for peer in FULL))
        await it.until(lambda: not it.known()[2])
        assert "heard again" in it.warned[-1]
        # What was lost meanwhile is heard of when it is next told.
        await live.say(*(announced(KP[0], peer) for peer in FULL))
        await asyncio.sleep(4)
        assert it.found == []

    asyncio.run(daemonized(archive, patience_s, scene))


async def daemonized(archive: Archive, patience_s: float, scene: Callable) -> None:  # type: ignore[type-arg]
    snapshot = load()
    warned: list[str] = []
    watcher = light_watcher(snapshot, ["KP"], Provenance([], None, "", False, None))
    start_from(watcher, [archive.root], warned.append)
    found: list[Found] = []

    async def tell(one: Found) -> None:
        found.append(one)

    async with RisLiveServer(filters=True) as live:
        source = RisLive(
            live.url, light_subscriptions(snapshot, ["KP"], ["rrc06"]), canary=Canary(patience_s)
        )
        daemon = Daemon(watcher, [source], tell, warn=warned.append)
        running = asyncio.create_task(daemon.run())
        try:
            await scene(Daemonized(daemon, live, found, warned))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
