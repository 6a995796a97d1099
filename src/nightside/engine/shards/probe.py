"""Whether all workers see the work place and the input, asked before anything is read."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nightside.engine.executors.protocol import Executor, Failed, Job
from nightside.model.errors import NightsideError, UsageError
from nightside.store.files import Files

LOOKS_A_WORKER = 2
"""Who is asked, the executor decides: so many looks for each, and none is over at once."""
LOOK_S = 0.02

Standing = tuple[str, int]
"""A file's path, and its size in bytes."""


@dataclass(frozen=True)
class Look:
    """What one worker sees."""

    host: str
    sees_work: bool
    unseen: list[str]
    """Of the files that it was asked about."""


def look_around(work: Files, folder: str, name: str, files: Sequence[Standing]) -> Look:
    """Look from where this worker is."""
    unseen = []
    for path, size in files:
        try:
            if Path(path).stat().st_size != size:
                unseen.append(path)
        except OSError:
            unseen.append(path)
    try:
        sees = work.child(folder).exists(name)
    except OSError:
        sees = False
    time.sleep(LOOK_S)
    return Look(platform.node(), sees, unseen)


def require_sight(executor: Executor, work: Files, folder: str, name: str, files: Sequence[Standing]) -> None:
    """Raises NightsideError where a worker does not see the file of this name in the work place, UsageError where it
    does not see all of these files as they are here. Nothing else may be under way.
    """
    looks = LOOKS_A_WORKER * max(1, executor.workers)
    for _ in range(looks):
        executor.submit(Job("a look around", look_around, (work, folder, name, tuple(files))))
    outcomes = [executor.next() for _ in range(looks)]
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            raise outcome.error
    for outcome in outcomes:
        look = outcome.value  # type: ignore[union-attr]
        if not look.sees_work:
            raise NightsideError(
                f"the worker at {look.host} does not see the work place",
                where=work.place,
                advice="It must be a folder that all hosts share under one path, or a bucket that all can reach.",
            )
        if look.unseen:
            more = f" and {len(look.unseen) - 1} more files" if len(look.unseen) > 1 else ""
            raise UsageError(
                f"the worker at {look.host} does not see this{more} as it is here",
                where=look.unseen[0],
                advice="Put the input where all hosts see it under one path, or replay with --engine local.",
            )
