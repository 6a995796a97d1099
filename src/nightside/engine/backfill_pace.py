"""How fast a backfill goes, and how long the rest may take: from what this run itself has read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nightside.engine.backfill_days import Window
from nightside.engine.fetching import in_words
from nightside.model.instants import duration_words


@dataclass
class Pace:
    """Days read, of all; what an earlier run left in the work place counts as read, and not for the pace."""

    days: int
    now: Callable[[], float] = time.monotonic
    _read: set[Window] = field(default_factory=set)
    _fresh: set[Window] = field(default_factory=set)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self._begun = self.now()

    def read(self, day: Window, bytes_: int) -> None:
        """A day was read, maybe once more; 0 bytes: an earlier run had."""
        self._read.add(day)
        if bytes_:
            self._fresh.add(day)
            self._bytes += bytes_

    def in_words(self, stored: int) -> str:
        """For people: `3 of 8 days stored, 5 read, 2.1 MiB/s, 4.0 days a minute; about 2 min left`."""
        said = f"{stored} of {self.days} days stored, {len(self._read)} read"
        elapsed = self.now() - self._begun
        if not self._fresh or elapsed <= 0:
            return said
        a_minute = 60 * len(self._fresh) / elapsed
        left = (self.days - max(stored, len(self._read))) * elapsed / len(self._fresh)
        return (
            f"{said}, {in_words(self._bytes / elapsed)}/s, {a_minute:.1f} days a minute; "
            f"about {duration_words(round(left))} left"
        )
