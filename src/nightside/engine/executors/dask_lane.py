"""One worker of a Dask cluster: what it is given, and what it answers."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nightside.engine.executors.dask_call import Answer, Asked, asked, call_of
from nightside.engine.executors.doing import told
from nightside.engine.executors.placing import Place, Placing
from nightside.engine.executors.program import difference
from nightside.engine.executors.protocol import Failed
from nightside.model.errors import NightsideError


@dataclass(frozen=True, slots=True)
class Given:
    """A value of a job, still pickled."""

    number: int
    pickled: bytes


@dataclass(slots=True, eq=False)
class _Sent:
    """Jobs that the worker was sent as one, and does one after the other."""

    numbers: list[int]
    future: Any
    """Dask's, of their answers."""
    follows: asyncio.Task[None] | None = None


class Lane:
    """Gives jobs to one worker, and takes its answers, until it is let go.

    `client` is Dask's. `name` begins the names of all that is sent. `hears` is told outcomes, `changed` that a job
    waits again, `refused` that the worker has another program, and which.
    """

    def __init__(
        self,
        client: Any,
        placing: Placing,
        place: Place,
        name: str,
        *,
        hears: Callable[[Given | Failed], None],
        changed: Callable[[], None],
        refused: Callable[[Lane, str], None],
    ) -> None:
        self.place = place
        self._client, self._placing, self._name = client, placing, name
        self._hears, self._changed, self._refused = hears, changed, refused
        self._sent: set[_Sent] = set()
        self._finished: list[_Sent] = []
        self._calls = 0
        self._wake = asyncio.Event()
        self._serves = asyncio.ensure_future(self._serve())

    def wake(self) -> None:
        """Look for work."""
        self._wake.set()

    @property
    def broken(self) -> bool:
        """Whether talking to the worker has ended, as it does where it has gone; raises what nobody expected."""
        if not self._serves.done() or self._serves.cancelled():
            return False
        error = self._serves.exception()
        if error is not None and not isinstance(error, OSError):
            raise error
        return True

    def let_go(self) -> list[asyncio.Task[None]]:
        """Nothing more is given or taken; what is still to end."""
        tasks = [self._serves, *(sent.follows for sent in self._sent if sent.follows is not None)]
        for task in tasks:
            task.cancel()
        return tasks

    def gone(self) -> None:
        """The worker has gone: what it had is done by others."""
        self.let_go()
        for sent in self._sent:
            for number in sent.numbers:
                if sent.future.status == "finished":
                    self._placing.put_back(self.place, number)
                else:
                    self._died(number)
        self._sent.clear()
        self._changed()

    async def _serve(self) -> None:
        while True:
            self._wake.clear()
            self._give()
            if self._finished:
                await self._collect()
            else:
                await self._wake.wait()

    def _give(self) -> None:
        """As much as it should have, in one go."""
        begun: list[tuple[int, Asked]] = []
        ahead: list[tuple[int, Asked]] = []
        while (number := self._placing.choose(self.place, time.monotonic())) is not None:
            job = self._placing.job(number)
            try:
                ask = asked(job)
            except Exception as error:
                # What cannot be pickled can be sent nowhere.
                self._failed(number, told(error, job.name), final=True)
                continue
            (ahead if self.place.held[number] else begun).append((number, ask))
        # What is begun at once goes by itself. What is short and waits goes together: to say it takes longer than it.
        together = [[one] for one in begun] + ([ahead] if ahead else [])
        if not together:
            return
        self._calls += len(together)
        futures = self._client.map(
            pickle.loads,
            [call_of([ask for _number, ask in some]) for some in together],
            key=[f"{self._name}-{self._calls - n}" for n in range(len(together))],
            pure=False,
            workers=[self.place.address],
            allow_other_workers=False,
            retries=0,
        )
        for some, future in zip(together, futures, strict=True):
            sent = _Sent([number for number, _ask in some], future)
            sent.follows = asyncio.ensure_future(self._follow(sent))
            self._sent.add(sent)

    async def _follow(self, sent: _Sent) -> None:
        from distributed import wait
        from distributed.client import FuturesCancelledError

        until_done: Any = wait
        with suppress(FuturesCancelledError):
            await until_done([sent.future])
        self._finished.append(sent)
        self._wake.set()

    async def _collect(self) -> None:
        """Take what the worker has done."""
        came = list(self._finished)
        good = [sent for sent in came if sent.future.status == "finished"]
        values = await self._client.gather([sent.future for sent in good], errors="skip")
        # Fewer where some were lost meanwhile; then which is which is not known.
        answers = dict(zip(good, values, strict=True)) if len(values) == len(good) else {}
        errors = {
            sent: await sent.future.exception()
            for sent in came
            if sent not in answers and sent.future.status == "error"
        }
        # From here on nothing is waited for, so that no job is lost between two hands.
        del self._finished[: len(came)]
        self._sent.difference_update(came)
        other_program = ""
        for sent in came:
            error = errors.get(sent)
            for place, number in enumerate(sent.numbers):
                if sent in answers:
                    other_program = self._answered(number, answers[sent][place]) or other_program
                elif isinstance(error, ImportError | AttributeError):
                    self._placing.put_back(self.place, number)
                    other_program = lacks(error)
                else:
                    self._died(number)
        if other_program:
            self._refused(self, other_program)

    def _answered(self, number: int, answer: Answer) -> str:
        """Take an answer; what of the worker's program is not as it is here, where it refused the job for that."""
        word, pickled, took_s = answer
        if word == "value":
            self._placing.done(self.place, number, took_s)
            self._hears(Given(number, pickled))
        elif word == "error":
            self._failed(number, pickle.loads(pickled))
        else:
            self._placing.put_back(self.place, number)
            return difference(pickle.loads(pickled))
        return ""

    def _failed(self, number: int, error: Exception, *, final: bool = False) -> None:
        self._tell(self._placing.failed(self.place, number, error, time.monotonic(), final=final))

    def _died(self, number: int) -> None:
        error = NightsideError(
            f"each worker that did it died, the last at {self.place.address}",
            where=self._placing.job(number).name,
            advice="If memory ran out, give workers more of it, or fewer threads.",
        )
        self._tell(self._placing.died(self.place, number, error))

    def _tell(self, outcome: Failed | None) -> None:
        if outcome is not None:
            self._hears(outcome)
        self._changed()


def lacks(error: BaseException) -> str:
    """In words: a worker that has not even what it should be asked for."""
    return f"no such program ({first_line(error)})"


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return str(error).partition("\n")[0] or type(error).__name__
