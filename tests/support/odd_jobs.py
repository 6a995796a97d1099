"""Jobs that executors are tried with; workers find them by PYTHONPATH."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from nightside.engine.executors import progress
from nightside.model.errors import InputError, NightsideError, NotMrtError, UnreadableError


def square(number: int) -> int:
    return number * number


def slept(seconds: float, value: Any) -> Any:
    time.sleep(seconds)
    return value


def where() -> int:
    time.sleep(0.2)
    return os.getpid()


def reads(size: int) -> int:
    for _ in range(4):
        progress.advance(size // 4)
    return size


def doubled(column: Any) -> Any:
    return column * np.uint8(2)


def not_mrt(path: str) -> None:
    raise NotMrtError("no MRT here", where=f"{path}: byte 12", advice="Give another.")


def no_input() -> None:
    raise InputError("there is no usable input")


def raises(kind: str, folder: str) -> None:
    """Leaves a trace of each try."""
    _trace(folder)
    if kind == "unreadable":
        raise UnreadableError("it cannot be opened", where="a file")
    if kind == "ours":
        raise NightsideError("it did not work", where="here", advice="Do it otherwise.")
    if kind == "exit":
        sys.exit(3)
    raise ValueError("five")


def lambda_back() -> Any:
    """What cannot be pickled."""
    return lambda: 1


def full_disk(folder: str) -> tuple[list[int], int]:
    """There is room on the disk of the third process that tries; which had no room, and which had."""
    before = _trace(folder)
    if len(set(before)) < 2:
        raise OSError(errno.ENOSPC, "No space left on device")
    return before, os.getpid()


def killed_each_time(folder: str) -> None:
    _trace(folder)
    os.kill(os.getpid(), signal.SIGKILL)


def noted(folder: str, seconds: float, value: int) -> int:
    """Says who does it, for whoever wants to kill that one."""
    note = Path(folder, f"{os.getpid()}")
    note.touch()
    time.sleep(seconds)
    note.unlink(missing_ok=True)
    return value


def noted_and_large(folder: str) -> Any:
    """Once it may, says who does it, and tells more than a pipe holds."""
    until = time.monotonic() + 30
    while not Path(folder, "go").exists() and time.monotonic() < until:
        time.sleep(0.01)
    Path(folder, f"{os.getpid()}").touch()
    return np.zeros(1 << 24, np.uint8)


def _trace(folder: str) -> list[int]:
    """The processes that tried before; a trace of this one is left."""
    before = [int(path.name.split("-")[1]) for path in sorted(Path(folder).iterdir())]
    Path(folder, f"{len(before):03}-{os.getpid()}").touch()
    return before
