"""What one of several programs heard, handed on whole to the one that judges.

Which of them may be believed about a collector is told by the number of its lease: it grows whenever another reads it,
so that who was only asleep, and goes on reading, is not heard beside who has taken over.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from nightside.sources.stream import Batch, Status


@dataclass(frozen=True, slots=True)
class Relayed:
    """A piece of a relay, entered as a whole."""

    relay: str
    """Whose relay it is."""
    number: int
    """The pieces of a relay are numbered from 1 on."""
    written_s: float
    """When it was written, by its writer's clock."""
    values: list[tuple[int, Batch | Status]]
    """In the order in which they came, each with the number of the lease under which its collector was read."""


@dataclass
class Positions:
    """How far relays were entered, and by whom each collector was last read."""

    entered: dict[str, int] = field(default_factory=dict)
    """By relay the number of its last piece."""
    leases: dict[str, int] = field(default_factory=dict)
    """By collector the number of the newest lease that was heard of."""
    relays: dict[str, str] = field(default_factory=dict)
    """By collector the relay that told of it last."""

    def take(self, piece: Relayed) -> Iterator[Batch | Status]:
        """What of the next piece of a relay is to be believed; nothing of one that was entered before."""
        if piece.number <= self.entered.get(piece.relay, 0):
            return
        self.entered[piece.relay] = piece.number
        for number, value in piece.values:
            if number >= self.leases.get(value.collector, 0):
                self.leases[value.collector], self.relays[value.collector] = number, piece.relay
                yield value

    def forget(self, living: Container[str]) -> None:
        """Relays of programs that are gone, and of whose pieces none is left, are of no use."""
        for relay in [one for one in self.entered if one not in living]:
            del self.entered[relay]


Heard = Batch | Status | Relayed
"""What can be entered."""


class Hearing(Protocol):
    """What `sources.stream.Source` is, and a source of what others heard."""

    def values(self) -> AsyncGenerator[Heard, None]:
        """The stream, to be read once."""
