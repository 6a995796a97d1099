"""The bytes of one local file, unpacked, in pieces: never the whole file in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nightside.model.errors import UnreadableError
from nightside.sources.packing import Packing, Unpacker, packing_of

PIECE_BYTES = 128 * 1024
"""No piece is longer. Of this size it is decoded while it is still in the processor's cache, and the memory of one
is used again for the next; a larger piece comes as fresh pages from the system, whose first touch costs more."""
SLICE_BYTES = 64 * 1024
"""Packed bytes unpacked at a time."""


class Pieces:
    """Iterate once over the unpacked bytes of a file. Raises UnreadableError where it cannot be read.

    A packed stream that is cut off or broken gives everything up to there, then ends; `truncated` says so.
    """

    truncated: str | None
    """Why the unpacked bytes are not all there; None where they are, or as far as is known yet."""
    bytes_read: int
    """Bytes of the file itself so far, packed as it may be: what a progress bar counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.truncated = None
        self.bytes_read = 0
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
            self._head = self._read(SLICE_BYTES)
        except OSError as error:
            self.close()
            raise self._unreadable(error) from None

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; what has not been read stays unread."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __iter__(self) -> Iterator[bytes]:
        packing = packing_of(self._head)
        if packing is None:
            yield from self._rest(PIECE_BYTES)
        else:
            yield from self._unpacked(packing)

    def _unreadable(self, error: OSError) -> UnreadableError:
        advice = "Give files of routing data, or folders in an archive's layout."
        return UnreadableError(f"cannot be read: {error.strerror}", where=str(self.path), advice=advice)

    def _read(self, size: int) -> bytes:
        data = os.read(self._descriptor, size)
        self.bytes_read += len(data)
        return data

    def _rest(self, size: int) -> Iterator[bytes]:
        """The bytes of the file itself that have not been handed out."""
        try:
            if self._head:
                data, self._head = self._head, b""
                yield data
            while self._descriptor >= 0 and (data := self._read(size)):
                yield data
        except OSError as error:
            raise self._unreadable(error) from None
        self.close()

    def _unpacked(self, packing: Packing) -> Iterator[bytes]:
        """The content of one packed stream after the other; a file may hold several."""
        unpacker: Unpacker | None = packing.begin()
        stream_at = 0
        for data in self._rest(SLICE_BYTES):
            while data:
                if unpacker is None:
                    data = data.lstrip(b"\0")  # padding to whole blocks
                    if not data:
                        break
                    stream_at = self.bytes_read - len(data)
                    if not data.startswith(packing.first):
                        self.truncated = (
                            f"what stands at byte {stream_at}, behind the {packing.name} stream, is none"
                        )
                        return
                    unpacker = packing.begin()
                given = 0
                try:
                    for piece in _all_of(unpacker, data):
                        yield piece
                        given += len(piece)
                except packing.errors as error:
                    slice_at = self.bytes_read - len(data)
                    self.truncated = f"the {packing.name} stream is broken behind byte {slice_at} ({error})"
                    yield from self._saved(packing, stream_at, slice_at, data, given)
                    return
                if not unpacker.eof:
                    break
                data, unpacker = unpacker.unused_data, None
        if unpacker is not None:
            self.truncated = f"the {packing.name} stream is cut off at byte {self.bytes_read}"

    def _saved(
        self, packing: Packing, stream_at: int, slice_at: int, data: bytes, given: int
    ) -> Iterator[bytes]:
        """What can be had of the slice in which a stream breaks, but the first `given` bytes, which are out already.

        The stream is unpacked once more up to the slice, and the slice bytewise.
        """
        unpacker = packing.begin()
        # OSError: a pipe, which cannot be read twice.
        expected: tuple[type[Exception], ...] = (OSError, *packing.errors)
        try:
            for at in range(stream_at, slice_at, SLICE_BYTES):
                before = os.pread(self._descriptor, min(SLICE_BYTES, slice_at - at), at)
                for _ in _all_of(unpacker, before):
                    pass
            for byte in data:
                for piece in _all_of(unpacker, bytes((byte,))):
                    if len(piece) > given:
                        yield piece[given:]
                    given = max(0, given - len(piece))
        except expected:
            pass


def _all_of(unpacker: Unpacker, data: bytes) -> Iterator[bytes]:
    """All that these bytes unpack to, piece by piece."""
    piece = unpacker.decompress(data, PIECE_BYTES)
    while piece:
        yield piece
        done = unpacker.eof or unpacker.needs_input
        piece = b"" if done else unpacker.decompress(b"", PIECE_BYTES)


class HashedPieces(Pieces):
    """Pieces of a file whose SHA-256 is wanted too: it costs more than to unpack the file."""

    def __init__(self, path: Path) -> None:
        import hashlib

        self._digest = hashlib.sha256()
        super().__init__(path)

    @property
    def sha256(self) -> str:
        """SHA-256 of the file itself, in hex. Reads what has not been read."""
        for _ in self._rest(PIECE_BYTES):
            pass
        return self._digest.hexdigest()

    def _read(self, size: int) -> bytes:
        data = super()._read(size)
        self._digest.update(data)
        return data


def open_pieces(path: Path) -> Pieces:
    """The unpacked bytes of a file. Raises UnreadableError for a directory, and for what cannot be opened."""
    return Pieces(path)


def open_hashed(path: Path) -> HashedPieces:
    """As `open_pieces`, and tells the file's SHA-256."""
    return HashedPieces(path)
