"""Lives of a daemon, one process each, over one replayed stream: each goes on where the one before was killed.

    python watch_lives.py ARCHIVE FROM TO

Reads the archive's files from FROM to TO (seconds) as a stream once, then waits for lines `STORE WEBHOOK` on its
standard input. For each it forks a life, prints its process number, waits for its end, and prints its status: 0 where
the stream was played to its end and everything was told. Nothing else runs in this process, so that forking is safe.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import traceback
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from archive_stream import ArchiveStream, PlayedClock

from nightside.engine.channels.configuration import webhook_channel
from nightside.engine.channels.outbox import Outbox
from nightside.engine.channels.spool import SPOOL
from nightside.engine.live import daemon as daemons
from nightside.engine.live.checkpoint import names_of
from nightside.engine.live.daemon import Daemon
from nightside.engine.live.kept_state import FOLDER, KeptState
from nightside.engine.live.outlets import Outlets
from nightside.engine.live.watcher import Watcher
from nightside.engine.subjects import country_subjects
from nightside.sources.stream import Batch, Status
from nightside.store.location import open_store
from nightside.world.snapshot import load

STEP_S = 10
STATE_EVERY_S = 0.3
"""So often a state is begun, by the clock on the wall: in the middle of every other life."""
NEEDED = ("anyio._backends._asyncio", "httpx2", "httpcore2", "nightside.store.embedded", "numpy.ma")
"""What a life would load when it first needs it: loaded before the first, so that a kill meets it at its work."""
Values = list[tuple[float, Batch | Status | None]]


class Replayed:
    """Recorded values from one of them on, each at its time."""

    def __init__(self, values: Values, clock: PlayedClock) -> None:
        self._values, self._clock = values, clock
        self.begin = 0

    async def values(self) -> AsyncGenerator[Batch | Status, None]:
        """Those that are left."""
        for now_s, value in self._values[self.begin :]:
            if now_s > self._clock.now:
                await self._clock.come(now_s)
            if value is not None:
                yield value
        self._clock.ended = True


class Scene:
    """What all lives have in common."""

    def __init__(self, archive: Path, begin: int, end: int) -> None:
        self.snapshot = load()
        self.subjects = country_subjects(self.snapshot, ["KP"])
        clock = PlayedClock()
        self.stream = ArchiveStream(archive, clock, step_s=STEP_S)
        self.stream.found.files[:] = [
            f
            for f in self.stream.found.files
            if f.nominal is not None and begin <= f.nominal < (begin + 1 if f.kind == "table" else end)
        ]
        self.tables = [
            (t.collector, self.stream.decoder(t.collector).peers, self.stream.read(t))
            for t in self.stream.tables()
        ]
        self.values: Values = asyncio.run(self._recorded(clock))

    async def _recorded(self, clock: PlayedClock) -> Values:
        found: Values = []

        async def record() -> None:
            async for value in self.stream.values():
                found.append((clock.now, value))

        playing = asyncio.create_task(record())
        queue: asyncio.Queue[Batch | Status] = asyncio.Queue()
        while not playing.done():
            await clock.next(queue, 1)
            found.append((clock.now, None))
        # Time goes on until all is told that is due later.
        last = clock.now
        return [*found, *((last + s, None) for s in range(60, 7 * 3600, 60))]

    def watcher(self) -> Watcher:
        return Watcher(self.snapshot, self.subjects)

    async def live(self, store_folder: Path, webhook: str) -> None:
        """From the last state to the end of the stream."""
        watcher = self.watcher()
        kept = KeptState(store_folder / FOLDER, "test", names_of(watcher), print_error)
        recovered = kept.recover()
        with open_store(store_folder) as store:
            outbox = Outbox(store_folder / SPOOL, [webhook_channel(webhook, None)], wait=soon)
            clock = PlayedClock()
            source = Replayed(self.values, clock)
            daemon = Daemon(
                watcher,
                [source],
                Outlets(store, outbox, lambda _told: None).tell,
                kept=kept,
                clock=clock,
                warn=print_error,
            )
            if recovered is None:
                for collector, peers, batches in self.tables:
                    for columns in batches:
                        watcher.live.apply(collector, peers, columns)
                    watcher.live.table_done(collector)
            else:
                daemon.resume(recovered.state, recovered.since)
                clock.now = daemon.entered_at_s
                source.begin = self._behind(daemon.figures.batches + daemon.figures.statuses)
            daemon.begin()
            delivery = asyncio.create_task(outbox.run())
            await daemon.run()
            while outbox.deliveries[0].waiting:
                await asyncio.sleep(0.005)
            delivery.cancel()

    def _behind(self, entered: int) -> int:
        """The place in the stream behind so many of its values."""
        for place, (_now_s, value) in enumerate(self.values):
            if entered == 0:
                return place
            entered -= value is not None
        return len(self.values)


def soon() -> Iterator[float]:
    """Hardly a pause."""
    while True:
        yield 0.02


def print_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def live_as_asked(live: Callable[[Path, str], Coroutine[Any, Any, None]]) -> None:
    """For each line `FOLDER WEBHOOK` fork a life, print its process number, and at its end its status."""
    for line in sys.stdin:
        folder, webhook = line.split()
        pid = os.fork()
        if pid == 0:
            try:
                asyncio.run(live(Path(folder), webhook))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


def main(archive: str, begin: str, end: str) -> None:
    daemons.STATE_EVERY_S = STATE_EVERY_S
    for module in NEEDED:
        importlib.import_module(module)
    scene = Scene(Path(archive), int(begin), int(end))
    print("ready", len(scene.values), flush=True)
    live_as_asked(scene.live)


if __name__ == "__main__":
    main(*sys.argv[1:])
