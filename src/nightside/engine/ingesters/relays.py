"""The relays of all programs, as one source: piece by piece, in the order in which they were written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from copy import deepcopy
from io import BytesIO

from nightside.engine.ingesters.relay import told_by
from nightside.engine.live.journal import framed_in
from nightside.engine.live.relayed import Positions, Relayed
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
        self._positions = Positions()
        self._failing = False
        self.read_until_s = 0.0
        """All that was written by then was given."""

    def go_on(self, positions: Positions) -> None:
        """Begin behind what was entered."""
        self._positions = deepcopy(positions)

    def from_now(self) -> Positions:
        """Begin behind all that there is; what is passed over so. Raises OSError."""
        self._positions = Positions()
        for _name, relay, number in self._pieces():
            self._positions.entered[relay] = max(number, self._positions.entered.get(relay, 0))
        return deepcopy(self._positions)

    async def values(self) -> AsyncGenerator[Relayed, None]:
        """For ever."""
        while True:
            asked_s = self._clock()
            try:
                for name, relay, number in await asyncio.to_thread(self._pieces):
                    before = self._positions.entered.get(relay)
                    if before is not None and number <= before:
                        continue
                    if before is not None and number > before + 1:
                        self._warn(f"{relay}: pieces before {number} are gone: what they told is unknown")
                        yield self._entered(_unknown(name, relay, number - 1, self._positions))
                    yield self._entered(await asyncio.to_thread(self._piece, name, relay, number))
            except OSError as error:
                if not self._failing:
                    self._warn(f"what others heard cannot be read: {error}: it is tried again")
                self._failing = True
            else:
                self.read_until_s, self._failing = asked_s, False
            await asyncio.sleep(LOOK_EVERY_S)

    def forget(self, entered: dict[str, int]) -> set[str]:
        """Delete the pieces up to these numbers; the relays that have others. Raises OSError."""
        left = set()
        for name, relay, number in self._pieces():
            if number <= entered.get(relay, 0):
                self._files.delete(name)
            else:
                left.add(relay)
        return left

    def _entered(self, piece: Relayed) -> Relayed:
        for _value in self._positions.take(piece):
            """It is entered as a whole."""
        return piece

    def _pieces(self) -> list[tuple[str, str, int]]:
        """In the order in which they were written; those of one relay in their own."""
        found = [(told, name) for name in self._files.names() if (told := told_by(name))]
        return [(name, relay, number) for (_written, relay, number), name in sorted(found)]

    def _piece(self, name: str, relay: str, number: int) -> Relayed:
        piece = next(framed_in(BytesIO(self._files.read_bytes(name))), None)
        if not isinstance(piece, Relayed) or (piece.relay, piece.number) != (relay, number):
            self._warn(f"{name}: damaged: what it told is unknown")
            return _unknown(name, relay, number, self._positions)
        return piece


def _unknown(name: str, relay: str, number: int, positions: Positions) -> Relayed:
    """In place of a piece that cannot be read: what it may have told of is not known from then on."""
    told = told_by(name)
    assert told is not None
    values: list[tuple[int, Batch | Status]] = [
        (lease, Status(collector, False, "a part of what was heard is lost", told[0]))
        for collector, lease in sorted(positions.leases.items())
        if positions.relays.get(collector) == relay
    ]
    return Relayed(relay, number, told[0], values)
