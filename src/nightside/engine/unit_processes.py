"""Units read in several processes: each a plain one of its own, which reads one unit after the other.

A process is told what to read, and tells what it read, through pipes. It is started anew and not forked: by then
threads may be running (a progress bar's, pyarrow's), and a fork takes their locks along as they are.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from stat import S_ISREG

import numpy as np

from nightside.engine.units import Advance, Part, Unit, read_unit
from nightside.model.errors import NightsideError
from nightside.world.snapshot import Snapshot

WORTH_BYTES = 32 * 1024 * 1024
"""So many bytes must be left to the other processes, for their start (0.3 s of CPU each) to pay."""
TOLD_BYTES = 256 * 1024
"""So many bytes are read before that is told, so that whoever hears it is not woken a thousand times a second."""


def read_units(
    units: Sequence[Unit], snapshot: Snapshot, advance: Advance, processes: int | None
) -> Generator[Part, None, None]:
    """Read all units; their parts in the order of the units, whoever read them.

    `processes`: so many at most, and at most one for each unit; None: as many as there are cores, where it pays.
    Raises what `read_unit` raises, and NightsideError where a process ended before its unit was read.
    """
    number = _how_many(units, processes)
    if number > 1:
        yield from _read_apart(units, snapshot, advance, number)
        return
    for unit in units:
        yield read_unit(unit, snapshot, advance)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


# ---- here ------------------------------------------------------------------------------------------------


class _Process:
    """One process, and the unit that it reads (by number; None: it is idle)."""

    def __init__(self) -> None:
        # In a group of its own: an interrupt at the terminal is told to us, and we end it.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.tell = Connection(os.dup(self.process.stdin.fileno()), readable=False)
        self.hear = Connection(os.dup(self.process.stdout.fileno()), writable=False)
        self.process.stdin.close()
        self.process.stdout.close()
        self.unit: int | None = None

    def close(self) -> None:
        self.tell.close()
        self.hear.close()
        self.process.kill()
        self.process.wait()

    def died(self, unit: Unit) -> NightsideError:
        code = self.process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return NightsideError(
            f"the process that read it {how}",
            where=unit.collector,
            advice="If memory ran out, read fewer collectors at once: --processes 1.",
        )


def _read_apart(
    units: Sequence[Unit], snapshot: Snapshot, advance: Advance, number: int
) -> Generator[Part, None, None]:
    # The longest first, so that none of them is begun when all others are done.
    longest = sorted(range(len(units)), key=lambda i: (-(_bytes_of(units[i]) or 0), i))
    to_do = iter(longest)
    # Without what it has worked out for itself.
    plain = replace(snapshot)
    done: dict[int, Part] = {}
    given = 0
    with ExitStack() as stack:
        working: dict[Connection, _Process] = {}
        for _ in range(number):
            process = _Process()
            stack.callback(process.close)
            working[process.hear] = process
            _give(process, plain, next(to_do), units)
        while working:
            for ready in wait(list(working)):
                assert isinstance(ready, Connection)
                process = working[ready]
                assert process.unit is not None
                unit = units[process.unit]
                try:
                    word, what = ready.recv()
                    if word == "part":
                        what = _receive(ready, what)
                except (EOFError, ConnectionResetError):
                    raise process.died(unit) from None
                if word == "read":
                    advance(what)
                elif word == "error":
                    raise what
                else:
                    done[process.unit] = what
                    following = next(to_do, None)
                    if following is None:
                        del working[ready]
                        process.close()
                    else:
                        _give(process, None, following, units)
            while given in done:
                yield done.pop(given)
                given += 1


def _give(process: _Process, snapshot: Snapshot | None, number: int, units: Sequence[Unit]) -> None:
    process.unit = number
    try:
        process.tell.send((snapshot, units[number]))
    except BrokenPipeError:
        raise process.died(units[number]) from None


def _receive(connection: Connection, sizes: Sequence[int]) -> Part:
    pickled = connection.recv_bytes()
    columns = [np.empty(size, np.uint8) for size in sizes]
    for column in columns:
        if len(column):
            connection.recv_bytes_into(column)
    part: Part = pickle.loads(pickled, buffers=columns)
    return part


# ---- there -----------------------------------------------------------------------------------------------


def _send(connection: Connection, part: Part) -> None:
    """The columns of a part as they lie in memory, behind what is small."""
    columns: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(part, protocol=5, buffer_callback=columns.append)
    raw = [column.raw() for column in columns]
    connection.send(("part", [view.nbytes for view in raw]))
    connection.send_bytes(pickled)
    for view in raw:
        if view.nbytes:
            connection.send_bytes(view)


class _Progress:
    """Tells how many bytes were read, in large steps."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.untold = connection, 0

    def advance(self, read: int) -> None:
        self.untold += read
        if self.untold >= TOLD_BYTES:
            self.tell()

    def tell(self) -> None:
        self.connection.send(("read", self.untold))
        self.untold = 0


def main() -> None:
    """What each process does, until nobody tells it more."""
    tell, hear = Connection(os.dup(1), readable=False), Connection(os.dup(0), writable=False)
    # What anything prints must not get between what is told.
    os.dup2(2, 1)
    snapshot: Snapshot | None = None
    try:
        while True:
            given, unit = hear.recv()
            snapshot = snapshot if given is None else given
            assert snapshot is not None
            try:
                progress = _Progress(tell)
                part = read_unit(unit, snapshot, progress.advance)
                progress.tell()
            except BrokenPipeError:
                raise
            except Exception as error:
                tell.send(("error", _told(error, unit)))
            else:
                _send(tell, part)
                del part
    except (EOFError, BrokenPipeError):
        # Whoever asked has gone.
        return


def _told(error: Exception, unit: Unit) -> Exception:
    """An error as it is raised where it is heard of."""
    if isinstance(error, NightsideError):
        return error
    traceback.print_exception(error)
    return NightsideError(f"{type(error).__name__}: {error}", where=unit.collector)


if __name__ == "__main__":
    # Under its own name, so that what is pickled is found again.
    from nightside.engine.unit_processes import main as run

    run()
