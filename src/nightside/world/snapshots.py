"""Dated snapshots in a folder, and the one that holds for a day.

    FOLDER/registry-2014-10-08.npz     one for each day; made by `nightside world`

The shipped snapshot is one of them wherever they are, unless the folder has one of its day.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from nightside.model.errors import NightsideError
from nightside.world.snapshot import Snapshot, load, read, read_about, shipped, write

UNITS = 1 << 24
"""/24s of IPv4."""

_NAME = re.compile(r"registry-(\d{4}-\d{2}-\d{2})\.npz")
_DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    MemoryError,
    RuntimeError,  # what zipfile says of packings and ciphers it does not know
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, order=True)
class Dated:
    """A snapshot that is there."""

    day: date
    path: Path | None
    """None: the shipped one."""


def snapshots(folder: Path) -> list[Dated]:
    """All that are there, oldest first; a folder that is not there has none but the shipped one.

    Raises NightsideError where the folder cannot be read.
    """
    found: dict[date, Path | None] = {_shipped_day(): None}
    try:
        names = sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        names = []
    except OSError as error:
        raise NightsideError(
            f"cannot be read: {error.strerror}",
            where=str(folder),
            advice="See NIGHTSIDE_WORLD in docs/live.md.",
        ) from None
    for name in names:
        if named := _NAME.fullmatch(name):
            with contextlib.suppress(ValueError):
                found[date.fromisoformat(named[1])] = folder / name
    return [Dated(day, found[day]) for day in sorted(found)]


@lru_cache(maxsize=1)
def _shipped_day() -> date:
    return date.fromisoformat(about(Dated(date.min, None))["date"])


def choose(there: list[Dated], day: date) -> Dated:
    """The newest that is not after the day; where there is none, the oldest after it. `there` is in order."""
    before = [dated for dated in there if dated.day <= day]
    return before[-1] if before else there[0]


def snapshot_for(day: date, folder: Path) -> Snapshot:
    """The snapshot that holds for a day (see `choose`); `label` says where it is younger than the input.

    Raises NightsideError where it cannot be read: another day's is not taken in its stead.
    """
    chosen = choose(snapshots(folder), day)
    if chosen.path is None:
        return load()
    try:
        found = chosen.path.stat()
    except OSError as error:
        raise _damaged(chosen.path, error) from error
    return _kept(chosen.path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=2)
def _kept(path: Path, _mtime_ns: int, _size: int) -> Snapshot:
    try:
        with path.open("rb") as file:
            snapshot = read(file)
        _require_whole(snapshot)
        return snapshot
    except _DAMAGED as error:
        raise _damaged(path, error) from error


def _require_whole(snapshot: Snapshot) -> None:
    """ValueError where the parts of a file do not make a snapshot, whoever wrote it."""
    parts = (
        int(snapshot.ipv4_lengths.sum(dtype=np.uint64)) == UNITS,
        len(snapshot.ipv4_lengths) == len(snapshot.ipv4_codes),
        len(snapshot.asn_numbers) == len(snapshot.asn_codes),
        len(snapshot.ipv6_first) == len(snapshot.ipv6_last) == len(snapshot.ipv6_codes),
        bool((snapshot.asn_numbers[1:] > snapshot.asn_numbers[:-1]).all()),
        bool((snapshot.ipv6_first[1:] > snapshot.ipv6_last[:-1]).all()),
        all(
            int(codes.max(initial=0)) < len(snapshot.codes)
            for codes in (snapshot.ipv4_codes, snapshot.asn_codes, snapshot.ipv6_codes)
        ),
    )
    if not all(parts):
        raise ValueError("its parts do not fit each other")


def about(dated: Dated) -> dict[str, Any]:
    """What a snapshot says of itself: name, date, and where it was made here, sources and codes of no country."""
    if dated.path is None:
        with shipped() as file:
            return read_about(file)
    try:
        with dated.path.open("rb") as file:
            return read_about(file)
    except _DAMAGED as error:
        raise _damaged(dated.path, error) from error


def _damaged(path: Path, error: Exception) -> NightsideError:
    return NightsideError(
        f"this snapshot cannot be read: {error}",
        where=str(path),
        advice="Delete it, and make it again with `nightside world import` or `update`.",
    )


def keep(snapshot: Snapshot, said: Mapping[str, Any], folder: Path) -> Path:
    """Put a snapshot into the folder, all of it or nothing; one of the same day is replaced.

    Raises NightsideError where it cannot be written.
    """
    target = folder / f"registry-{snapshot.date}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".registry-", suffix=".part", dir=folder)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                write(file, snapshot, said)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp's files are their owner's alone; a store is read by whoever may read the folder.
            part.chmod(0o644)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise NightsideError(
            f"cannot be written: {error.strerror}",
            where=str(target),
            advice="Name another folder with NIGHTSIDE_WORLD.",
        ) from error
    return target
