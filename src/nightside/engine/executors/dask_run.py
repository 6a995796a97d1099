"""The run of jobs on a Dask cluster: who is there, what each worker is given, and what it answers.

Dask carries calls and answers, and says who is there. Which worker does a job is decided here (`placing`): only so is
it known on which one a job failed, and which job a worker did when it died (docs/decisions/0022). All of it happens in
one event loop, so that nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import pickle
import time
import uuid
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nightside.engine.executors.dask_call import Answer, call_of, call_of_hello
from nightside.engine.executors.doing import told
from nightside.engine.executors.placing import Place, Placing
from nightside.engine.executors.program import difference
from nightside.engine.executors.protocol import Failed, Job
from nightside.model.errors import NightsideError

CONNECT_S = 10.0
"""A scheduler must let us in within it."""
ANSWER_S = 30.0
"""A scheduler must say who is there, and a worker which program it runs, within it."""
CLOSE_S = 5.0
"""It is waited for a good end of the connection so long at most."""
LOOK_S = 0.5
"""So often it is looked who is there."""
NOBODY_S = 60.0
"""So long it is waited for the first worker, or for one to come back."""
AHEAD_S = 0.1
"""As of `Placing`: some ten times what an answer and a new job are on their way."""
MOST_TOLD = 3
"""So many workers of another program are named."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value of a job, still pickled."""

    number: int
    pickled: bytes


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to be said about the cluster."""

    text: str


@dataclass(slots=True, eq=False)
class _Lane:
    """Our side of one worker."""

    place: Place
    futures: dict[int, Any] = field(default_factory=dict)
    """Dask's, of what it holds, by number."""
    follows: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    finished: list[int] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    serves: asyncio.Task[None] | None = None

    def tasks(self) -> list[asyncio.Task[None]]:
        """All that is under way for it."""
        return [*self.follows.values(), *([self.serves] if self.serves else [])]


