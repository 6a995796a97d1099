"""Jobs done by processes of this machine: plain new ones, each of which does one job after the other.

They are started anew and not forked: by then threads may be running (a progress bar's, pyarrow's), and a fork takes
their locks along as they are; and not by multiprocessing, which would run the caller's main program again
(docs/decisions/0017).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

from nightside.engine.executors import process as other_side
from nightside.engine.executors.doing import told
from nightside.engine.executors.pipes import receive, send
from nightside.engine.executors.placing import Place, Placing
from nightside.engine.executors.protocol import Done, Failed, Job
from nightside.model.errors import NightsideError

END_S = 5.0
"""Who has closed its end of the pipe ends itself within it."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Process:
    """One process, and the job that it does."""

    def __init__(self, name: str) -> None:
        self.place = Place(name)
        # In a group of its own: an interrupt at the terminal is told to us, and we end it.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", other_side.__name__],
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
        self.job = 0
        """By number, while it is busy."""
        self.read = 0
        """Bytes that it told of its job."""

    def close(self) -> None:
        self.tell.close()
        self.hear.close()
        self.process.kill()
        self.process.wait()

    def death(self, job: Job) -> NightsideError:
        try:
            code = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            # It is deaf and dumb, and no use to anybody.
            self.process.kill()
            code = self.process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return NightsideError(
            f"each process that did it {how}",
            where=job.name,
            advice="If memory ran out, do less at once: --processes 1.",
        )


class LocalExecutor:
    """Jobs in processes of this machine; work is given out while somebody waits in `next`.

    `advance` is told how many bytes jobs have read since the last call (`progress.advance`); what is read again after
    a failure is not told again.
    """

    def __init__(
        self, processes: int | None = None, advance: Callable[[int], None] = lambda _read: None
    ) -> None:
        self._most = processes or cores()
        self._advance = advance
        self._placing = Placing()
        self._submitted = self._started = 0
        self._told: dict[int, int] = {}
        """How many bytes of a job's were told, by all of its tries."""
        self._outcomes: deque[Done | Failed] = deque()
        self._idle: list[_Process] = []
        self._busy: dict[Connection, _Process] = {}

    @property
    def workers(self) -> int:
        """How many jobs are done at the same time."""
        return self._most

    def submit(self, job: Job) -> int:
        """Have a job done; its number."""
        number = self._submitted
        self._submitted += 1
        self._placing.add(number, job)
        return number

    def next(self) -> Done | Failed:
        """The next outcome."""
        if not len(self._placing) and not self._outcomes:
            raise LookupError("nothing is under way")
        # What came free goes on while the caller looks at what was done.
        self._give_out()
        while not self._outcomes:
            for ready in wait(list(self._busy)):
                assert isinstance(ready, Connection)
                self._hear(self._busy[ready])
            self._give_out()
        return self._outcomes.popleft()

    def close(self) -> None:
        """End all processes, whatever they do."""
        for process in (*self._idle, *self._busy.values()):
            process.close()
        self._idle.clear()
        self._busy.clear()
        self._placing = Placing()
        self._outcomes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- giving out and hearing ----------------------------------------------------------------------------

    def _give_out(self) -> None:
        while self._placing.waiting and (self._idle or len(self._busy) < self._most):
            process = self._idle.pop() if self._idle else self._start()
            number = self._placing.choose(process.place, time.monotonic())
            # Who is idle may do anything: a process on which a job failed is none of ours any more.
            assert number is not None
            process.job, process.read = number, 0
            self._busy[process.hear] = process
            job = self._placing.job(number)
            try:
                send(process.tell, job.name, (job.work, job.given))
            except BrokenPipeError:
                self._died(process)
            except Exception as error:
                # What cannot be pickled can be sent nowhere.
                self._failed(process, told(error, job.name), final=True)

    def _start(self) -> _Process:
        self._started += 1
        process = _Process(str(self._started))
        self._placing.places[process.place.address] = process.place
        return process

    def _hear(self, process: _Process) -> None:
        try:
            word, what = receive(process.hear)
        except (EOFError, OSError):
            # Also in the midst of telling something.
            self._died(process)
            return
        number = process.job
        if word == "read":
            process.read += what
            self._tell(number, process.read)
        elif word == "value":
            self._placing.done(process.place, number, 0.0)
            self._idle.append(self._busy.pop(process.hear))
            self._end(Done(number, what))
        else:
            self._failed(process, what)

    def _failed(self, process: _Process, error: Exception, *, final: bool = False) -> None:
        self._end(self._placing.failed(process.place, process.job, error, time.monotonic(), final=final))
        # Whatever it was, the next try has a process that knows nothing of it.
        self._let_go(process)

    def _died(self, process: _Process) -> None:
        error = process.death(self._placing.job(process.job))
        self._end(self._placing.died(process.place, process.job, error))
        self._let_go(process)

    def _let_go(self, process: _Process) -> None:
        del self._busy[process.hear], self._placing.places[process.place.address]
        process.close()

    def _end(self, outcome: Done | Failed | None) -> None:
        if outcome is not None:
            self._told.pop(outcome.number, None)
            self._outcomes.append(outcome)

    def _tell(self, number: int, read: int) -> None:
        before = self._told.get(number, 0)
        if read > before:
            self._told[number] = read
            self._advance(read - before)
