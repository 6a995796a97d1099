"""Units read in several processes of this machine, where that pays."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from stat import S_ISREG

from nightside.engine.executors import progress
from nightside.engine.executors.local import LocalExecutor, cores
from nightside.engine.executors.protocol import Failed, Job
from nightside.engine.units import Advance, Part, Unit, read_unit
from nightside.world.snapshot import Snapshot

WORTH_BYTES = 32 * 1024 * 1024
"""So many bytes must be left to the other processes, for their start (0.3 s of CPU each) to pay."""


def read_units(
    units: Sequence[Unit], snapshot: Snapshot, advance: Advance, processes: int | None
) -> Generator[Part, None, None]:
    """Read all units; their parts in the order of the units, whoever read them.

    `processes`: so many at most, and at most one for each unit; None: as many as there are cores, where it pays.
    Raises what `read_unit` raises, and NightsideError where the processes that read a unit ended before it was read.
    """
    number = _how_many(units, processes)
    if number > 1:
        yield from _read_apart(units, snapshot, advance, number)
        return
    for unit in units:
        yield read_unit(unit, snapshot, advance)


def _how_many(units: Sequence[Unit], processes: int | None) -> int:
    sizes = [_bytes_of(unit) for unit in units]
    if len(units) < 2 or None in sizes:
        return 1
    if processes is not None:
        return min(processes, len(units))
    known = [size for size in sizes if size is not None]
    return min(cores(), len(units)) if sum(known) - max(known) >= WORTH_BYTES else 1


def _bytes_of(unit: Unit) -> int | None:
    """The size of a unit's files; None where one is no ordinary file: a pipe of ours is nobody else's."""
    total = 0
    for file in unit.files:
        try:
            stat = file.path.stat()
        except OSError:
            continue
        if not S_ISREG(stat.st_mode):
            return None
        total += stat.st_size
    return total


def _read_apart(
    units: Sequence[Unit], snapshot: Snapshot, advance: Advance, number: int
) -> Generator[Part, None, None]:
    # Without what it has worked out for itself.
    plain = replace(snapshot)
    done: dict[int, Part] = {}
    given = 0
    with LocalExecutor(number, advance) as executor:
        for unit in units:
            files = tuple(file.name for file in unit.files)
            executor.submit(Job(unit.collector, _read, (unit, plain), files, _bytes_of(unit) or 0))
        while given < len(units):
            outcome = executor.next()
            if isinstance(outcome, Failed):
                raise outcome.error
            done[outcome.number] = outcome.value
            while given in done:
                yield done.pop(given)
                given += 1


def _read(unit: Unit, snapshot: Snapshot) -> Part:
    return read_unit(unit, snapshot, progress.advance)
