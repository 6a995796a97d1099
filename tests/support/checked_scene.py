"""The whole scene: a country, who watches its routes, who checks it from three places, and one store for all of it.

Routes come over BMP to the daemon, which writes them into the store as it always does; what the places find is handed
in over HTTPS to `nightside serve --agents` in the office, over the same network as everything else.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from checked_country import (
    NETWORKS,
    NS1,
    NS2,
    OFFICE,
    PLACES,
    TARGETS,
    CheckedCountry,
    canary_file,
    checked_country,
    until,
)

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.recording import Recording
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.services import services_of
from nightside.engine.subjects import country_subjects
from nightside.engine.tokens import allow
from nightside.model.check_settings import CheckSettings
from nightside.model.services import Services
from nightside.model.settings import Settings
from nightside.sources.bmp import BmpListener
from nightside.store.location import open_store
from nightside.world.snapshot import load

ROUND_S = 0.98
"""And not a minute. A place's round is told in whole seconds, rounded up."""
PHASE_S = 0.8
APART_S = 1.5
"""After all is well: two outages that a word of a place outlasts would be one."""
LATE_S = 0.5
"""So late time comes to the daemon: the tests wait for it."""
SHORTER = 60
"""So many times, and all else with it: the answer counts in whole seconds."""
QUIET_S = 4
"""A table is whole after so much quiet, and not after 30 s: the daemon alone would take a third of the test's time."""
URL = f"https://{OFFICE}:8443"
SUPPORT = Path(__file__).parent


class Watching:
    """A daemon on the clock of the wall, in a thread of its own, that writes samples when it is asked to."""

    def __init__(self, store: Path) -> None:
        snapshot = load()
        settings = Settings(transfer_quiet_s=QUIET_S)
        self.watcher = Watcher(snapshot, country_subjects(snapshot, ["KP"]), settings)
        self.listener = BmpListener("0.0.0.0", 0)
        self._store, self._ready, self._over = store, threading.Event(), threading.Event()
        self._wanted, self._written = 0, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    async def _main(self) -> None:
        await self.listener.listen()
        self._ready.set()

        async def tell(_found: Found) -> None:
            return

        daemon = Daemon(self.watcher, [self.listener], tell, lateness_s=LATE_S, came=self._came)
        running = asyncio.create_task(daemon.run())
        while not self._over.is_set() and not running.done():
            await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def _came(self, watcher: Watcher) -> None:
        if self._wanted and watcher.until_s >= self._wanted:
            self._wanted = 0
            with open_store(self._store) as store:
                Recording(store).close(watcher)
            self._written.set()

    def __enter__(self) -> Watching:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(20)

    def units(self) -> int:
        courses = self.watcher.courses.all
        return next(iter(courses.values())).units[-1] if courses else -1

    def write(self, end: int) -> None:
        """All samples up to this second at least are in the store."""
        self._written.clear()
        self._wanted = end
        assert self._written.wait(20), f"the daemon comes to {self.watcher.until_s} and not to {end}"


def shorter() -> CheckSettings:
    """How results are judged: by the same numbers, at the pace of the scene."""
    usual = CheckSettings()
    return CheckSettings(
        slow_return_s=usual.slow_return_s // SHORTER, first_lead_s=usual.first_lead_s // SHORTER
    )


Key = tuple[str, str, str, str]
"""Place, kind, target and part."""
PARTS = [
    *(("dns", "kp", f"{server} {way}") for server in (NS1, NS2) for way in ("udp", "tcp")),
    ("smtp", "mail", ""),
    *(("http", name, "") for name in ("KCNA", "Rodong Sinmun", "Foreign ministry")),
    *(("icmp", name, "") for name in ("name server", "ministry's host")),
]
"""All that is checked but the path, which is looked at seldom."""


def _key(row: dict[str, Any]) -> Key:
    """Which part it is, from which place. Where no mail server is found, the result is of no part."""
    return row["place"], row["kind"], row["target"], row["part"] if row["kind"] == "dns" else ""