class Run:
    """All of it. `hears` is told outcomes, in the event loop's thread; `started` that the cluster can be used."""

    def __init__(
        self, address: str, hears: Callable[[Given | Failed | Warned], None], started: Callable[[], None]
    ) -> None:
        self.address = address
        self.threads = 0
        """Of all workers that can be used."""
        self._hears = hears
        self._started = started
        self._client: Any = None
        """Of Dask."""
        self._name = uuid.uuid4().hex
        """Other runs on the same cluster have others."""
        self._placing = Placing(AHEAD_S)
        self._lanes: dict[str, _Lane] = {}
        """By address."""
        self._refused: dict[str, str] = {}
        """Why, by address."""
        self._meeting: set[str] = set()
        self._meetings: set[asyncio.Task[None]] = set()
        self._sent = 0
        self._nobody_since_s = 0.0

    def add(self, number: int, job: Job) -> None:
        """Have a job done."""
        self._placing.add(number, job)
        self._wake()

    async def run(self) -> None:
        """Do jobs until cancelled; raises NightsideError where that has become impossible."""
        import dask
        from distributed import Client

        connect: Any = Client
        self._client = connect(
            self.address, asynchronous=True, set_as_default=False, timeout=CONNECT_S, name="nightside"
        )
        try:
            await self._connect()
            # Within it nobody else's client is meant, and nothing is said about what is large.
            with (
                self._client.as_current(),
                dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}),
            ):
                await self._watch()
        finally:
            lanes = [task for lane in self._lanes.values() for task in lane.tasks()]
            under_way = [*lanes, *self._meetings]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            with suppress(Exception):
                await asyncio.wait_for(self._client.close(), CLOSE_S)

    async def _connect(self) -> None:
        try:
            with warnings.catch_warnings():
                # That versions differ is said later, in one line. Whoever opened this waits meanwhile, so that no
                # warning of theirs is lost.
                warnings.simplefilter("ignore")
                await self._client
        except (OSError, ValueError) as error:
            raise NightsideError(
                f"no Dask scheduler answers ({_first_line(error)})",
                where=self.address,
                advice="Start one with `dask scheduler`, and say the address that it names.",
            ) from None

    # ---- who is there --------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Look who is there, again and again."""
        self._nobody_since_s = time.monotonic()
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
            said = await asyncio.wait_for(self._client.scheduler.identity(n_workers=-1), ANSWER_S)
        except (OSError, TimeoutError):
            raise NightsideError(
                "the Dask scheduler is gone",
                where=self.address,
                advice="Start it and its workers again; the same command goes on where it was.",
            ) from None
        workers: dict[str, dict[str, Any]] = said["workers"]
        return workers

    def _look(self, there: dict[str, dict[str, Any]]) -> None:
        for lane in list(self._lanes.values()):
            about = there.get(lane.place.address)
            if about is None or _broken(lane):
                self._lose(lane)
            else:
                lane.place.paused = about["status"] != "running"
        self._refused = {address: why for address, why in self._refused.items() if address in there}
        known = self._lanes.keys() | self._refused.keys() | self._meeting
        if new := {address: about for address, about in there.items() if address not in known}:
            task = asyncio.ensure_future(self._meet(new))
            self._meetings.add(task)
            task.add_done_callback(self._meetings.discard)
        self._wake()
        now_s = time.monotonic()
        if self._lanes or not len(self._placing):
            self._nobody_since_s = now_s
        elif self._refused and not self._meeting:
            raise self._refusal()
        elif now_s - self._nobody_since_s > NOBODY_S:
            raise NightsideError(
                f"no worker has been there for {NOBODY_S:.0f} s",
                where=self.address,
                advice=f"Start some: `dask worker {self.address}`; the same command goes on where it was.",
            )

    async def _meet(self, new: dict[str, dict[str, Any]]) -> None:
        """Ask new workers which program they run; those that run ours do jobs from now on."""
        if not new:
            return
        self._meeting |= new.keys()
        try:
            asked = self._client.run(pickle.loads, call_of_hello(), workers=list(new), on_error="return")
            said = await asyncio.wait_for(asked, ANSWER_S)
        except (OSError, TimeoutError):
            # Whoever is still there is asked again.
            return
        finally:
            self._meeting -= new.keys()
        for address, about in new.items():
            theirs = said.get(address, OSError())
            if isinstance(theirs, OSError):
                continue
            why = difference(theirs) if isinstance(theirs, dict) else _lacks(theirs)
            if why:
                self._refuse(address, why)
                continue
            place = Place(address, str(about["host"]), int(about["nthreads"]))
            self._placing.places[address] = place
            lane = self._lanes[address] = _Lane(place)
            lane.serves = asyncio.ensure_future(self._serve(lane))
        self._count()

    def _refuse(self, address: str, why: str) -> None:
        self._refused[address] = why
        if self._lanes.keys() - {address}:
            self._hears(Warned(f"{address}: this worker has another program and does nothing here: {why}"))

    def _refusal(self) -> NightsideError:
        told = [f"{address} has {why}" for address, why in sorted(self._refused.items())]
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        return NightsideError(
            f"workers have another program: {'; '.join(told[:MOST_TOLD])}{more}",
            where=self.address,
            advice="Install the same nightside and the same libraries everywhere, and start the workers anew.",
        )

    def _lose(self, lane: _Lane) -> None:
        """A worker has gone: what it had is done by others."""
        place = lane.place
        del self._lanes[place.address], self._placing.places[place.address]
        self._count()
        for task in lane.tasks():
            task.cancel()
        for number in list(place.held):
            if lane.futures[number].status == "finished":
                self._placing.put_back(place, number)
            else:
                self._died(place, number)
        self._wake()

    def _count(self) -> None:
        self.threads = sum(place.threads for place in self._placing.places.values())

    # ---- one worker ----------------------------------------------------------------------------------------

    async def _serve(self, lane: _Lane) -> None:
        """Give to a worker, and take from it, until it has gone."""
        while True:
            lane.wake.clear()
            self._give(lane)
            if lane.finished:
                await self._collect(lane)
            else:
                await lane.wake.wait()

    def _give(self, lane: _Lane) -> None:
        """As much as it should have, in one go."""
        calls: dict[int, bytes] = {}
        while (number := self._placing.choose(lane.place, time.monotonic())) is not None:
            job = self._placing.job(number)
            try:
                calls[number] = call_of(job)
            except Exception as error:
                # What cannot be pickled can be sent nowhere.
                self._failed(lane.place, number, told(error, job.name), final=True)
        if not calls:
            return
        self._sent += 1
        futures = self._client.map(
            pickle.loads,
            list(calls.values()),
            key=[f"nightside-{self._name}-{self._sent}-{number}" for number in calls],
            pure=False,
            workers=[lane.place.address],
            allow_other_workers=False,
            retries=0,
        )
        for number, future in zip(calls, futures, strict=True):
            lane.futures[number] = future
            lane.follows[number] = asyncio.ensure_future(self._follow(lane, number, future))

    async def _follow(self, lane: _Lane, number: int, future: Any) -> None:
        from distributed import wait
        from distributed.client import FuturesCancelledError

        until_done: Any = wait
        with suppress(FuturesCancelledError):
            await until_done([future])
        lane.finished.append(number)
        lane.wake.set()

    async def _collect(self, lane: _Lane) -> None:
        """Take what a worker has done."""
        numbers = list(lane.finished)
        good = [number for number in numbers if lane.futures[number].status == "finished"]
        values = await self._client.gather([lane.futures[number] for number in good], errors="skip")
        # Fewer where some were lost meanwhile; then which is which is not known.
        answers = dict(zip(good, values, strict=True)) if len(values) == len(good) else {}
        errors = {
            number: await lane.futures[number].exception()
            for number in numbers
            if number not in answers and lane.futures[number].status == "error"
        }
        # From here on nothing is waited for, so that no job is lost between two hands.
        del lane.finished[: len(numbers)]
        for number in numbers:
            del lane.futures[number], lane.follows[number]
            if number in answers:
                self._answered(lane.place, number, answers[number])
            elif isinstance(errors.get(number), ImportError | AttributeError):
                self._placing.put_back(lane.place, number)
                self._refuse(lane.place.address, _lacks(errors[number]))
            else:
                self._died(lane.place, number)
        if lane.place.address in self._refused:
            self._lose(lane)

    # ---- what came of a job --------------------------------------------------------------------------------

    def _answered(self, place: Place, number: int, answer: Answer) -> None:
        word, pickled, took_s = answer
        if word == "value":
            self._placing.done(place, number, took_s)
            self._hears(Given(number, pickled))
        elif word == "error":
            self._failed(place, number, pickle.loads(pickled))
        else:
            self._placing.put_back(place, number)
            self._refuse(place.address, difference(pickle.loads(pickled)))

    def _failed(self, place: Place, number: int, error: Exception, *, final: bool = False) -> None:
        self._tell(self._placing.failed(place, number, error, time.monotonic(), final=final))

    def _died(self, place: Place, number: int) -> None:
        error = NightsideError(
            f"each worker that did it died, the last at {place.address}",
            where=self._placing.job(number).name,
            advice="If memory ran out, give workers more of it, or fewer threads.",
        )
        self._tell(self._placing.died(place, number, error))

    def _tell(self, outcome: Failed | None) -> None:
        if outcome is not None:
            self._hears(outcome)
        self._wake()

    def _wake(self) -> None:
        """Who may have room looks for work."""
        if self._placing.waiting:
            for lane in self._lanes.values():
                lane.wake.set()


def _broken(lane: _Lane) -> bool:
    """Whether talking to a worker has ended, as it does where it has gone; raises what nobody expected."""
    if lane.serves is None or not lane.serves.done() or lane.serves.cancelled():
        return False
    error = lane.serves.exception()
    if error is not None and not isinstance(error, OSError):
        raise error
    return True


def _lacks(error: BaseException) -> str:
    return f"no such program ({_first_line(error)})"


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
