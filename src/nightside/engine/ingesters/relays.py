"""The relays of all programs, as one source: piece by piece, in the order in which they were written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from copy import deepcopy
from io import BytesIO

from nightside.engine.ingesters.relay import Piece, piece_of
from nightside.engine.live.journal import framed_in
from nightside.engine.live.relayed import Positions, Relayed
from nightside.sources.stream import Batch, Status
from nightside.store.files import Files

LOOK_EVERY_S = 0.3
READ_AT_ONCE = 8


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
        for one in self._pieces():
            self._positions.entered[one.relay] = max(one.number, self._positions.entered.get(one.relay, 0))
        return deepcopy(self._positions)

    async def values(self) -> AsyncGenerator[Relayed, None]:
        """For ever."""
        while True:
            asked_s = self._clock()
            try:
                new = [one for one in await asyncio.to_thread(self._pieces) if not self._was_given(one)]
                for some in (new[i : i + READ_AT_ONCE] for i in range(0, len(new), READ_AT_ONCE)):
                    pieces = await asyncio.gather(*(asyncio.to_thread(self._piece, one) for one in some))
                    for one, piece in zip(some, pieces, strict=True):
                        for told in self._in_place(one, piece):
                            yield told
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
        for one in self._pieces():
            if one.number <= entered.get(one.relay, 0):
                self._files.delete(one.name)
            else:
                left.add(one.relay)
        return left

    def _was_given(self, one: Piece) -> bool:
        return one.number <= self._positions.entered.get(one.relay, 0)

    def _in_place(self, one: Piece, piece: Relayed | None) -> Iterator[Relayed]:
        """A piece, behind what stands for those that are missing before it; None is one that is damaged."""
        before = self._positions.entered.get(one.relay, one.number - 1)
        if one.number > before + 1:
            self._warn(f"{one.relay}: pieces before {one.number} are gone: what they told is unknown")
            yield self._noted(self._unknown(one, one.number - 1))
        if piece is None:
            self._warn(f"{one.name}: damaged: what it told is unknown")
        yield self._noted(piece or self._unknown(one, one.number))

    def _noted(self, piece: Relayed) -> Relayed:
        for _value in self._positions.take(piece):
            """It is entered as a whole."""
        return piece

    def _unknown(self, one: Piece, number: int) -> Relayed:
        """What a piece may have told of is not known from then on."""
        values: list[tuple[int, Batch | Status]] = [
            (lease, Status(collector, False, "a part of what was heard is lost", one.written_s))
            for collector, lease in sorted(self._positions.leases.items())
            if self._positions.relays.get(collector) == one.relay
        ]
        return Relayed(one.relay, number, one.written_s, values)

    def _pieces(self) -> list[Piece]:
        """In the order in which they were written; those of one relay in their own."""
        return sorted(piece for name in self._files.names() if (piece := piece_of(name)))

    def _piece(self, one: Piece) -> Relayed | None:
        piece = next(framed_in(BytesIO(self._files.read_bytes(one.name))), None)
        if not isinstance(piece, Relayed) or (piece.relay, piece.number) != (one.relay, one.number):
            return None
        return piece
