"""Names of what lies in a work place: the SHA-256 of everything that it depends on, paths and machines not among it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nightside.engine.executors.program import digest
from nightside.engine.units import Unit
from nightside.sources.layout import InputFile
from nightside.world.snapshot import Snapshot


def key_of(what: str, said: Any) -> str:
    """A name for `what`, that all of `said` (as JSON) and our program stand behind."""
    # By its sources: between two releases a checkout changes, and its version does not.
    text = json.dumps([what, digest(), said], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot_key(snapshot: Snapshot) -> str:
    """The name of a map: of everything in it."""
    hashed = hashlib.sha256()
    arrays = []
    for name, value in sorted(vars(snapshot).items()):
        # What it has worked out for itself is not in it.
        if name in Snapshot.__dataclass_fields__ and hasattr(value, "tobytes"):
            arrays.append([name, str(value.dtype), value.shape])
            hashed.update(value.tobytes())
    said = [snapshot.name, snapshot.date, snapshot.codes, snapshot.overridden, arrays, hashed.hexdigest()]
    return key_of("snapshot", said)


def unit_key(unit: Unit, contents: Sequence[str], snapshot: str) -> str:
    """The name of what a unit gives; `contents` says for each of its files what is in it."""
    files = [
        [file.name, file.kind, file.nominal, file.cadence_s, content]
        for file, content in zip(unit.files, contents, strict=True)
    ]
    rules = asdict(unit.settings)
    return key_of(
        "part", [unit.collector, files, unit.gaps, unit.until, rules, unit.alone, unit.keeps_table, snapshot]
    )


def content_of(file: InputFile) -> str:
    """The SHA-256 of a file's bytes as they lie on the disk; what is against it where it cannot be read."""
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"not read: {error.strerror}"


def standing_of(file: InputFile) -> str:
    """By what a file is known again without being read: its size, when it was written, and when it was put there.

    The last shows a file that took another's place with its size and its time, as copies and archives have them.
    """
    try:
        found = file.path.stat()
    except OSError as error:
        return f"not there: {error.strerror}"
    return f"{found.st_size} bytes, {found.st_mtime_ns} ns, {found.st_ctime_ns} ns"
