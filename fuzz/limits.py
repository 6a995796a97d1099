"""One input at one entrance, within bounds of time and memory."""

from __future__ import annotations

import resource
import signal

from fuzz.entrances import entrance
from fuzz.rules import must

LONGEST_S = 20.0
"""Of a processor. An input that takes longer ends the process (SIGPROF), wherever it is: so a busy machine does not."""
MOST_GROWTH_KIB = 384 * 1024
"""The process may grow by so much over its first inputs: buffers of full size, and what is unpacked."""
_SETTLED = 200
"""Inputs after which the process has its size."""


class Limits:
    """Counts the inputs of this process."""

    def __init__(self) -> None:
        self.entered = 0
        self.settled_kib = 0

    def enter(self, name: str, content: bytes) -> None:
        """Let the bytes in; raises what the entrance raises, and WrongError where memory grows."""
        signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
        try:
            entrance(name)(content)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.entered += 1
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if self.entered <= _SETTLED:
            self.settled_kib = size
        must(size - self.settled_kib <= MOST_GROWTH_KIB, "the process has grown to", size, "KiB")
