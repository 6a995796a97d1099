"""What became of results of checks that a place has handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nightside.model.instants import iso_ms

SCHEMA = "nightside.handed-in/1"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not stored, for good."""

    line: int
    """From 1."""
    why: str


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The answer to one body of lines."""

    place: str
    at: float
    """By the clock of whoever took them: a place may hold its own against it."""
    taken: int
    known: int
    """Stored before, and not once more."""
    refused: int
    first_refused: Sequence[Refused]
    """The first of them."""
    results: int
    """Lines that were results in form, whatever became of them."""

    def to_json(self) -> dict[str, Any]:
        """The shape `nightside.handed-in/1`."""
        return {
            "schema": SCHEMA,
            "place": self.place,
            "at": iso_ms(self.at),
            "taken": self.taken,
            "known": self.known,
            "refused_count": self.refused,
            "refused": [{"line": each.line, "why": each.why} for each in self.first_refused],
        }
