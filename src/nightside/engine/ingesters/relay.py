"""What one program hears, written down for the one that judges: small files, in order, each whole or not there.

A file's name has the time at which it was written, whose relay it is, and its number there: so the names of all relays,
sorted, are in the order in which time came. A relay that has nothing to say says so every other second: who hears
nothing from anybody knows then that nobody listened.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Self

from nightside.engine.live.journal import FIRST_LINE, framed
from nightside.engine.live.relayed import Relayed
from nightside.sources.stream import Batch, KeptColumns, Status, joined
from nightside.store.files import Files

WRITE_EVERY_S = 0.5
SIGN_EVERY_S = 2.0
MOST_ELEMENTS = 2_000_000
"""So many wait to be written, some 160 MB; then sources wait."""


class Relay:
    """A new relay, within an `async with`; at the end what is left is written."""

    def __init__(
        self,
        files: Files,
        name: str,
        warn: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`warn` hears when nothing can be written; it is tried again."""
        self.name = name
        self._files, self._warn, self._clock = files, warn, clock
        self._values: list[tuple[int, Batch | Status]] = []
        self._elements = 0
        self._number = self._last_ms = 0
        self.written_s = clock()
        """When something was written last."""
        self._unwritten: tuple[str, bytes] | None = None
        self._failing = False
        self._turn = asyncio.Lock()
        self._room = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    @property
    def pieces(self) -> int:
        """How many were written."""
        return self._number - (self._unwritten is not None)

    async def __aenter__(self) -> Self:
        self._writing = asyncio.create_task(self._write_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._writing is not None
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        await self.write()

    def put(self, lease_number: int, value: Batch | Status) -> None:
        """Have this told; the collector is read under the lease of this number."""
        self._values.append((lease_number, value))
        if isinstance(value, Batch):
            self._elements += value.columns.count

    async def room(self) -> None:
        """Wait until there is room for more."""
        while self._elements > MOST_ELEMENTS:
            self._room.clear()
            await self._room.wait()

    async def write(self) -> bool:
        """Write what there is, or a sign of life where one is due; False where that is not possible now."""
        async with self._turn:
            if self._unwritten is None:
                if not self._values and self._clock() - self.written_s < SIGN_EVERY_S:
                    return True
                values, self._values, self._elements = self._values, [], 0
                self._room.set()
                self._number += 1
                now_ms = max(int(self._clock() * 1000), self._last_ms)
                self._last_ms = now_ms
                # Lists of peers grow: each is as it is now.
                values = [(n, _as_now(value)) for n, value in values]
                piece = Relayed(self.name, self._number, now_ms / 1000, values)
                self._unwritten = (name_of(piece), await asyncio.to_thread(_bytes_of, piece))
            try:
                await asyncio.to_thread(self._files.write_bytes, *self._unwritten)
            except OSError as error:
                if not self._failing:
                    self._warn(f"what is heard cannot be handed on: {error}: it waits, and is tried again")
                self._failing = True
                return False
            self._unwritten, self.written_s = None, self._clock()
            if self._failing:
                self._warn("what is heard is handed on again")
            self._failing = False
            return True

    async def _write_for_ever(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()


class Piece(NamedTuple):
    """What the name of a piece says; these sort in the order of time."""

    written_s: float
    relay: str
    number: int
    name: str


def name_of(piece: Relayed) -> str:
    """The name of a piece's file."""
    return f"{round(piece.written_s * 1000):013d}-{piece.relay}-{piece.number:09d}"


def piece_of(name: str) -> Piece | None:
    """What a name says; None where it is no piece's."""
    written, _, rest = name.partition("-")
    relay, _, number = rest.rpartition("-")
    if not (written.isdigit() and relay and number.isdigit()):
        return None
    return Piece(int(written) / 1000, relay, int(number), name)


def _as_now(value: Batch | Status) -> Batch | Status:
    return replace(value, peers=list(value.peers)) if isinstance(value, Batch) else value


def _bytes_of(piece: Relayed) -> bytes:
    return FIRST_LINE + framed(replace(piece, values=_together(piece.values)))


def _together(values: list[tuple[int, Batch | Status]]) -> list[tuple[int, Batch | Status]]:
    """Batches of one collector that nothing stands between made one: its peers are named once then.

    The order of what is of different collectors says nothing.
    """
    parts: dict[tuple[str, int], list[list[Batch] | Status]] = {}
    for number, value in values:
        runs = parts.setdefault((value.collector, number), [])
        if isinstance(value, Status):
            runs.append(value)
        elif runs and isinstance(runs[-1], list):
            runs[-1].append(value)
        else:
            runs.append([value])
    return [
        (number, run if isinstance(run, Status) else _one(run))
        for (_collector, number), runs in parts.items()
        for run in runs
    ]


def _one(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    columns = [b.columns for b in batches]
    kept = [c for c in columns if isinstance(c, KeptColumns)]
    assert len(kept) == len(columns)
    # A list of peers only grows, so that the last is that of all.
    return replace(batches[-1], columns=joined(kept))
