"""What a store says in short: how an entity is doing, and what was stored when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nightside.model.entity import EntityType

Quality = Literal["known", "unknown"]
ChangeKind = Literal["incident", "samples", "results"]


@dataclass(frozen=True, slots=True)
class EntityState:
    """One entity with samples, and what holds at the end of them.

    `first_s` and `last_s` are the begin and the end of its samples in seconds since the epoch. `units` is None
    where `quality` is `unknown`, `baseline_units` where no baseline is known.
    """

    type: EntityType
    code: str
    name: str
    first_s: int
    last_s: int
    units: int | None
    baseline_units: int | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was stored. `number` only ever grows; `id` and `revision` are None for samples and results."""

    number: int
    kind: ChangeKind
    id: str | None
    revision: int | None
