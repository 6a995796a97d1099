"""How a running watch is doing, as of one instant; and whether that is alive, and ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nightside.model.instants import iso, iso_or_none

SCHEMA = "nightside.health/1"
STALE_S = 30.0
"""A watch whose time has not come on for so long does not run."""


@dataclass(frozen=True, slots=True)
class CollectorVitals:
    """One collector's stream."""

    name: str
    up: bool
    why: str | None
    """Why it is not heard; None while it is up."""
    newest_s: float | None
    """The time of the newest element, as it was sent; None before the first."""


@dataclass(frozen=True, slots=True)
class SourceVitals:
    """What one source has done so far (`sources.stream.Figures`, `Faults`)."""

    name: str
    connections: int
    received_bytes: int
    messages: int
    duplicates: int
    elements: int
    restamped: int
    faults: Mapping[tuple[str, str], int]
    """By what it was of, and kind; in the order in which they were first seen."""


@dataclass(frozen=True, slots=True)
class ChannelVitals:
    """One channel of messages."""

    name: str
    waiting: int
    """Messages that it has not taken yet, those that quiet hours hold back too."""
    failing: bool
    delivered: int
    refused: int


@dataclass(frozen=True, slots=True)
class CheckpointVitals:
    """What a restart would begin with."""

    at_s: float | None
    """When the newest checkpoint was made; None where there is none yet."""
    checkpoint_bytes: int
    journal_bytes: int
    is_kept: bool
    """Whether what comes is written down; it cannot be on a full disk."""


@dataclass(frozen=True, slots=True)
class ShareVitals:
    """What one of several programs has to do."""

    judges: bool
    programs: int
    """How many live."""
    collectors: Sequence[str]
    """Whom it hears."""
    leases: Sequence[str]
    """What it does alone."""
    pieces: int
    """Written to its relay so far."""
    relayed_s: float | None
    """When the last of them was written."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """Everything that health, readiness and metrics are made of. Times are seconds since the epoch, by one clock."""

    now_s: float
    judged_s: int | None
    """To the end of this second everything was judged; None before the first."""
    lateness_s: float
    """So much behind the clock that is meant to be."""
    began_s: int | None
    """The first second that was judged with knowledge; None before it."""
    known: int
    """Peer ASes with a known full-feed session."""
    expected: int
    blind: bool
    """Too few of the expected are known."""
    waiting: int
    """Values between the sources and the judge."""
    untold: int
    """Findings between the judge and those who hear of them."""
    elements: int
    incidents_open: int
    told: Mapping[str, int]
    """Messages so far, by kind."""
    starting: str | None = None
    """What it is at before it watches, such as catching up; None once it does."""
    channels: Sequence[ChannelVitals] = field(default_factory=tuple)
    checkpoint: CheckpointVitals | None = None
    collectors: Sequence[CollectorVitals] = field(default_factory=tuple)
    sources: Sequence[SourceVitals] = field(default_factory=tuple)
    share: ShareVitals | None = None
    """Where several programs watch together; one that does not judge knows nothing of what is judged."""

    @property
    def behind_s(self) -> float | None:
        """How far the judge is behind where it is meant to be; None before the first second."""
        if self.judged_s is None:
            return None
        return self.now_s - (self.judged_s + 1) - self.lateness_s

    def why_not_alive(self) -> list[str]:
        """Why a restart may help; nothing where it is alive."""
        behind = self.behind_s
        if self.starting is not None:
            return []
        if self.share is not None and not self.share.judges:
            relayed_s = self.share.relayed_s
            if relayed_s is None:
                return ["it is not one of the programs yet"]
            silent_s = self.now_s - relayed_s
            return [f"nothing was handed on for {silent_s:.0f} s"] if silent_s > STALE_S else []
        if behind is None:
            return ["no second has been judged yet"]
        return [f"no second has been judged for {behind:.0f} s"] if behind > STALE_S else []

    def why_not_ready(self) -> list[str]:
        """Why no verdict can be told of this instant; nothing where one can."""
        why = self.why_not_alive()
        if self.share is not None and not self.share.judges:
            return why
        if self.starting is not None:
            why.append(f"{self.starting}: it does not watch yet")
        elif self.behind_s is not None and self.behind_s < -STALE_S:
            why.append(f"the clock was set back: it is {-self.behind_s:.0f} s until seconds are judged again")
        if self.began_s is None:
            why.append("nothing is known yet: no table was read, and no session has sent its table")
        elif self.blind:
            why.append(f"our view is broken: {self.known} of {self.expected} expected peer ASes known")
        return why

    def health(self, why_not: Sequence[str]) -> dict[str, Any]:
        """In the shape `nightside.health/1`."""
        return {
            "schema": SCHEMA,
            "ok": not why_not,
            "why": list(why_not),
            "at": iso(int(self.now_s)),
            "judged_until": iso_or_none(self.judged_s),
            "began": iso_or_none(self.began_s),
            "view": {"known": self.known, "expected": self.expected},
            "collectors": [{"name": c.name, "up": c.up, "why": c.why} for c in self.collectors],
            "share": self.share and {"judges": self.share.judges, "programs": self.share.programs},
        }
