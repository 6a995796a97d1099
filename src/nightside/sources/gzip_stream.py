"""One gzip stream (RFC 1952): the header is read here, what is packed by isal.

isal 1.8 loses its place in a header with an extra field and a name or a comment where it comes in several pieces.
"""

from __future__ import annotations

from collections.abc import Generator
from zlib import crc32

from isal import igzip_lib

MAGIC = b"\x1f\x8b\x08"
"""Of gzip, and of the one method of packing that there is."""
FIXED_BYTES = 10
# Section 2.3.1: which fields follow. The lowest bit, FTEXT, adds none.
FHCRC = 2
FEXTRA = 4
FNAME = 8
FCOMMENT = 16
RESERVED = 0xE0


class BrokenHeaderError(ValueError):
    """What should be the header of a gzip stream is none."""


class GzipStream:
    """As `sources.packing.Unpacker`. Raises BrokenHeaderError, or isal's own error for what stands behind."""

    def __init__(self) -> None:
        self._header: _Header | None = _Header()
        self._unpacker = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP_NO_HDR_VER)

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._unpacker.eof

    @property
    def needs_input(self) -> bool:
        """Whether all that could be unpacked has been handed out."""
        return self._header is not None or self._unpacker.needs_input

    @property
    def unused_data(self) -> bytes:
        """What came behind the stream's end."""
        return self._unpacker.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take packed bytes, give at most so many unpacked ones."""
        if self._header is not None:
            if not self._header.take(data):
                return b""
            data, self._header = self._header.rest, None
            if not data:
                return b""
        return self._unpacker.decompress(data, max_length)


class _Header:
    """The header as its bytes come. Of no field more is kept than it takes to check it."""

    def __init__(self) -> None:
        self.rest = b""
        self._crc = 0
        self._reading = self._read()
        next(self._reading)

    def take(self, data: bytes) -> bool:
        """The next bytes; whether the header has ended. `rest` is then what stands behind it."""
        self.rest = data
        return next(self._reading, True)

    def _read(self) -> Generator[bool, None, None]:
        """Goes on whenever there are bytes in `rest`."""
        yield False
        fixed = yield from self._field(FIXED_BYTES)
        flags = fixed[3]
        if not fixed.startswith(MAGIC) or flags & RESERVED:
            raise BrokenHeaderError("no gzip header")
        if flags & FEXTRA:
            size = yield from self._field(2)
            yield from self._field(int.from_bytes(size, "little"))
        for text in (FNAME, FCOMMENT):
            if flags & text:
                yield from self._text()
        if flags & FHCRC:
            expected = self._crc & 0xFFFF
            told = yield from self._field(2)
            if int.from_bytes(told, "little") != expected:
                raise BrokenHeaderError("the checksum of its header is wrong")

    def _field(self, size: int) -> Generator[bool, None, bytes]:
        """The next so many bytes."""
        field = b""
        while True:
            part = self.rest[: size - len(field)]
            self.rest = self.rest[len(part) :]
            self._crc = crc32(part, self._crc)
            field += part
            if len(field) == size:
                return field
            yield False

    def _text(self) -> Generator[bool, None, None]:
        """Bytes up to a zero."""
        while True:
            part, zero, self.rest = self.rest.partition(b"\0")
            self._crc = crc32(part + zero, self._crc)
            if zero:
                return
            yield False
