"""Lines on standard output that hold nothing up: whoever reads them may be slow, fall asleep, or go away."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from queue import Full, Queue
from threading import Thread

MOST_WAITING = 1000
LAST_WORDS_S = 1.0


class Lines:
    """Writes lines to a file descriptor, in order, by a thread of its own. Close it at the end.

    It writes past Python's own buffer: what a reader never takes would keep that locked, and Python from ending.
    """

    def __init__(
        self, descriptor: int, warn: Callable[[str], None], *, most_waiting: int = MOST_WAITING
    ) -> None:
        self._descriptor, self._warn = descriptor, warn
        self._queue: Queue[bytes | None] = Queue(most_waiting)
        self._torn = b""
        """What is left of a line of which a part was written."""
        self._failing = self._dropping = False
        self._thread = Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Have a line written, without its end. Where too many wait already it is dropped, which is said once."""
        try:
            self._queue.put_nowait(line)
        except Full:
            if not self._dropping:
                self._warn("nobody reads the lines: those that come now are dropped")
            self._dropping = True
        else:
            # Not before it has caught up: a slow reader would be complained of again and again.
            self._dropping = self._dropping and self._queue.qsize() > 1

    def close(self, within_s: float = LAST_WORDS_S) -> None:
        """Write what waits, as far as it is taken in this time."""
        until = time.monotonic() + within_s
        try:
            self._queue.put(None, timeout=within_s)
        except Full:
            self._warn("nobody reads the lines: the last of them are dropped")
            return
        self._thread.join(max(until - time.monotonic(), 0.0))
        if self._thread.is_alive():
            self._warn("nobody reads the lines: the last of them are dropped")

    def _run(self) -> None:
        while (line := self._queue.get()) is not None:
            try:
                self._write(line + b"\n")
            except OSError as error:
                if not self._failing:
                    self._warn(f"lines cannot be written, and are dropped: {error.strerror}")
                self._failing = True
            else:
                if self._failing:
                    self._warn("lines are written again")
                self._failing = False

    def _write(self, line: bytes) -> None:
        # A line is written as a whole or not at all: what is left of a torn one comes before the next.
        self._finish()
        self._torn = line
        try:
            self._finish()
        except OSError:
            if len(self._torn) == len(line):
                self._torn = b""
            raise

    def _finish(self) -> None:
        while self._torn:
            try:
                self._torn = self._torn[os.write(self._descriptor, self._torn) :]
            except BlockingIOError:
                # Somebody who shares the descriptor does not want it to wait.
                select.select((), (self._descriptor,), ())
