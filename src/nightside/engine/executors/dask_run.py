"""The run of jobs on a Dask cluster: who is there, and who of them may do jobs.

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
from dataclasses import dataclass
from typing import Any

from nightside.engine.executors.dask_call import call_of_hello
from nightside.engine.executors.dask_lane import Given, Lane, first_line, lacks
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
class Warned:
    """Something to be said about the cluster."""

    text: str


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
        self._name = f"nightside-{uuid.uuid4().hex}"
        """Other runs on the same cluster have others."""
        self._placing = Placing(AHEAD_S)
        self._lanes: dict[str, Lane] = {}
        """By address."""
        self._refused: dict[str, str] = {}
        """Why, by address."""
        self._meeting: set[str] = set()
        self._meetings: set[asyncio.Task[None]] = set()
        self._met = 0
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
            for meeting in self._meetings:
                meeting.cancel()
            ending = [task for lane in self._lanes.values() for task in lane.let_go()]
            await asyncio.gather(*ending, *self._meetings, return_exceptions=True)
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
                f"no Dask scheduler answers ({first_line(error)})",
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
            if about is None or lane.broken:
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
            hello = self._client.run(pickle.loads, call_of_hello(), workers=list(new), on_error="return")
            said = await asyncio.wait_for(hello, ANSWER_S)
        except (OSError, TimeoutError):
            # Whoever is still there is asked again.
            return
        finally:
            self._meeting -= new.keys()
        for address, about in new.items():
            theirs = said.get(address, OSError())
            if isinstance(theirs, OSError):
                continue
            why = difference(theirs) if isinstance(theirs, dict) else lacks(theirs)
            if why:
                self._refuse(address, why)
                continue
            self._met += 1
            place = Place(address, str(about["host"]), int(about["nthreads"]))
            self._placing.places[address] = place
            self._lanes[address] = Lane(
                self._client,
                self._placing,
                place,
                f"{self._name}-{self._met}",
                hears=self._hears,
                changed=self._wake,
                refused=self._refuse_at_work,
            )
        self._count()

    def _refuse_at_work(self, lane: Lane, why: str) -> None:
        self._refuse(lane.place.address, why)
        self._lose(lane)

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

    def _lose(self, lane: Lane) -> None:
        address = lane.place.address
        del self._lanes[address], self._placing.places[address]
        self._count()
        lane.gone()

    def _count(self) -> None:
        self.threads = sum(place.threads for place in self._placing.places.values())

    def _wake(self) -> None:
        """Who may have room looks for work."""
        if self._placing.waiting:
            for lane in self._lanes.values():
                lane.wake()
