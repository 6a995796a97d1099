"""The steps from units to parts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from nightside.engine.executors.protocol import Failed, Job
from nightside.engine.shards import part_segments
from nightside.engine.shards.pieces import (
    Work,
    absolute,
    all_done,
    as_given,
    names_of_files,
    raise_of_input,
)
from nightside.engine.shards.steps import Steps
from nightside.engine.shards.unit_job import Made, make_part, must_open
from nightside.engine.units import Unit
from nightside.model.errors import NightsideError, UnreadableError, UsageError


def part_job(work: Work, number: int, as_it_is: bool = False) -> Job:
    """Reading the unit of this number; `as_it_is` as `make_part` takes it."""
    unit = work.units[number]
    contents = None if work.contents is None else tuple(work.contents[number])
    return Job(
        unit.collector,
        make_part,
        (work.place, work.map, absolute(unit), work.bring, contents, as_it_is),
        inputs=names_of_files(unit),
        bytes=_size(unit),
    )


def parts_made(work: Work) -> Steps[list[Made]]:
    """Have all units read. Raises what only says that an input is of no use, and NightsideError for the rest."""
    outcomes = yield [part_job(work, number) for number in range(len(work.units))]
    unread = [
        number
        for number, one in enumerate(outcomes)
        if isinstance(one, Failed) and isinstance(one.error, UnreadableError)
    ]
    if unread and work.bring is None:
        for number in unread:
            _require_unread_here(work, number, outcomes[number].error)
        # What nobody can open is told of as a replay here tells of it.
        again = yield [part_job(work, number, as_it_is=True) for number in unread]
        for number, outcome in zip(unread, again, strict=True):
            outcomes[number] = outcome
    failed = [one for one in outcomes if isinstance(one, Failed)]
    raise_of_input(work, failed)
    if failed:
        raise _not_read(work, failed)
    return outcomes


def made_anew(work: Work, parts: Sequence[str], spoilt: Sequence[str]) -> Steps[None]:
    """Make these parts anew. Raises NightsideError where their files are others by now."""
    for name in spoilt:
        with suppress(OSError):
            part_segments.forget(work.place, name)
    numbers = [number for number, name in enumerate(parts) if name in spoilt]
    outcomes = yield [part_job(work, number) for number in numbers]
    for number, made in zip(numbers, all_done(work, outcomes), strict=True):
        if made.key != parts[number]:
            # What was told of the rest is of files that are not there any more.
            raise NightsideError(
                "its files were changed while they were replayed",
                where=work.units[number].collector,
                advice="Begin again when nobody writes to them.",
            )


def _require_unread_here(work: Work, number: int, error: UnreadableError) -> None:
    """Raises UsageError where workers alone cannot open a file: a replay here would read it."""
    with suppress(UnreadableError):
        must_open(work.units[number])
        raise UsageError(
            "can be read here, and by no worker that tried: it " + error.what,
            where=as_given(work, error.where),
            advice="Put the input where all hosts see it, and their users may read it; or replay with --engine local.",
        )


def _not_read(work: Work, failed: Sequence[Failed]) -> NightsideError:
    which = "; ".join(
        f"{one.job.name} ({len(one.job.inputs)} files from {one.job.inputs[0]} on; tried {one.tries} times: "
        f"{str(one.error).splitlines()[0]})"
        for one in failed
    )
    return NightsideError(
        f"{len(failed)} of {len(work.units)} collectors could not be read by any worker, and without them nothing is "
        f"told: {which}",
        advice="Begin again once that is mended: what the others gave is kept.",
    )


def _size(unit: Unit) -> int:
    total = 0
    for file in unit.files:
        with suppress(OSError):
            total += file.path.stat().st_size
    return total
