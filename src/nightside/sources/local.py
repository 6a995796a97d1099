"""The bytes of one local file, unpacked, in pieces: never the whole file in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from nightside.model.errors import UnreadableError
from nightside.sources.packing import Packing, Unpacker, packing_of

PIECE_BYTES = 4 * 1024 * 1024
"""No piece is longer."""
SLICE_BYTES = 16 * 1024
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
        self._digest = hashlib.sha256()
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

    @property
    def sha256(self) -> str:
        """SHA-256 of the file itself, in hex. Reads what has not been read."""
        for _ in self._rest(PIECE_BYTES):
            pass
        return self._digest.hexdigest()

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
        self._digest.update(data)
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
                    piece = unpacker.decompress(data, PIECE_BYTES)
                    while piece:
                        yield piece
                        given += len(piece)
                        done = unpacker.eof or unpacker.needs_input
                        piece = b"" if done else unpacker.decompress(b"", PIECE_BYTES)
                except packing.errors as error:
                    slice_at = self.bytes_read - len(data)
                    self.truncated = f"the {packing.name} stream is broken behind byte {slice_at} ({error})"
                    yield self._saved(packing, stream_at, slice_at, data)[given:]
                    return
                if not unpacker.eof:
                    break
                data, unpacker = unpacker.unused_data, None
        if unpacker is not None:
            self.truncated = f"the {packing.name} stream is cut off at byte {self.bytes_read}"

    def _saved(self, packing: Packing, stream_at: int, slice_at: int, data: bytes) -> bytes:
        """What can be had of the slice in which a stream breaks: unpacked once more, at the end bytewise."""
        saved = bytearray()
        unpacker = packing.begin()
        # OSError: a pipe, which cannot be read twice.
        expected: tuple[type[Exception], ...] = (OSError, *packing.errors)
        try:
            for at in range(stream_at, slice_at, SLICE_BYTES):
                before = os.pread(self._descriptor, min(SLICE_BYTES, slice_at - at), at)
                unpacker.decompress(before, -1)
            for byte in data:
                saved += unpacker.decompress(bytes((byte,)), -1)
        except expected:
            pass
        return bytes(saved)


def open_pieces(path: Path) -> Pieces:
    """The unpacked bytes of a file. Raises UnreadableError for a directory, and for what cannot be opened."""
    return Pieces(path)
