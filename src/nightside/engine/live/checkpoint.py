"""A watcher in a file: all that it knows, but what is the same in every run.

The file has a first line, the key (of which program, countries, sources and settings it is), the bytes, and their
CRC-32 in its end; it gets its name only when it is whole and on the disk.
"""

from __future__ import annotations

import os
import pickle
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from nightside.engine.live.ownership import for_us_alone, why_not_ours
from nightside.engine.live.relayed import Positions
from nightside.engine.live.watcher import Found, Watcher
from nightside.routing.thin import thin
from nightside.store.folder_sync import sync_folder

FIRST_LINE = b"nightside state 1\n"
PART = ".part"
"""Ends the name of what is not whole yet."""
MOST_KEY = 4096
PIECE_BYTES = 1 << 20
PACKED_FROM_BYTES = 1 << 24
Names = Mapping[str, object]
"""What is the same in every run, by its name in the file."""


@dataclass
class DaemonFigures:
    """What a daemon has done so far, and those before it whose state it took over."""

    elements: int = 0
    batches: int = 0
    statuses: int = 0
    found: int = 0
    not_heard: dict[str, str] = field(default_factory=dict)
    """Of each collector that is not heard, why; of those that are, nothing."""
    states: int = 0
    """States that were written."""
    state_at_s: float | None = None
    """When the last of them was begun, by the clock on the wall."""
    relays: Positions = field(default_factory=Positions)
    """What of the relays of several programs was entered."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a daemon between two entries of its journal."""

    watcher: Watcher
    figures: DaemonFigures
    untold: list[tuple[int, Found]]
    """What was found and not told yet, by number."""
    entered_at_s: float
    """When the last entry came, by the clock of that run."""


def names_of(watcher: Watcher) -> Names:
    """What of a watcher is made anew by each run from the same words."""
    return {
        "ground": watcher.live.numbered.ground,
        "subjects": watcher.subjects,
        # 32 MiB each, which others hold by themselves.
        "unit_country": watcher.live.numbered.ground.unit_country,
        "entity_of_unit": watcher.subjects.entity_of_unit,
        "settings": watcher.settings,
        "provenance": watcher.provenance,
    }


class _Pickler(pickle.Pickler):
    def __init__(self, file: BinaryIO, names: Names) -> None:
        super().__init__(file, 5)
        self._names = {id(thing): name for name, thing in names.items()}

    def persistent_id(self, thing: object) -> str | None:
        return self._names.get(id(thing))

    def reducer_override(self, thing: object) -> Any:
        """Numbers for each unit of all IPv4 are alike for long stretches: packed they are small."""
        if isinstance(thing, np.ndarray) and thing.dtype == np.uint8 and thing.nbytes >= PACKED_FROM_BYTES:
            return _unpacked, (isal_zlib.compress(np.ascontiguousarray(thing), 1), thing.shape)
        return NotImplemented


def _unpacked(body: bytes, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    return thin(np.frombuffer(isal_zlib.decompress(body), np.uint8)).reshape(shape)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, names: Names) -> None:
        super().__init__(file)
        self._names = names

    def persistent_load(self, name: Any) -> object:
        return self._names[name]


def pack(path: Path, key: str, state: Checkpoint, names: Names) -> None:
    """Begin to write it: what it says is that of this instant, whatever becomes of the watcher.

    Into a file at once: in memory a state is as much again as the watcher. Raises OSError.
    """
    part = _part_of(path)
    try:
        with open(part, "wb", opener=for_us_alone) as file:
            file.write(FIRST_LINE + key.encode() + b"\n")
            _Pickler(file, names).dump(state)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def finish(path: Path) -> int:
    """Write what is left of what was begun, wholly or not at all; returns the bytes. Raises OSError."""
    part = _part_of(path)
    try:
        with part.open("r+b") as file:
            _skip_head(file)
            check = 0
            while piece := file.read(PIECE_BYTES):
                check = zlib.crc32(piece, check)
            file.write(check.to_bytes(4, "little"))
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        part.replace(path)
        sync_folder(path.parent)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return size


def read(path: Path, key: str, names: Names) -> Checkpoint | str:
    """The state in a file, or why it is none of ours. Raises OSError."""
    with path.open("rb") as file:
        why = why_not_ours(os.fstat(file.fileno()))
        if why is not None:
            return why
        if file.readline(len(FIRST_LINE)) != FIRST_LINE:
            return "it is no state of a watch"
        if file.readline(MOST_KEY).rstrip(b"\n").decode(errors="replace") != key:
            return "it is of other countries, sources or settings, another snapshot, or another version of the program"
        begin = file.tell()
        if not _is_whole(file):
            return "it is damaged"
        file.seek(begin)
        try:
            state = _Unpickler(file, names).load()
        except Exception as error:  # whatever a file of another build makes of our classes
            return f"it cannot be read: {type(error).__name__}: {error}"
    return state if isinstance(state, Checkpoint) else "it is no state of a watch"


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + PART)


def _skip_head(file: BinaryIO) -> None:
    file.readline(len(FIRST_LINE))
    file.readline(MOST_KEY)


def _is_whole(file: BinaryIO) -> bool:
    """Whether what follows ends with its own CRC-32."""
    check, end = 0, b""
    while piece := file.read(PIECE_BYTES):
        piece = end + piece
        check, end = zlib.crc32(piece[:-4], check), piece[-4:]
    return len(end) == 4 and check.to_bytes(4, "little") == end