class Scene:
    """What the tests do with all of it."""

    def __init__(self, folder: Path, country: CheckedCountry, watching: Watching, stack: ExitStack) -> None:
        self.folder, self.store = folder, folder / "store"
        self.country, self.watching, self._stack = country, watching, stack
        self._calm_at = 0.0
        self.targets, self.canaries = folder / "KP.toml", folder / "canaries.toml"
        self.targets.write_text(TARGETS, encoding="utf-8")
        self.canaries.write_text(canary_file())
        self.keys: list[Key] = [(place, *part) for place in PLACES for part in PARTS]
        self.tokens = {place: allow(self.store, place, "checks") for place in PLACES}

    def environment(self, place: str) -> dict[str, str]:
        """Of a process at this place."""
        home = str(self.folder / place)
        bare = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTSIDE")}
        return bare | {
            "HOME": home,
            "XDG_DATA_HOME": home,
            "XDG_CONFIG_HOME": home,
            "SSL_CERT_FILE": str(self.country.authority.file),
            "NIGHTSIDE_AGENT_TOKEN": self.tokens.get(place, ""),
            "NIGHTSIDE_CHECK_CONTACT": "mailto:tests@example.org",
        }

    def serve(self) -> None:
        """`nightside serve --agents` in the office."""
        tls = self.country.authority.issue([OFFICE])
        process = self._process(
            "office",
            [
                *("-m", "nightside", "serve", "--agents", "--host", OFFICE, "--port", "8443"),
                *("--store", str(self.store)),
                *("--tls-cert", str(tls.certificate), "--tls-key", str(tls.key)),
            ],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == f"{URL}/\n".encode(), self.said("office")
        process.stdout.close()

    def start_agents(self) -> None:
        """One at each place, round after round."""
        for place in PLACES:
            words = [str(SUPPORT / "place_at.py"), str(self.targets), str(self.canaries), "127.0.0.1"]
            words += [str(ROUND_S), str(PHASE_S), URL, str(self.folder / place)]
            with (self.folder / f"{place}.out").open("wb") as begun:
                self._process(place, words, stdout=begun)

    def _process(self, where: str, words: list[str], stdout: int | IO[bytes]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{where}.err").open("wb") as said:
            process = subprocess.Popen(
                [*self.country.inside(where), sys.executable, *words],
                env=self.environment(where), stdin=subprocess.DEVNULL, stdout=stdout, stderr=said,
            )  # fmt: skip

        def end() -> None:
            process.kill()
            process.wait(10)

        self._stack.callback(end)
        return process

    def said(self, where: str) -> str:
        """Standard error of a process."""
        return (self.folder / f"{where}.err").read_text()

    def rows(self, begin: float, end: float | None = None, country: str = "KP") -> list[dict[str, Any]]:
        """Results in the store, as they were handed in."""
        with open_store(self.store, read_only=True) as store:
            rows: list[dict[str, Any]] = store.results(
                country, int(begin), int(end or time.time()) + 1
            ).to_pylist()
        return [row for row in rows if begin <= row["at"].timestamp() < (end or 1e12)]

    def after_rounds(self, number: int) -> None:
        """Wait until every place has begun and ended so many from now on, and no longer: of which some may be held
        back, and what was found may not be handed in yet."""
        due = [self._begun(place) + number + 1 for place in PLACES]
        until(
            lambda: all(self._begun(place) >= n for place, n in zip(PLACES, due, strict=True)),
            20 + number * ROUND_S,
            lambda: f"no {number} rounds: {[self.said(place)[-500:] for place in PLACES]}",
        )

    def _begun(self, place: str) -> int:
        return (self.folder / f"{place}.out").read_text().count("\n")

    def calm(self) -> float:
        """Wait until every place has found every part well, after the last that it did not, and it is all in the
        store; the moment by which that was so."""
        begun = end = time.time()
        missing: set[Key] = set()
        bad: list[dict[str, Any]] = []

        def well() -> bool:
            nonlocal end, missing, bad
            rows = [row for row in self.rows(begun) if row["kind"] != "trace"]
            bad = [row for row in rows if row["outcome"] != "ok"]
            since = max([begun, *(row["at"].timestamp() for row in bad)])
            first: dict[Key, float] = {}
            for row in rows:
                if row["at"].timestamp() > since:
                    first.setdefault(_key(row), row["at"].timestamp())
            missing = set(self.keys) - set(first)
            end = max(first.values(), default=begun)
            return not missing

        until(well, 30, lambda: f"never well: {bad[-10:]} {missing}")
        self._calm_at = time.time()
        return end

    def begin(self) -> float:
        """Now, or when all is well, and long enough after what an earlier test broke."""
        if time.time() > self._calm_at + 5:
            self.calm()
        time.sleep(max(0.0, self._calm_at + APART_S - time.time()))
        return time.time()

    def judged(self, begin: float, end: float) -> Services:
        """What the store says of this time, routes and services."""
        self.watching.write(int(end) + 1)
        with open_store(self.store, read_only=True) as store:
            found = services_of(store, "KP", int(begin), int(end) + 1, shorter())
        assert found is not None
        return found

    def units(self, begin: float, end: float) -> set[int | None]:
        """How many units were reachable within this time, as stored; None: nobody knows."""
        with open_store(self.store, read_only=True) as store:
            rows = store.samples("country", "KP", int(begin), int(end)).to_pylist()
        return {None if row["quality"] == "unknown" else row["units"] for row in rows}


@contextmanager
def checks_scene(folder: Path) -> Iterator[Scene]:
    """Runs within the block: routes seen whole, and every place has found everything well."""
    with ExitStack() as stack:
        watching = stack.enter_context(Watching(folder / "store"))
        country = stack.enter_context(checked_country(folder, [watching.listener.port]))
        scene = Scene(folder, country, watching, stack)
        scene.start_agents()
        scene.serve()
        until(lambda: watching.units() == len(NETWORKS), 40, lambda: "the country is never seen whole")
        scene.calm()
        yield scene
