"""Files that outlive a power loss: a new name does only once the folder itself is on the disk (fsync(2), Notes)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def written_whole(final: Path, part: Path | None = None) -> Iterator[IO[bytes]]:
    """A file to write, that gets its name once all of it is on the disk: it is there whole, or not. Raises OSError.

    `part` is its name until then; where it is None, only one process may write the file at a time.
    """
    part = part or final.with_suffix(".part")
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.rename(final)
    sync_folder(final.parent)
