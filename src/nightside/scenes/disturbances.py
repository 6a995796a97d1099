"""What breaks our view and nothing else: resets, lost collectors, missing and late files, stuck routes, sessions
that turn partial, clocks that are off."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FILE_S, TABLE_S = 300, 28_800
"""The cadence of RIS: updates every five minutes, tables every eight hours."""
SETTLE_S = 2
"""Between a session's coming up and the first route of its transfer."""
Place = tuple[int, int]
"""A session: (collector, place at it)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A session leaves Established at `down`, is back at `up`, and sends its table over `transfer_s`."""

    place: Place
    down: int
    up: int
    transfer_s: int
    states: bool
    """Whether the collector stores the changes of state."""
    end_of_rib: bool
    shuffled: bool
    """Whether the table comes in an order of its own, or in that of the addresses."""

    @property
    def settled(self) -> int:
        """When the transfer is over, End-of-RIB and all."""
        return self.up + SETTLE_S + self.transfer_s + 1


@dataclass(frozen=True, eq=False, slots=True)
class Stuck:
    """A session that goes on telling its usual routes to these networks."""

    place: Place
    prefixes: NDArray[np.int64]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class TurnedPartial:
    """A session that withdraws this share of its table for a while."""

    place: Place
    share: float
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Skew:
    """A collector's clock goes wrong by `off_s` from `begin` on, and is right again at `end`."""

    collector: int
    off_s: int
    begin: int
    end: int


@dataclass(frozen=True)
class Disturbances:
    """All that breaks the view in one block."""

    resets: dict[Place, list[Reset]] = field(default_factory=dict)
    """Of each session, in order of time and apart."""
    stuck: dict[Place, list[Stuck]] = field(default_factory=dict)
    partial: dict[Place, list[TurnedPartial]] = field(default_factory=dict)
    skews: dict[int, list[Skew]] = field(default_factory=dict)
    missing: frozenset[tuple[int, int]] = frozenset()
    """(collector, nominal time) of files of updates."""
    late: dict[tuple[int, int], int] = field(default_factory=dict)
    missed: dict[Place, float] = field(default_factory=dict)
    """Share of each session's withdrawals that never arrive."""
