"""Files that may be packed, through the pieces; held against the standard library's unpacking."""

from __future__ import annotations

import bz2
import os
import zlib
from pathlib import Path

from fuzz.rules import must, same

from nightside.sources.local import PIECE_BYTES, Pieces
from nightside.sources.packing import packing_of

MOST_BYTES = 32 * 1024 * 1024
"""Of what is unpacked, so much is looked at."""


def standard(content: bytes, name: str) -> tuple[bytes, bool]:
    """What the standard library unpacks of a file of one or several streams; and whether it found nothing wrong."""
    found = bytearray()
    while content and len(found) < MOST_BYTES:
        unpacker = zlib.decompressobj(31) if name == "gzip" else bz2.BZ2Decompressor()
        try:
            # Byte by byte what can be had before an error is had; in slices, since that is slow.
            for at in range(0, len(content), 16):
                found += unpacker.decompress(content[at : at + 16])
                if unpacker.eof:
                    break
        except (zlib.error, OSError):
            return bytes(found), False
        if not unpacker.eof:
            return bytes(found), False
        content = (unpacker.unused_data + content[at + 16 :]).lstrip(b"\0")
        if content and content[0] != (0x1F if name == "gzip" else 0x42):
            return bytes(found), False
    return bytes(found), True


def enter(content: bytes) -> None:
    """All rules for one file."""
    descriptor = os.memfd_create("fuzz")
    try:
        os.write(descriptor, content)
        pieces = Pieces(Path(f"/proc/self/fd/{descriptor}"))
        found = bytearray()
        for piece in pieces:
            must(0 <= len(piece) <= PIECE_BYTES, "a piece of", len(piece), "bytes")
            found += piece
            if len(found) > MOST_BYTES:
                pieces.close()
                return
        truncated = pieces.truncated
        read = pieces.bytes_read
    finally:
        os.close(descriptor)
    packing = packing_of(content[:16384])
    if packing is None:
        same(bytes(found), content, "a file that is not packed")
        must(truncated is None, truncated)
        return
    must(read <= len(content), "bytes read", read, "of", len(content))
    theirs, sound = standard(content, packing.name)
    if sound:
        same((len(found), truncated), (len(theirs), None), "sound, by the standard library")
        must(found == theirs, "other bytes than the standard library's")
    # Where a stream is broken, one may see it a little sooner than the other.
    shorter = min(len(found), len(theirs))
    must(found[:shorter] == theirs[:shorter], "other bytes than the standard library's")
    if not sound and truncated is None:
        must(False, "the standard library finds it broken behind", len(theirs), "bytes; nothing is told")
    if not sound and "cut off" in (truncated or ""):
        must(
            len(found) >= len(theirs),
            len(found),
            "bytes before the cut, and the standard library has",
            len(theirs),
        )
