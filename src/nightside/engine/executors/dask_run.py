"""The run of jobs on a Dask cluster: which worker does which job, and what follows from what it answers.

Dask carries calls and answers, and says who is there. Which worker does a job is decided here: only so is it known on
which one a job failed, and which job a worker did when it died (docs/decisions/0022). All of it happens in one event
loop, so that nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import heapq
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nightside.engine.executors.dask_call import Answer, call_of, call_of_hello
from nightside.engine.executors.doing import may_succeed_elsewhere, told
from nightside.engine.executors.program import difference
from nightside.engine.executors.protocol import DEATHS, TRIES, Failed, Job
from nightside.model.errors import NightsideError

CONNECT_S = 10.0
"""A scheduler must answer within it."""
HELLO_S = 60.0
"""A worker must say which program it runs within it."""
LOOK_S = 0.5
"""So often it is looked who is there."""
NOBODY_S = 60.0
"""So long it is waited for the first worker, or for one to come back."""
AHEAD_S = 0.1
"""Work of so many seconds waits at a worker, so that it need not wait for us after each short job."""
MOST_AHEAD = 64
REST_S = 1.0
"""So long a worker gets nothing after a job failed on it, twice as long after each further one..."""
LONGEST_REST_S = 60.0
"""...up to this: a full disk fails jobs faster than all others do them."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value of a job, still pickled."""

    number: int
    pickled: bytes


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to be said about the cluster."""

    text: str


Hears = Callable[[Given | Failed | Warned | NightsideError], None]


@dataclass(slots=True)
class _Job:
    """A job that has no outcome yet."""

    job: Job
    tries: int = 0
    deaths: int = 0
    failed_at: set[str] = field(default_factory=set)
    """Addresses of workers."""
    failed_hosts: set[str] = field(default_factory=set)
    careful: bool = False
    """It was at a worker that died: it is never given ahead, so that it is known when it did it."""


@dataclass(slots=True)
class _Held:
    """A job that a worker has."""

    future: Any
    """Of Dask."""
    ahead_s: float | None
    """So long it should take, where it waits behind others; None: it was begun when it was given."""
    follows: asyncio.Task[None] | None = None


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker that runs the same program."""

    address: str
    host: str
    threads: int
    held: dict[int, _Held] = field(default_factory=dict)
    """By number, in the order in which they were given."""
    finished: list[int] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    lane: asyncio.Task[None] | None = None
    failures: int = 0
    """Since its last success."""
    rests_until: float = 0.0


