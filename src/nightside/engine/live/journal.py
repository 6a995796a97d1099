"""What went into the daemon, written down before it is taken, so that it can be taken again.

One file: a first line, then entries. Each entry has its length, its CRC-32, and its bytes; the first that is cut off
or damaged ends what can be read, since what stands behind it was written later.
"""

from __future__ import annotations

import os
import pickle
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nightside.engine.live.ownership import for_us_alone
from nightside.engine.live.relayed import Heard, Relayed

FIRST_LINE = b"nightside journal 1\n"
_HEAD = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Entered:
    """At this time by our clock this came; None where only time did."""

    now_s: float
    value: Heard | None


@dataclass(frozen=True, slots=True)
class Told:
    """Whatever was found up to this number is told, and in the store."""

    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The journal ends here, and the next one goes on."""


Entry = Entered | Told | Ended


def framed(entry: Entry | Relayed | bytes) -> bytes:
    """An entry as it stands in a journal, and whatever else is kept in the same way."""
    body = pickle.dumps(entry, 5)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


class Journal:
    """A new journal; entries are appended. What is appended outlives this program; what is synced, this machine's."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where it cannot be written, as `append` and `sync` do."""
        self.path = path
        self._file = open(path, "wb", opener=for_us_alone)  # noqa: SIM115 - closed by `close`
        try:
            self._file.write(FIRST_LINE)
            self._file.flush()
        except OSError:
            with suppress(OSError):
                self._file.close()
            raise
        self.size_bytes = len(FIRST_LINE)

    def append(self, entry: Entry) -> None:
        """Hand one entry over to the system. After an error nothing more may be appended."""
        frame = framed(entry)
        self._file.write(frame)
        self._file.flush()
        self.size_bytes += len(frame)

    def sync(self) -> None:
        """Have all that is appended on the disk."""
        if not self._file.closed:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def entries(path: Path) -> Iterator[Entry]:
    """What can be read of a journal, in order; nothing where there is none."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        yield from framed_in(file)


def framed_in(file: IO[bytes]) -> Iterator[Any]:
    """What stands in a file behind its first line, in order, up to the first that is cut off or damaged."""
    if file.read(len(FIRST_LINE)) != FIRST_LINE:
        return
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        length, check = _HEAD.unpack(head)
        body = file.read(length)
        # Nothing is the CRC-32 of nothing, and zeros are what a power loss leaves at the end of a file.
        if not length or len(body) < length or zlib.crc32(body) != check:
            return
        yield pickle.loads(body)
