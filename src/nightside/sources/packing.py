"""gzip (RFC 1952, by isal) and bzip2 streams: told by their first bytes, unpacked with one interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

GZIP_MAGIC = b"\x1f\x8b\x08"
BZIP2_MAGIC = b"BZh"
BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
"""The begin of a block, and the end of a stream without any. `BZh1` alone is also a time in 2005."""


class Unpacker(Protocol):
    """One stream, as the standard library's BZ2Decompressor does it."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether all that could be unpacked has been handed out."""

    @property
    def unused_data(self) -> bytes:
        """What came behind the stream's end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take packed bytes, give at most so many unpacked ones."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How a file is packed."""

    name: str
    first: bytes
    """The first byte of every stream."""
    begin: Callable[[], Unpacker]
    errors: tuple[type[Exception], ...]
    """What a broken stream raises."""


def _gzip() -> Packing:
    from isal import igzip_lib

    from nightside.sources.gzip_stream import BrokenHeaderError, GzipStream

    broken: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # its stub says: an instance
    return Packing("gzip", GZIP_MAGIC[:1], GzipStream, (broken, BrokenHeaderError))


def _bzip2() -> Packing:
    import bz2

    return Packing("bzip2", BZIP2_MAGIC[:1], bz2.BZ2Decompressor, (OSError,))


def packing_of(head: bytes) -> Packing | None:
    """What a file with these first bytes (ten, where it has as many) is packed with; None: nothing."""
    if head and head[:3] == GZIP_MAGIC[: len(head)]:
        return _gzip()
    if (
        head
        and head[:3] == BZIP2_MAGIC[: len(head)]
        and head[3:4] in (b"", *(b"%d" % level for level in range(1, 10)))
        and any(magic.startswith(head[4:10]) for magic in BZIP2_BLOCKS)
    ):
        return _bzip2()
    return None
