"""A process that does one job after the other for the one that started it, until nobody tells it more."""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from multiprocessing.connection import Connection

from nightside.engine.executors.doing import Value, do, told
from nightside.engine.executors.pipes import receive, send
from nightside.engine.executors.progress import told_to

TOLD_BYTES = 256 * 1024
"""So many bytes are read before that is told, so that whoever hears it is not woken a thousand times a second."""


class _Progress:
    """Tells how many bytes were read, in large steps."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.untold = connection, 0

    def advance(self, read: int) -> None:
        self.untold += read
        if self.untold >= TOLD_BYTES:
            self.tell()

    def tell(self) -> None:
        if self.untold:
            send(self.connection, "read", self.untold)
            self.untold = 0


def main() -> None:
    """Hears jobs on standard input, tells progress and outcomes on standard output."""
    tell, hear = Connection(os.dup(1), readable=False), Connection(os.dup(0), writable=False)
    # What anything prints must not get between what is told.
    os.dup2(2, 1)
    # Whoever asked may go at any time, also in the midst of a job.
    with suppress(EOFError, OSError):
        while True:
            try:
                name, (work, given) = receive(hear)
            except (ImportError, AttributeError, pickle.UnpicklingError) as error:
                send(tell, "error", told(error, "a job that cannot be read"))
                continue
            progress = _Progress(tell)
            with told_to(progress.advance):
                outcome = do(name, work, given)
            progress.tell()
            try:
                if isinstance(outcome, Value):
                    send(tell, "value", outcome.value)
                else:
                    send(tell, "error", outcome)
            except OSError:
                raise
            except Exception as error:
                send(tell, "error", told(error, name))
            del work, given, outcome


if __name__ == "__main__":
    # Under its own name, so that what is pickled is found again.
    from nightside.engine.executors.process import main as run

    run()
