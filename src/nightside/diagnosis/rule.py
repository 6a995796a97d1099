"""What a rule is: a frozen row, and one pure function from what is stored to what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nightside.diagnosis.stored import Stored
from nightside.model.diagnosis import UNKNOWN, Evidence, RestsOn


@dataclass(frozen=True, slots=True)
class Said:
    """What the function of a rule found. Of `unknown`, `says` is what is lacking."""

    level: str
    says: str
    at: int | None = None
    to: int | None = None
    rests_on: tuple[RestsOn, ...] = ()


def unknown(why: str) -> Said:
    """The rule lacks what it looks at."""
    return Said(UNKNOWN, why)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what it looks at, what it can say, and who reasons so."""

    id: str
    version: int
    looks_at: str
    levels: Mapping[str, str]
    """Level to what it means, in the order in which they are tried; `unknown` goes without saying."""
    source: str
    judge: Callable[[Stored], Said]

    def apply(self, stored: Stored) -> Evidence:
        """What this rule says of an incident."""
        said = self.judge(stored)
        if said.level != UNKNOWN and (said.level not in self.levels or not said.rests_on):
            raise ValueError(
                f"rule {self.id} says {said.level!r}, which it has not, or which rests on nothing"
            )
        return Evidence(
            self.id, self.version, said.level, said.says, said.at, said.to, said.rests_on, self.source
        )
