"""How a job tells what it has read, wherever it is done; who did not ask to hear it is not told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_told: Callable[[int], None] | None = None


def advance(read: int) -> None:
    """So many bytes of a job's input were read since the last call."""
    if _told is not None:
        _told(read)


@contextmanager
def told_to(hears: Callable[[int], None]) -> Iterator[None]:
    """Within it `hears` is told; for a process that does one job at a time."""
    global _told
    before, _told = _told, hears
    try:
        yield
    finally:
        _told = before
