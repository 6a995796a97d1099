"""The bytes that attribute blocks stand in, kept while the columns that point to them are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from nightside.model.elements import Columns, Peer, Skip
from nightside.wire.communities import community_text
from nightside.wire.decoder import Decoder

MOST_BYTES = 1 << 26
"""So many bytes are kept. A batch is smaller by far, unless nearly nothing in a file makes an element."""
AT_ONCE = 8192
"""Elements in a batch."""


class BlockReader:
    """A decoder that keeps the bytes of the batch at hand, as a `Reader` of files."""

    def __init__(self) -> None:
        self._decoder = Decoder(AT_ONCE)
        self._kept = bytearray()
        self._offset = 0
        """Where in the file what is kept begins."""

    def start(self, name: str = "") -> None:
        """A new file begins."""
        self._kept, self._offset = bytearray(), 0
        self._decoder.start(name)

    def feed(self, piece: bytes) -> Iterator[Columns]:
        """Its next bytes."""
        if len(self._kept) > MOST_BYTES:
            self._forget(self._offset + len(self._kept) - MOST_BYTES)
        self._kept += piece
        for columns in self._decoder.feed(piece):
            yield columns
            self._forget(int(columns.record_offset[columns.count - 1]))

    def finish(self) -> Iterator[Columns]:
        """It ends."""
        yield from self._decoder.finish()

    @property
    def peers(self) -> list[Peer]:
        """Of all files so far."""
        return self._decoder.peers

    @property
    def skipped(self) -> list[Skip]:
        """What could not be used."""
        return self._decoder.skipped

    @property
    def records(self) -> int:
        """How many records the file has."""
        return self._decoder.records

    @property
    def truncated(self) -> bool:
        """Whether it ended inside a record."""
        return self._decoder.truncated

    def communities(self, columns: Columns) -> pa.ListArray:
        """The communities of each element of the batch at hand, null where it has no attributes."""
        n = columns.count
        offset, length = columns.attr_offset[:n], columns.attr_length[:n].astype(np.int64)
        there = (offset >= self._offset) & (offset + length <= self._offset + len(self._kept))
        # Elements of one message stand beside each other and share their block.
        new = there & np.append(True, (offset[1:] != offset[:-1]) | ~there[:-1])[:n]
        starts, lengths = offset[new] - self._offset, length[new]
        lists, texts, utf8 = community_text(self._kept, starts, lengths)
        strings = pa.StringArray.from_buffers(len(texts) - 1, pa.py_buffer(texts), pa.py_buffer(utf8))
        of_blocks = pa.ListArray.from_arrays(pa.array(lists), strings)
        return of_blocks.take(pa.array(np.maximum(np.cumsum(new) - 1, 0), mask=~there))

    def _forget(self, before: int) -> None:
        """What stands before this offset is needed no more."""
        drop: Any = max(0, before - self._offset)
        del self._kept[:drop]
        self._offset += drop
