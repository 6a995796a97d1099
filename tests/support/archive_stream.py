"""An archive's files played as a live stream, at the pace of a clock that runs as fast as it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from nightside.model.elements import Columns
from nightside.sources.layout import Found, InputFile, find_inputs
from nightside.sources.local import Pieces
from nightside.sources.stream import Batch, Status, kept
from nightside.wire.decoder import Decoder

TURNS = 4
"""So often others have a turn before time goes on: what is found is told by a task of its own."""


class PlayedClock:
    """It is as late as what is played says; waiting takes no time."""

    stood_still_since = None

    def __init__(self) -> None:
        self.now = self._told = 0.0
        self.ended = False
        self.is_idle = False
        """Whoever waits by this clock has taken all there was, and knows what time it is."""

    async def come(self, now_s: float) -> None:
        """Let this time come, when all that came before was taken, and what was found of it is told."""
        self.is_idle = False
        while not self.is_idle:
            await asyncio.sleep(0)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.now = max(self.now, now_s)

    def time(self) -> float:
        return self.now

    async def next(self, queue: asyncio.Queue[Batch | Status], within_s: float) -> Batch | Status | None:
        while queue.empty() and not self.ended and self.now == self._told:
            self.is_idle = True
            await asyncio.sleep(0)
        self._told = self.now
        return None if queue.empty() else queue.get_nowait()


def _columns(columns: Columns) -> dict[str, np.ndarray]:
    """All that has a value for each element."""
    values = ((name, getattr(columns, name)) for name in dir(columns) if name[0] != "_" and name != "paths")
    return {name: value for name, value in values if isinstance(value, np.ndarray)}


class ArchiveStream:
    """Updates of all collectors in the order of time, `step_s` seconds at a time; a missing file is silence.

    `tables` are read by whoever starts: this is what comes after. `step_s` may be a function of the time at which a
    file begins. `beyond_s` after the last of them time ends.
    """

    def __init__(
        self,
        archive: Path,
        clock: PlayedClock,
        *,
        step_s: int | Callable[[int], int] = 10,
        beyond_s: int = 60,
    ) -> None:
        self.found: Found = find_inputs([archive])
        self.clock, self.step_s, self.beyond_s = clock, step_s, beyond_s
        self.decoders: dict[str, Decoder] = {}

    def tables(self) -> list[InputFile]:
        first: dict[str, InputFile] = {}
        for file in self.found.files:
            if file.kind == "table":
                first.setdefault(file.collector, file)
        return list(first.values())

    def decoder(self, collector: str) -> Decoder:
        if collector not in self.decoders:
            self.decoders[collector] = Decoder()
        return self.decoders[collector]

    def read(self, file: InputFile) -> list[Columns]:
        decoder = self.decoder(file.collector)
        decoder.start(str(file.path))
        read = [kept(c) for piece in Pieces(file.path) for c in decoder.feed(piece)]
        return [*read, *(kept(c) for c in decoder.finish())]

    async def values(self) -> AsyncIterator[Batch | Status]:
        slots: dict[int, list[InputFile]] = {}
        for file in self.found.files:
            if file.kind == "updates" and file.nominal is not None:
                slots.setdefault(file.nominal, []).append(file)
        gaps = {c: self.found.gaps(c) for c in {f.collector for f in self.found.files}}
        for nominal in sorted(slots):
            step_s = self.step_s if isinstance(self.step_s, int) else self.step_s(nominal)
            waiting: list[tuple[int, str, Columns]] = []
            for file in slots[nominal]:
                for columns in self.read(file):
                    waiting += self._steps(file.collector, columns, step_s)
            for collector, missing in gaps.items():
                for begin, end in missing:
                    if begin == nominal:
                        yield Status(collector, False, "nothing comes", begin)
                    if end == nominal:
                        yield Status(collector, True, "it comes again", end)
            cadence = slots[nominal][0].cadence_s or 300
            by_step: dict[int, list[tuple[str, Columns]]] = {}
            for at, collector, columns in waiting:
                by_step.setdefault(at, []).append((collector, columns))
            for step in range(nominal, nominal + cadence, step_s):
                for collector, columns in by_step.get(step, ()):
                    peers = self.decoder(collector).peers
                    yield Batch(collector, peers, columns, self.clock.now)
                await self.clock.come(float(step + step_s))
        self.clock.now += self.beyond_s
        self.clock.ended = True

    @staticmethod
    def _steps(collector: str, columns: Columns, step_s: int) -> list[tuple[int, str, Columns]]:
        seconds = np.asarray(columns.time_us[: columns.count]) // 1_000_000
        step = np.maximum.accumulate(seconds // step_s * step_s)
        cuts = [0, *(np.flatnonzero(np.diff(step)) + 1).tolist(), columns.count]
        whole, paths = _columns(columns), columns.paths

        def cut(begin: int, end: int) -> Columns:
            part = {name: value[begin:end] for name, value in whole.items()}
            return SimpleNamespace(count=end - begin, paths=paths, **part)  # type: ignore[return-value]

        return [(int(step[a]), collector, cut(a, b)) for a, b in pairwise(cuts) if b > a]
