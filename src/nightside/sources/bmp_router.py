"""One router's connection: its bytes to records, its faults told, and when it is too bad to go on."""

from __future__ import annotations

from nightside.model.elements import Skip
from nightside.sources.live_decoding import tell_skips
from nightside.sources.stream import Faults, Figures
from nightside.wire.bmp import Bmp

MOST_BAD = 100
"""Bad messages in a row of looks, from which on it is asked whether they are most of all."""
_FUTURE = "time in the future"
_QUIET = ("time missing", "time past")
"""Ordinary where a router sends its table: counted, not told."""


class GarbageError(Exception):
    """What comes is not BMP, or most of it is bad; the text says how."""


class Router:
    """What one connection says. `source` is what its faults are told of; its collector, once that is known."""

    def __init__(self, begun_s: float, source: str, faults: Faults, figures: Figures) -> None:
        self.source = source
        self._faults, self._figures = faults, figures
        self._bmp = Bmp(round(begun_s * 1_000_000))
        self._counts = self._bmp.counts
        self._skipped: dict[str, int] = {}
        self._bad = self._begun_at = 0

    @property
    def messages(self) -> int:
        """How many whole ones have come."""
        return self._bmp.counts["messages"]

    @property
    def name(self) -> str | None:
        """What the router calls itself."""
        return self._bmp.system_name

    @property
    def terminated(self) -> str | None:
        """Why it has said that it ends, if it has."""
        return self._bmp.terminated

    def feed(self, piece: bytes, now_s: float) -> bytes:
        """MRT records of the next bytes. What was wrong is counted with `tell`."""
        return self._bmp.feed(piece, round(now_s * 1_000_000))

    def tell(self, malformed: int) -> None:
        """Count what was wrong and left out since the last time, and `malformed` messages that the decoder refused.

        Raises GarbageError where nothing more can be read, or most of what came was bad.
        """
        counts, before = self._bmp.counts, self._counts
        self._counts = counts
        self._figures.messages += counts["messages"] - before["messages"]
        for name, count in counts.items():
            new = count - before[name]
            if new and (name in _QUIET or name == _FUTURE):
                self._figures.restamped += new
            if new and (name == _FUTURE or name.startswith("left out")):
                self._faults.add(self.source, name, count=new)
        self._bad += malformed + self._tell_skips()
        if self._bmp.broken is not None:
            raise GarbageError(self._bmp.broken)
        messages = counts["messages"] - self._begun_at
        if self._bad >= MOST_BAD and 2 * self._bad > messages:
            raise GarbageError(f"{self._bad} of {messages} messages were bad")
        if messages >= 100 * MOST_BAD:
            self._bad, self._begun_at = 0, counts["messages"]

    def _tell_skips(self) -> int:
        """Count what the transcoder has refused since the last time; how many messages that were."""
        new = []
        for skip in self._bmp.skipped:
            count = skip.count - self._skipped.get(skip.reason, 0)
            if count:
                self._skipped[skip.reason] = skip.count
                new.append(Skip(skip.offset, skip.reason, count))
        return tell_skips(self._faults, self.source, new) if new else 0
