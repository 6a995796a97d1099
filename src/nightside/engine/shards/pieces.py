"""What all steps of a replay in pieces need: the replay itself, its files wherever one is, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nightside.engine.executors.protocol import Failed
from nightside.engine.shards.shard_job import Whom
from nightside.engine.shards.unit_job import Bring
from nightside.engine.units import Unit
from nightside.model.errors import InputError, NightsideError
from nightside.store.files import Files
from nightside.world.snapshot import Snapshot

TIMES_ANEW = 3
"""So often what is damaged or gone is made anew, before it is said that it does not stay."""


@dataclass(frozen=True)
class Work:
    """One replay in pieces: what is read, what is asked, and where its pieces lie."""

    place: Files
    snapshot: Snapshot
    map: str
    """The snapshot's name in the work place."""
    units: Sequence[Unit]
    """In the order of the collectors' names."""
    whom: Whom
    shards: int
    bring: Bring | None = None
    """As `unit_job.make_part` takes it."""
    contents: Sequence[Sequence[str]] | None = None
    """The same, for each unit."""


def all_done(work: Work, outcomes: list[Any]) -> list[Any]:
    """What they gave; raises the first error."""
    raise_of_input(work, [one for one in outcomes if isinstance(one, Failed)])
    for one in outcomes:
        if isinstance(one, Failed):
            raise one.error
    return outcomes


def raise_of_input(work: Work, failed: Sequence[Failed]) -> None:
    """Raise the first error that says that an input is of no use, about the file as it was given."""
    for one in failed:
        if isinstance(one.error, InputError):
            error = one.error
            raise type(error)(error.what, where=as_given(work, error.where), advice=error.advice)


def as_given(work: Work, where: str) -> str:
    """A place in a file (its path, maybe with the byte behind it) with the file's path as it was given."""
    for unit in work.units:
        for file in unit.files:
            path, _, behind = where.partition(str(file.path.absolute()))
            if not path and (not behind or behind.startswith(":")) and where:
                return f"{file.path}{behind}"
    return where


def does_not_stay(work: Work) -> NightsideError:
    """What is made anew is spoilt again."""
    return NightsideError(
        f"what workers leave in the work place is damaged or gone each of {TIMES_ANEW} times",
        where=work.place.place,
        advice="Look whether its disk is whole and has room, and whether all workers write to this very place.",
    )


def names_of_files(unit: Unit) -> tuple[str, ...]:
    """For who is told that a job failed."""
    return tuple(file.name for file in unit.files)


def absolute(unit: Unit) -> Unit:
    """The same for who is in another folder."""
    return replace(unit, files=tuple(replace(file, path=file.path.absolute()) for file in unit.files))
