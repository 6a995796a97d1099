"""The snapshot of the registries that holds for a day, and for an input."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from nightside.engine.files import choose
from nightside.model.errors import UnreadableError
from nightside.sources.endpoints import read_endpoints
from nightside.sources.layout import Found, InputFile
from nightside.sources.local import Pieces
from nightside.world.overrides import overridden
from nightside.world.snapshot import Snapshot, load
from nightside.world.snapshots import snapshot_for

MRT_HEADER_BYTES = 12

World = Callable[[date], Snapshot]
"""The map that holds on a day."""


def world_of_day(day: date) -> Snapshot:
    """The newest snapshot that is not after the day, else the oldest after it; with the overrides of that day."""
    folder = read_endpoints().world_folder
    return overridden(snapshot_for(day, folder), day, folder)


def world_of_input(
    found: Found, begin: int | None, end: int | None, margin_s: int, world: World = world_of_day
) -> Snapshot:
    """The snapshot for the first day of what will be read of an input; the shipped one where no file tells its time."""
    files: dict[str, list[InputFile]] = {}
    for file in found.files:
        files.setdefault(file.collector, []).append(file)
    read = [file for each in files.values() for file in choose(each, begin, end, margin_s)]
    first = _first_second(read)
    return load() if first is None else world(datetime.fromtimestamp(first, UTC).date())


def _first_second(files: Iterable[InputFile]) -> int | None:
    """The earliest time in the files' names; of a file without one the time of its first record."""
    seconds = [_first_record_s(file) if file.nominal is None else file.nominal for file in files]
    return min((s for s in seconds if s is not None), default=None)


def _first_record_s(file: InputFile) -> int | None:
    """The timestamp of the first MRT record (RFC 6396, section 2); None where it cannot be had."""
    try:
        # What comes through a pipe comes once, and is not ours to take.
        if not stat.S_ISREG(file.path.stat().st_mode):
            return None
        pieces = Pieces(file.path)
        head = next(iter(pieces), b"")
        pieces.close()
    except (OSError, UnreadableError):
        return None
    return int.from_bytes(head[:4]) if len(head) >= MRT_HEADER_BYTES else None
