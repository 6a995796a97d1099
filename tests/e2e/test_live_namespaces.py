"""Real routers, real links, cut for real: a country of four networks, two transits, three observers that send BMP."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import network_namespaces
import pytest
from network_namespaces import Net, net

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.incidents.messages import Message
from nightside.model.settings import Settings
from nightside.sources.bmp import BmpListener
from nightside.world.snapshot import load

HOME, WEST, EAST = 131279, 4837, 20485
NETWORKS = [f"175.45.{n}.0/24" for n in (176, 177, 178, 179)]
WHY = network_namespaces.missing()
pytestmark = [pytest.mark.skipif(WHY is not None, reason=str(WHY)), pytest.mark.xdist_group("timed")]
# As by default, but an end counts after these seconds: the test cannot wait for ten minutes.
CONFIRMED_S = 6


class Watching:
    """A daemon on the clock of the wall, in a thread of its own."""

    def __init__(self) -> None:
        snapshot = load()
        settings = Settings(end_confirmed_s=CONFIRMED_S)
        self.watcher = Watcher(snapshot, country_subjects(snapshot, ["KP"]), settings)
        self.heard: list[tuple[float, Message, Found]] = []
        self.listener = BmpListener("0.0.0.0", 0)
        self.ready, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    async def _main(self) -> None:
        await self.listener.listen()
        self.ready.set()

        async def tell(found: Found) -> None:
            self.heard.extend((time.time(), m, found) for m in found.new)

        running = asyncio.create_task(Daemon(self.watcher, [self.listener], tell).run())
        while not self.over.is_set() and not running.done():
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def __enter__(self) -> Watching:
        self.thread.start()
        assert self.ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join(20)

    def units(self) -> int:
        courses = self.watcher.courses.all
        return next(iter(courses.values())).units[-1] if courses else -1

    def told(self, kind: str) -> list[tuple[float, Message, Found]]:
        return [h for h in self.heard if h[1].kind == kind]


def until(what: Callable[[], bool], within_s: float, why: str) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


def build(scene: Net, port: int) -> None:
    scene.router("home", HOME)
    scene.router("west", WEST)
    scene.router("east", EAST)
    for name, asn in (("one", 3356), ("two", 1299), ("three", 174)):
        scene.router(name, asn)
    scene.link("home", "west")
    scene.link("home", "east")
    outside = {}
    for observer in ("one", "two", "three"):
        scene.link("west", observer)
        scene.link("east", observer)
        outside[observer] = scene.outside(observer)
    for observer, address in outside.items():
        scene.run(observer, bmp=(address, port))
    scene.run("west")
    scene.run("east")
    scene.run("home", announces=NETWORKS)


def test_cut_one_cut_both_and_mend(tmp_path: Path, measured: Callable[[str], None]) -> None:
    with Watching() as watching, net(tmp_path) as scene:
        build(scene, watching.listener.port)
        until(lambda: watching.units() == 4, 90, "the country is never seen whole")
        time.sleep(5)
        shifted = scene.cut("home", "west")
        down = "Peer Down"
        west, east = scene.routers["west"], scene.routers["east"]
        home_of_west, home_of_east = west.links[0][1], east.links[0][1]
        until(lambda: bool(west.seconds(down, home_of_west, shifted)), 20, west.log.read_text()[-2000:])
        time.sleep(5)
        assert watching.units() == 4
        assert not watching.heard
        cut = scene.cut("home", "east")
        until(lambda: bool(watching.told("opened")), 40, "no message of the outage")
        lost = east.seconds(down, home_of_east, cut)[0]
        opened_at, opened, _found = watching.told("opened")[0]
        time.sleep(8)
        mended = scene.mend("home", "east")
        until(lambda: bool(watching.told("restored")), 60, "no message of the restoration")
        up = east.seconds("Peer Up", home_of_east, mended)[0]
        _at, restored, found = watching.told("restored")[0]
        measured(
            f"cut to onset {opened.onset - cut:.1f} s, loss in the router's log to onset "
            f"{opened.onset - lost:.1f} s, to message {opened_at - lost:.1f} s; link up to end "
            f"{(restored.end or 0) - mended:.1f} s, session up to end {(restored.end or 0) - up:.1f} s"
        )
        assert opened.severity == "total"
        assert abs(opened.onset - lost) <= 2
        assert opened_at - lost <= 10
        assert restored.end is not None
        assert abs(restored.end - up) <= 2
        assert restored.onset == opened.onset
        assert [n.prefix for n in found.incident.networks] == NETWORKS
        # The shift: half of all (AS, network) pairs went by either; from the cut of one on all by the other.
        east_share = next(u.steps for u in found.series.upstreams if u.asn == EAST)
        assert held_at(east_share, shifted) == 0.5
        assert held_at(east_share, cut) == 1.0
        begun = next(at for at, share in east_share if at > shifted and share == 1.0)
        assert abs(begun - west.seconds(down, home_of_west, shifted)[0]) <= 2


def held_at(steps: list[tuple[int, float | None]], second: float) -> float | None:
    return [share for at, share in steps if at <= second][-1]
