"""What happens in a block of the benchmark: injected outages, and the noise on top of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nightside.model.incident import Severity

Shape = Literal["cliff", "staggered", "flapping", "upstream", "steps"]
Aim = Severity | Literal["none"]
NoiseKind = Literal[
    "reset",
    "collector_loss",
    "gap",
    "late_file",
    "transfer",
    "missed_withdrawals",
    "stuck",
    "partial_feed",
    "turned_partial",
    "clock_skew",
    "churn",
    "split",
    "merge",
    "moas",
    "anycast",
    "stranger",
    "regional",
]


@dataclass(frozen=True, slots=True)
class Injection:
    """One injected outage: an intent. What comes of it, if anything, says the truth.

    `begin` and `end` are the seconds in which it begins in the country's networks and in which the last of
    them starts to come back (the ASes hear of each within two minutes); `end` may lie behind the block's end.
    """

    number: int
    country: str
    shape: Shape
    severity_aimed: Aim
    """"none": lost is just too little to cross a threshold."""
    begin: int
    end: int
    units: int
    """How many units of the country the networks of this injection take with them."""
    note: str


@dataclass(frozen=True, slots=True)
class Noise:
    """One disturbance (or one kind of it all along), so that false alarms can be said to come from it.

    `reset` to `clock_skew` are ours to see through: nothing happened in the networks. From `churn` on it is
    real, and part of the truth, but no outage.
    """

    kind: NoiseKind
    begin: int
    end: int
    what: str
    """Which collector, sessions or networks, in words."""
    countries: tuple[str, ...] = ()
    """Whom it touches; empty: everybody."""
