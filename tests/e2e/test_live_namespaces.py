"""Real routers, real links, cut for real: a country of four networks, two transits, three observers that send BMP."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import network_namespaces
import pytest
from free_port import free_port
from network_namespaces import Net, net
from watch_process import call
from webhook_receiver import Receiver, receiver

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.incidents.messages import Message
from nightside.model.instants import parse_iso
from nightside.model.settings import Settings
from nightside.sources.bmp import BmpListener
from nightside.store.location import open_store
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

    def known(self) -> int:
        """How many peer ASes are known."""
        view = self.watcher.view
        return view[-1].known if view else 0

    def told(self, kind: str) -> list[tuple[float, Message, Found]]:
        return [h for h in self.heard if h[1].kind == kind]


def until(what: Callable[[], bool], within_s: float, why: str) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


class Program:
    """`nightside watch KP --source bmp` as a process of its own, on the same routers."""

    def __init__(self, folder: Path, hook: Receiver) -> None:
        self.folder, self.port, self.health = folder, free_port("0.0.0.0"), free_port()
        self.command, self.env = call(
            folder,
            *("KP", "--source", "bmp", "--webhook", hook.url),
            NIGHTSIDE_BMP_LISTEN=f"0.0.0.0:{self.port}",
            NIGHTSIDE_HEALTH_LISTEN=f"127.0.0.1:{self.health}",
        )

    def __enter__(self) -> Program:
        with (self.folder / "said").open("wb") as said:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdout=subprocess.DEVNULL, stderr=said
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)

    def is_ready(self) -> bool:
        """Whether its `/readyz` says 200."""
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{self.health}/readyz", trust_env=False).status_code == 200
        return False

    def stored(self) -> list[dict[str, Any]]:
        with open_store(self.folder / "store", read_only=True) as store:
            return list(store.incidents())

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def build(scene: Net, ports: Sequence[int]) -> None:
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
        scene.run(observer, bmp=[(address, port) for port in ports])
    scene.run("west")
    scene.run("east")
    scene.run("home", announces=NETWORKS)


def test_cut_one_cut_both_and_mend(tmp_path: Path, measured: Callable[[str], None]) -> None:
    with (
        receiver() as hook,
        Watching() as watching,
        Program(tmp_path, hook) as program,
        net(tmp_path) as scene,
    ):
        build(scene, [watching.listener.port, program.port])
        until(lambda: watching.units() == 4, 90, "the country is never seen whole")
        # Sessions come up in any order, and whoever is heard first makes the country whole alone.
        until(lambda: watching.known() == 2, 90, "not both transits are heard")
        until(program.is_ready, 30, "the program is not ready")
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
        until(lambda: bool(watching.told("opened") and hook.got), 40, "no message of the outage")
        lost = east.seconds(down, home_of_east, cut)[0]
        opened_at, opened, _found = watching.told("opened")[0]
        time.sleep(8)
        mended = scene.mend("home", "east")
        until(lambda: bool(watching.told("restored")), 60, "no message of the restoration")
        until(lambda: bool(hook.told("recovering")), 20, "the program tells of no return")
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

        # The program itself told the same to its receiver and its store.
        (heard_at, first), (_at, recovering) = hook.got
        measured(f"loss in the router's log to the webhook of the program {heard_at - lost:.1f} s")
        assert (first["kind"], first["severity"]) == ("opened", "total")
        assert recovering["kind"] == "recovering"
        assert heard_at - lost <= 10
        assert program.is_ready()
        assert program.end() == 0
        (incident,) = program.stored()
        (episode,) = [e for e in incident["episodes"] if e["severity"] == "total"]
        assert (incident["entity"]["code"], episode["onset"]) == ("KP", first["onset"])
        assert abs(parse_iso(episode["onset"]) - lost) <= 2
        assert abs(parse_iso(recovering["end"]) - up) <= 2
        assert [n["prefix"] for n in incident["networks"]] == NETWORKS


def held_at(steps: list[tuple[int, float | None]], second: float) -> float | None:
    return [share for at, share in steps if at <= second][-1]
