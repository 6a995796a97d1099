"""Job 1: a unit to a part in the work place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass

from nightside.engine.executors.progress import advance
from nightside.engine.shards.keys import content_of, standing_of, unit_key
from nightside.engine.shards.part_segments import Head, SpoiltError, Warned, read_head
from nightside.engine.shards.part_writing import write_part
from nightside.engine.shards.world_kept import kept_snapshot
from nightside.engine.units import Part, Unit, read_unit
from nightside.model.elements import Peer
from nightside.model.errors import DownloadError, UnreadableError
from nightside.store.files import Files
from nightside.store.folder_errors import written

SEEN = "seen"

Bring = Callable[[Unit], AbstractContextManager[Unit]]
"""Gives a unit whose files lie where this worker can read them, until the end of the `with`. It is pickled."""


@dataclass(frozen=True)
class Made:
    """A part that lies in the work place."""

    key: str
    seen: str
    """Under this name it is noted that the files, as they stand, were read."""
    warnings: list[Warned]
    """What is to be said of the unit's files."""
    peers: list[Peer]
    """The sessions."""
    elements: int
    used: int
    """Elements dated as they may be."""
    anew: bool
    """It was read now; else it was there."""


def make_part(
    work: Files,
    snapshot: str,
    unit: Unit,
    bring: Bring | None = None,
    contents: Sequence[str] | None = None,
    as_it_is: bool = False,
) -> Made:
    """Read a unit, if nobody has, and leave its part in the work place.

    `snapshot` is the map's name there. `bring` fetches the files; `contents` has each one's SHA-256 where that is known
    already (DownloadError where it is another by now); without, what lies there is looked at. A file that cannot be
    opened may be so for this worker alone, and raises UnreadableError; `as_it_is`: nobody can open it, and it is told
    of as a replay here tells of it. Raises what `read_unit` raises.
    """
    key = seen = ""
    if contents is not None:
        key = unit_key(unit, contents, snapshot)
    else:
        if not as_it_is:
            must_open(unit)
        seen = _seen(unit, snapshot)
        key = _key_seen(work, seen)
    if key:
        # Nobody may have made it, or it may be gone.
        with suppress(SpoiltError):
            return _made(read_head(work, key), seen, anew=False)
    with bring(unit) if bring else nullcontext(unit) as there:
        part = read_unit(there, kept_snapshot(work, snapshot), advance)
        read = _contents(part)
        if contents is not None and read != list(contents):
            raise DownloadError(
                "the archive's files are others than they were when this was begun",
                where=unit.collector,
                advice="Begin again.",
            )
        key = unit_key(unit, read, snapshot)
        with written(work):
            head = write_part(work, key, part)
    if seen and seen == _seen(unit, snapshot):
        # None of the files was written to meanwhile.
        with written(work):
            work.child(SEEN).write_bytes(seen, json.dumps(key).encode())
    return _made(head, seen, anew=True)


def _made(head: Head, seen: str, *, anew: bool) -> Made:
    return Made(head.key, seen, head.warnings, head.peers, head.said["elements"], head.said["used"], anew)


def _seen(unit: Unit, snapshot: str) -> str:
    return unit_key(unit, [standing_of(file) for file in unit.files], snapshot)


def _contents(part: Part) -> list[str]:
    """What is in each file, by its hash: taken while it was read, as far as it was."""
    files = part.unit.files
    read = dict(part.inputs)
    if len({file.name for file in files}) < len(files):
        read = {}
    return [read[file.name] if file.name in read else content_of(file) for file in files]


def must_open(unit: Unit) -> None:
    """Raises UnreadableError where one of its files cannot be opened here."""
    for file in unit.files:
        try:
            with file.path.open("rb") as opened:
                opened.read(1)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", where=str(file.path)) from None


def _key_seen(work: Files, seen: str) -> str:
    """The part's name, where files that stand so have been read before; else empty."""
    try:
        key = json.loads(work.child(SEEN).read_bytes(seen))
    except (OSError, ValueError):
        return ""
    return key if isinstance(key, str) else ""
