"""How fast a backfill goes, and how long the rest may take: from what this run itself has done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nightside.engine.backfill.days import Window
from nightside.engine.fetching import in_words
from nightside.model.instants import duration_words


@dataclass
class Pace:
    """Days read and stored, of all."""

    days: int
    now: Callable[[], float] = time.monotonic
    _read: set[Window] = field(default_factory=set)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self._begun = self.now()

    def read(self, day: Window, bytes_: int) -> None:
        """So much was read for a day, maybe once more; 0 bytes: an earlier run had."""
        self._read.add(day)
        self._bytes += bytes_

    def in_words(self, stored: int) -> str:
        """For people: `3 of 8 days stored, 5 read, 2.1 MiB/s, 4.0 days a minute; about 2 minutes left`.

        What is left goes by days stored: one that is read may have to be read once more when its turn comes.
        """
        elapsed = self.now() - self._begun
        ahead = len(self._read) - stored
        read = f", {ahead} more read" if ahead > 0 else ""
        left = (self.days - stored) * elapsed / stored
        return (
            f"{stored} of {self.days} days stored{read}, {in_words(self._bytes / max(elapsed, 0.001))}/s, "
            f"{60 * stored / max(elapsed, 0.001):.1f} days a minute; about {duration_words(round(left))} left"
        )
