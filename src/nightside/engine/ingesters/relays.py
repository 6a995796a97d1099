"""The relays of all programs, as one source: piece by piece, in the order in which they were written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from io import BytesIO

from nightside.engine.ingesters.relay import told_by
from nightside.engine.live.journal import framed_in
from nightside.engine.live.relayed import Relayed
from nightside.sources.stream import Batch, Status
from nightside.store.files import Files

LOOK_EVERY_S = 0.3


class Relays:
    """A source; to be read once."""

    def __init__(
        self,
        files: Files,
        warn: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`warn` hears when the files cannot be read, and of each that is damaged."""
        self._files, self._warn, self._clock = files, warn, clock
        self._given: dict[str, int] = {}
        self._read_by: dict[str, dict[str, int]] = {}
        """By relay the collectors that it told of last, and the numbers of their leases."""
        self._failing = False
        self.read_until_s = 0.0
        """All that was written by then was given."""

    def go_on(self, entered: dict[str, int]) -> None:
        """Begin behind these pieces of each relay."""
        self._given = dict(entered)

    def from_now(self) -> dict[str, int]:
        """Begin behind all that there is; the last pieces of each relay. Raises OSError."""
        self._given = {}
        for _name, relay, number in self._pieces():
            self._given[relay] = max(number, self._given.get(relay, 0))
        return dict(self._given)

    async def values(self) -> AsyncGenerator[Relayed, None]:
        """For ever."""
        while True:
            asked_s = self._clock()
            try:
                for name, relay, number in await asyncio.to_thread(self._pieces):
                    if number <= self._given.get(relay, 0):
                        continue
                    piece = await asyncio.to_thread(self._piece, name, relay, number)
                    self._given[relay] = number
                    yield piece
            except OSError as error:
                if not self._failing:
                    self._warn(f"what others heard cannot be read: {error}: it is tried again")
                self._failing = True
            else:
                self.read_until_s, self._failing = asked_s, False
            await asyncio.sleep(LOOK_EVERY_S)

    def forget(self, entered: dict[str, int]) -> None:
        """Delete the pieces up to these numbers. Raises OSError."""
        for name, relay, number in self._pieces():
            if number <= entered.get(relay, 0):
                self._files.delete(name)

    def _pieces(self) -> list[tuple[str, str, int]]:
        """In the order in which they were written; those of one relay in their own."""
        found = [(told, name) for name in self._files.names() if (told := told_by(name))]
        return [(name, relay, number) for (_written, relay, number), name in sorted(found)]

    def _piece(self, name: str, relay: str, number: int) -> Relayed:
        piece = next(framed_in(BytesIO(self._files.read_bytes(name))), None)
        if not isinstance(piece, Relayed) or (piece.relay, piece.number) != (relay, number):
            self._warn(f"{name}: damaged: what it told is unknown")
            return self._unknown(name, relay, number)
        collectors = self._read_by.setdefault(relay, {})
        collectors |= {value.collector: lease for lease, value in piece.values}
        return piece

    def _unknown(self, name: str, relay: str, number: int) -> Relayed:
        """In place of a piece that cannot be read: what it may have told of is not known from then on."""
        written = told_by(name)
        assert written is not None
        at_s = written[0]
        values: list[tuple[int, Batch | Status]] = [
            (lease, Status(collector, False, "a part of what was heard is damaged", at_s))
            for collector, lease in self._read_by.get(relay, {}).items()
        ]
        return Relayed(relay, number, at_s, values)
