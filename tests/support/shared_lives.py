"""Lives of a judge, one process each, over what two programs have handed on: each takes over where one was killed.

    python shared_lives.py ARCHIVE TEMPLATE

Reads the archive's files once, and leaves in TEMPLATE what the programs share: a first state, and two relays. Then it
waits for lines `FOLDER WEBHOOK` on its standard input; FOLDER has a copy of the template. For each it forks a life,
prints its process number, waits for its end, and prints its status: 0 where it came to the end. Nothing else runs in
this process, so that forking is safe.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archive_stream import ArchiveStream, PlayedClock
from watch_lives import NEEDED, live_as_asked

from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.ingesters import judging
from nightside.engine.ingesters.holding import JUDGE, Holding
from nightside.engine.ingesters.judging import RELAY, STATE, judge
from nightside.engine.ingesters.relay import Relay
from nightside.engine.ingesters.relays import Relays
from nightside.engine.ingesters.shared_state import SharedState
from nightside.engine.live import beginning
from nightside.engine.live import daemon as daemons
from nightside.engine.live import judging as composing
from nightside.engine.live.asked import Asked
from nightside.engine.live.checkpoint import Checkpoint, names_of
from nightside.engine.live.daemon import Daemon
from nightside.engine.live.journal import Entered
from nightside.engine.live.place import Place, key_of, new_watcher
from nightside.engine.live.pulse import Pulse
from nightside.engine.logs import open_log
from nightside.model.instants import parse_iso
from nightside.sources.endpoints import read_endpoints
from nightside.sources.stream import Batch, Status
from nightside.store.files import Files, files_at
from nightside.store.location import open_store
from nightside.world.snapshot import load

# The second day's outage of December 2014: what comes before is known from a first state.
TABLES, BEGIN, END = (parse_iso(f"2014-12-23T{at}:00Z") for at in ("08:00", "15:30", "16:30"))
STEP_S = 10


def print_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Scene:
    """What all lives have in common."""

    def __init__(self, archive: Path) -> None:
        self.snapshot = load()
        self.asked = Asked(["KP"], [], [], None, None, False)
        self.stream = ArchiveStream(archive, PlayedClock(), step_s=STEP_S)
        self.stream.found.files[:] = [
            f
            for f in self.stream.found.files
            if f.nominal is not None and TABLES <= f.nominal < (TABLES + 1 if f.kind == "table" else END)
        ]

    async def leave_in(self, files: Files) -> None:
        """All that the judges find."""
        tables = [
            (t.collector, self.stream.decoder(t.collector).peers, self.stream.read(t))
            for t in self.stream.tables()
        ]
        values = await self._values()
        watcher = new_watcher(self.asked, self.snapshot)
        for collector, peers, batches in tables:
            for columns in batches:
                watcher.live.apply(collector, peers, columns)
            watcher.live.table_done(collector)
        daemon = Daemon(watcher, [], self._never)
        begun = Checkpoint(watcher, daemon.figures, [], float(TABLES))
        daemon.resume(begun, [Entered(at_s, value) for at_s, value in values if at_s <= BEGIN])
        key = key_of(self.asked, watcher)
        with TemporaryDirectory() as folder:
            kept = SharedState(
                files.child(STATE), Path(folder), 0, key, names_of(watcher), print_error, is_mine=lambda: True
            )
            kept.begin(Checkpoint(watcher, daemon.figures, daemon.telling.waiting, float(BEGIN)))()
        for name, mine in (("one", 0), ("two", 1)):
            rest = [v for v in values if v[0] > BEGIN and sum(v[1].collector.encode()) % 2 == mine]
            await self._relay(files.child(RELAY), name, rest, mine / 2)

    async def _never(self, _found: object) -> None:
        raise AssertionError("it is not run")

    async def _values(self) -> list[tuple[float, Batch | Status]]:
        """Each with when it was heard: when its ten seconds began, so that none is late."""
        clock = self.stream.clock
        found: list[tuple[float, Batch | Status]] = []

        async def record() -> None:
            async for value in self.stream.values():
                found.append((clock.now, value))

        playing = asyncio.create_task(record())
        queue: asyncio.Queue[Any] = asyncio.Queue()
        while not playing.done():
            await clock.next(queue, 1)
        return found

    async def _relay(
        self, files: Files, name: str, values: list[tuple[float, Batch | Status]], later_s: float
    ) -> None:
        now = float(BEGIN)
        relay = Relay(files, name, print_error, clock=lambda: now)
        for step in range(BEGIN, END + 1, STEP_S):
            now = step + later_s
            while values and values[0][0] <= step:
                relay.put(1, values.pop(0)[1])
            assert await relay.write()

    async def live(self, folder: Path, webhook: str) -> None:
        """From what the last one left to the end."""
        log = open_log()
        with open_store(folder / "store") as store:
            holding = Holding(store, f"life {os.getpid()}", log.warn)
            # As if the time of the one before were over already.
            lease = store.take_lease(JUDGE, holding.holder, 1e-6)
            assert lease is not None
            known: list[Pulse | None] = []
            channels = [webhook_channel(webhook, None)]
            place = Place(self.asked, read_endpoints(), self.snapshot, store, folder, channels, log)
            async with holding:
                shared = files_at(folder / "shared")
                work = judge(place, shared, holding, lease, lambda _told: None, {}, known.append)
                judging_ = asyncio.create_task(work)
                while not judging_.done() and not _is_through(known):
                    await asyncio.sleep(0.02)
                judging_.cancel()
                with suppress(asyncio.CancelledError):
                    await judging_


def _is_through(known: list[Pulse | None]) -> bool:
    if not known or known[0] is None:
        return False
    now = known[0].vitals()
    waiting = sum(channel.waiting for channel in now.channels)
    return (now.judged_s or 0) >= END - STEP_S and not now.untold and not waiting and now.starting is None


def _as_if_then() -> None:
    """What was written down in 2014 is of use, time ends with the input, no archive is asked; states are frequent."""
    beginning.STALE_S = float("inf")  # type: ignore[assignment]
    judging.Relays = partial(Relays, clock=lambda: float(END))  # type: ignore[misc,assignment]
    composing._others = lambda _judge: []
    daemons.STATE_EVERY_S = judging.FORGET_EVERY_S = 0.3


def main(archive: str, template: str) -> None:
    _as_if_then()
    for module in NEEDED:
        importlib.import_module(module)
    scene = Scene(Path(archive))
    pid = os.fork()
    if pid == 0:
        # Threads that write files are another's.
        asyncio.run(scene.leave_in(files_at(Path(template) / "shared")))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    print("ready", flush=True)
    live_as_asked(scene.live)


if __name__ == "__main__":
    main(*sys.argv[1:])
