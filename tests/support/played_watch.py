"""An archive watched as if live into a store, in a thread of its own, that stops at any time of its clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archive_stream import ArchiveStream, PlayedClock

from nightside.engine.live.daemon import Daemon
from nightside.engine.live.outlets import Outlets
from nightside.engine.live.recording import Recording
from nightside.engine.live.watcher import Found, Watcher
from nightside.engine.subjects import country_subjects
from nightside.sources.stream import Batch, Status
from nightside.store.location import open_store
from nightside.store.protocol import Store
from nightside.world.snapshot import load

PATIENCE_S = 200.0
LATENESS_S = 2


class _StoppingClock(PlayedClock):
    """A played clock that stands still from a given time on, and while anything is told.

    On every turn it lets the recording come.
    """

    def __init__(self, watch: PlayedWatch) -> None:
        super().__init__()
        self._watch = watch

    async def next(self, queue: asyncio.Queue[Batch | Status], within_s: float) -> Batch | Status | None:
        value = await super().next(queue, within_s)
        await self._watch.turn(self.now)
        return value


class PlayedWatch:
    """`to(second)` plays until then; `finish()` the rest."""

    def __init__(
        self, archive: Path, store: Path, countries: list[str], *, step_s: int | Callable[[int], int] = 60
    ) -> None:
        snapshot = load()
        self.watcher = Watcher(snapshot, country_subjects(snapshot, countries))
        self.told: list[tuple[float, Found]] = []
        """What was found, and when by the clock it was told."""
        self._folder = store
        self._clock = _StoppingClock(self)
        # So much later than its input the stream ends: what is known ends with the input.
        self._stream = ArchiveStream(archive, self._clock, step_s=step_s, beyond_s=LATENESS_S)
        for table in self._stream.tables():
            for columns in self._stream.read(table):
                self.watcher.live.apply(table.collector, self._stream.decoder(table.collector).peers, columns)
            self.watcher.live.table_done(table.collector)
        self._stop_at = 0.0
        self._standing, self._go = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def to(self, second: float) -> None:
        """Play until this second is over; then everything that is due is stored."""
        self._stop_at = second + LATENESS_S + 2
        self._standing.clear()
        self._go.set()
        assert self._standing.wait(PATIENCE_S), "it never came there"
        if self._error:
            raise self._error

    def finish(self) -> None:
        """Play the rest."""
        self.to(float("inf"))
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            with open_store(self._folder) as store:
                asyncio.run(self._watch(store))
        except BaseException as error:  # whoever waits for it raises it
            self._error = error
        self._standing.set()

    async def _watch(self, store: Store) -> None:
        self.recording = Recording(store)
        outlets = Outlets(store, None, lambda _line: None)

        async def tell(found: Found) -> None:
            self.told.append((self._clock.time(), found))
            await outlets.tell(found)
            incident = found.incident
            stored = store.incidents(
                codes=[incident.entity.code], begin=incident.began, end=incident.began + 1
            )
            for one in stored:
                self.recording.note(found, one["id"])

        self.daemon = Daemon(self.watcher, [self._stream], tell, clock=self._clock, lateness_s=LATENESS_S)
        await self.daemon.run()
        for found in self.watcher.finish():
            await tell(found)
        self.recording.close(self.watcher)

    async def turn(self, now: float) -> None:
        while self.daemon.telling.waiting:
            await asyncio.sleep(0)
        self.recording.come(self.watcher)
        if now < self._stop_at:
            return
        self.recording.settle(wait=True)
        self.recording.come(self.watcher)
        self.recording.settle(wait=True)
        self._go.clear()
        self._standing.set()
        # Not in a thread: a test that fails leaves nobody waiting.
        while not self._go.is_set():
            await asyncio.sleep(0.01)


def answer(site: str, path: str) -> Any:
    """What the API says."""
    import httpx2

    got = httpx2.get(f"{site}/api/1/{path}", timeout=20)
    assert got.status_code == 200, got.text
    return got.json()