class Run:
    """All of it. `hears` is told outcomes, in the event loop's thread; `started` that the cluster can be used."""

    def __init__(self, address: str, hears: Hears, started: Callable[[], None]) -> None:
        self.address = address
        self.threads = 0
        """Of all workers that can be used."""
        self._hears = hears
        self._started = started
        self._client: Any
        """Of Dask."""
        self._workers: dict[str, _Worker] = {}
        self._refused: dict[str, str] = {}
        """Why, by address."""
        self._meeting: dict[str, asyncio.Task[None]] = {}
        self._jobs: dict[int, _Job] = {}
        self._fresh: list[tuple[int, int]] = []
        """(minus its bytes, number) of each job that may be done anywhere: a heap."""
        self._again: list[int] = []
        """Jobs that failed somewhere."""
        self._took_s: dict[Any, float] = {}
        """About how long jobs take, by what they call."""
        self._sent = 0
        self._nobody_since = 0.0

    def add(self, number: int, job: Job) -> None:
        """Have a job done."""
        self._jobs[number] = _Job(job)
        heapq.heappush(self._fresh, (-job.bytes, number))
        self._wake()

    async def run(self) -> None:
        """Do jobs until cancelled; raises NightsideError where that has become impossible."""
        from distributed import Client

        try:
            connect: Any = Client
            self._client = await connect(
                self.address, asynchronous=True, set_as_default=False, timeout=CONNECT_S, name="nightside"
            )
        except (OSError, ValueError) as error:
            raise NightsideError(
                f"no Dask scheduler answers ({_first_line(error)})",
                where=self.address,
                advice="Start one with `dask scheduler`, and say the address that it names.",
            ) from None
        try:
            # For whatever is begun in here: nobody else's client is meant.
            with self._client.as_current():
                await self._watch()
        finally:
            with suppress(Exception):
                await asyncio.wait_for(self._client.close(), 5)

    # ---- who is there --------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look who is there, again and again."""
        self._nobody_since = time.monotonic()
        await self._meet(await self._there())
        if self._refused:
            raise self._refusal()
        self._started()
        while True:
            await asyncio.sleep(LOOK_S)
            self._look(await self._there())

    async def _there(self) -> dict[str, dict[str, Any]]:
        """What the scheduler says of each worker, by address."""
        try:
            if self._client.status != "running":
                raise OSError
            said = await asyncio.wait_for(self._client.scheduler.identity(n_workers=-1), CONNECT_S)
        except (OSError, TimeoutError):
            raise NightsideError(
                "the Dask scheduler is gone",
                where=self.address,
                advice="Start it and its workers again; the same command goes on where it was.",
            ) from None
        workers: dict[str, dict[str, Any]] = said["workers"]
        return workers

    def _look(self, there: dict[str, dict[str, Any]]) -> None:
        for address in [a for a in self._workers if a not in there]:
            self._lose(self._workers[address])
        for address in [a for a in self._refused if a not in there]:
            del self._refused[address]
        new = {
            a: about
            for a, about in there.items()
            if a not in self._workers and a not in self._refused and a not in self._meeting
        }
        if new:
            task = asyncio.ensure_future(self._meet(new))
            self._meeting |= dict.fromkeys(new, task)
            task.add_done_callback(lambda _task: [self._meeting.pop(address, None) for address in new])
        now = time.monotonic()
        if self._workers:
            self._nobody_since = now
            self._wake()
        elif self._jobs and not self._meeting:
            if self._refused:
                raise self._refusal()
            if now - self._nobody_since > NOBODY_S:
                raise NightsideError(
                    f"no worker has been there for {NOBODY_S:.0f} s",
                    where=self.address,
                    advice=f"Start some with `dask worker {self.address}`; the same command goes on where it was.",
                )

    async def _meet(self, new: dict[str, dict[str, Any]]) -> None:
        """Ask new workers which program they run; those that run ours do jobs from now on."""
        if not new:
            return
        try:
            asked = self._client.run(pickle.loads, call_of_hello(), workers=list(new), on_error="return")
            said = await asyncio.wait_for(asked, HELLO_S)
        except (OSError, TimeoutError):
            # It is asked again when it is looked again, if it is still there.
            return
        for address, about in new.items():
            theirs = said.get(address)
            if isinstance(theirs, dict):
                differs = difference(theirs)
                if differs:
                    self._refuse(address, differs)
                    continue
                worker = _Worker(address, str(about["host"]), int(about["nthreads"]))
                self._workers[address] = worker
                worker.lane = asyncio.ensure_future(self._lane(worker))
            elif isinstance(theirs, ImportError | AttributeError):
                self._refuse(address, f"it has no such program ({_first_line(theirs)})")
        self._count()

    def _refuse(self, address: str, why: str) -> None:
        self._refused[address] = why
        if self._workers:
            self._hears(Warned(f"{address}: a worker of another program does nothing here: {why}"))

    def _refusal(self) -> NightsideError:
        told = "; ".join(f"{address} has {why}" for address, why in sorted(self._refused.items())[:3])
        more = len(self._refused) - 3
        return NightsideError(
            f"workers of another program: {told}" + (f"; and {more} more" if more > 0 else ""),
            where=self.address,
            advice="Install the same nightside and the same libraries everywhere, and start the workers anew.",
        )

    def _lose(self, worker: _Worker) -> None:
        """A worker has gone: what it had is done by others."""
        del self._workers[worker.address]
        self._count()
        if worker.lane is not None:
            worker.lane.cancel()
        for number, held in worker.held.items():
            if held.follows is not None:
                held.follows.cancel()
            began = held.ahead_s is None and held.future.status != "finished"
            self._jobs[number].careful = True
            if began:
                self._died(number, worker)
            else:
                self._put_back(number)
        worker.held.clear()
        self._wake()

    def _count(self) -> None:
        self.threads = sum(worker.threads for worker in self._workers.values())

    # ---- one worker ----------------------------------------------------------------------------------------

    async def _lane(self, worker: _Worker) -> None:
        """Give to a worker, and take from it, until it has gone."""
        while True:
            worker.wake.clear()
            self._give(worker)
            if worker.finished:
                await self._collect(worker)
            else:
                await worker.wake.wait()

    def _give(self, worker: _Worker) -> None:
        numbers: list[int] = []
        calls: list[bytes] = []
        while (chosen := self._choose(worker, len(numbers))) is not None:
            number, ahead_s = chosen
            try:
                calls.append(call_of(self._jobs[number].job))
            except Exception as error:
                self._end(Failed(number, self._jobs[number].job, told(error, self._jobs[number].job.name), 1))
                continue
            numbers.append(number)
            worker.held[number] = _Held(None, ahead_s)
        if not numbers:
            return
        self._sent += 1
        futures = self._client.map(
            pickle.loads,
            calls,
            key=[f"nightside-{self._sent}-{number}" for number in numbers],
            pure=False,
            workers=[worker.address],
            allow_other_workers=False,
            retries=0,
        )
        for number, future in zip(numbers, futures, strict=True):
            worker.held[number].future = future
            worker.held[number].follows = asyncio.ensure_future(self._follow(worker, number, future))

    async def _follow(self, worker: _Worker, number: int, future: Any) -> None:
        from distributed import wait
        from distributed.client import FuturesCancelledError

        done: Any = wait
        with suppress(FuturesCancelledError):
            await done([future])
        worker.finished.append(number)
        worker.wake.set()

    def _choose(self, worker: _Worker, _given: int) -> tuple[int, float | None] | None:
        """The job that a worker does next, and how long it will take if it has to wait there."""
        if time.monotonic() < worker.rests_until:
            return None
        free = len(worker.held) < worker.threads
        if free:
            for place, number in enumerate(self._again):
                if self._may(self._jobs[number], worker):
                    del self._again[place]
                    return number, None
        if not self._fresh:
            return None
        number = self._fresh[0][1]
        if free:
            heapq.heappop(self._fresh)
            return number, None
        one = self._jobs[number]
        takes_s = self._took_s.get(one.job.work)
        if takes_s is None or one.careful or len(worker.held) >= worker.threads + MOST_AHEAD:
            return None
        if sum(held.ahead_s or 0.0 for held in worker.held.values()) + takes_s > AHEAD_S * worker.threads:
            return None
        heapq.heappop(self._fresh)
        return number, takes_s

    def _may(self, one: _Job, worker: _Worker) -> bool:
        """Whether a job that failed elsewhere may be tried here: on another host if there is one, else elsewhere."""
        others = [w for w in self._workers.values() if w.address not in one.failed_at]
        elsewhere = [w for w in others if w.host not in one.failed_hosts]
        return worker in (elsewhere or others or [worker])

    async def _collect(self, worker: _Worker) -> None:
        """Take what a worker has done."""
        numbers, worker.finished = worker.finished, []
        futures = {number: worker.held[number].future for number in numbers}
        good = [number for number in numbers if futures[number].status == "finished"]
        values = await self._client.gather([futures[number] for number in good], errors="skip")
        answers = dict(zip(good, values, strict=True)) if len(values) == len(good) else {}
        for number in numbers:
            del worker.held[number]
            if number in answers:
                self._answered(worker, number, answers[number])
            else:
                error = futures[number].status == "error" and await futures[number].exception()
                if isinstance(error, ImportError | AttributeError):
                    self._put_back(number)
                    self._refuse(worker.address, f"no such program ({_first_line(error)})")
                else:
                    self._died(number, worker)
        if worker.address in self._refused:
            self._lose(worker)

    # ---- what came of a job --------------------------------------------------------------------------------

    def _answered(self, worker: _Worker, number: int, answer: Answer) -> None:
        one = self._jobs[number]
        word, pickled, took_s = answer
        if word == "value":
            worker.failures = 0
            before = self._took_s.get(one.job.work, took_s)
            self._took_s[one.job.work] = before + 0.2 * (took_s - before)
            del self._jobs[number]
            self._hears(Given(number, pickled))
            return
        what = pickle.loads(pickled)
        if word == "refused":
            self._put_back(number)
            if worker.address not in self._refused:
                self._refuse(worker.address, difference(what))
            return
        one.tries += 1
        if one.tries >= TRIES or not may_succeed_elsewhere(what):
            self._end(Failed(number, one.job, what, one.tries + one.deaths))
            return
        worker.failures += 1
        worker.rests_until = time.monotonic() + min(LONGEST_REST_S, REST_S * 2 ** (worker.failures - 1))
        one.failed_at.add(worker.address)
        one.failed_hosts.add(worker.host)
        self._again.append(number)
        self._wake()

    def _died(self, number: int, worker: _Worker) -> None:
        one = self._jobs[number]
        one.deaths += 1
        if one.deaths < DEATHS:
            self._put_back(number)
            return
        error = NightsideError(
            f"each worker that did it died, the last at {worker.address}",
            where=one.job.name,
            advice="If memory ran out, give workers more of it, or fewer threads.",
        )
        self._end(Failed(number, one.job, error, one.tries + one.deaths))

    def _put_back(self, number: int) -> None:
        one = self._jobs[number]
        if one.failed_at:
            self._again.append(number)
        else:
            heapq.heappush(self._fresh, (-one.job.bytes, number))
        self._wake()

    def _end(self, outcome: Failed) -> None:
        del self._jobs[outcome.number]
        self._hears(outcome)

    def _wake(self) -> None:
        """Who has room looks for work."""
        for worker in self._workers.values():
            if len(worker.held) < worker.threads + MOST_AHEAD:
                worker.wake.set()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
