"""Days of a backfill, several of them under way at once on an executor, each asked for when its turn comes.

A day that waits for its turn has been begun with the lead that days usually have. Who takes it with another lead,
because the days before it left something that goes on, has it read again: what is taken never depends on what was
under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from nightside.engine.executors.protocol import Done, Executor, Job
from nightside.engine.shards.steps import Steps

JOBS_A_WORKER = 2
"""So many jobs for each worker are given out or wait for their day's turn, so that none stands idle."""

Found = TypeVar("Found")
Window = tuple[int, int]
"""[begin, end) of a day, in seconds since the epoch."""


@dataclass
class _Flight(Generic[Found]):
    """One day that is being read."""

    steps: Steps[Found]
    waiting: deque[tuple[int, Job]] = field(default_factory=deque)
    """Jobs of the step that nobody has been given yet, by their place in it."""
    outcomes: list[Any] = field(default_factory=list)
    """Of the jobs of the step, in their order."""
    open: int = 0
    """So many jobs of the step have no outcome."""
    ended: bool = False
    found: Found | None = None
    error: Exception | None = None

    def drop(self) -> None:
        """Nobody asks for it any more."""
        self.ended = True
        self.waiting.clear()
        self.steps.close()

    def advance(self, jobs_of: Callable[[], Sequence[Job]]) -> None:
        """Go on to the next step that has jobs, or to the end."""
        try:
            jobs = jobs_of()
            while not jobs:
                jobs = self.steps.send([])
        except StopIteration as last:
            self.ended, self.found = True, last.value
        except Exception as error:
            self.ended, self.error = True, error
        else:
            self.waiting = deque(enumerate(jobs))
            self.outcomes = [None] * len(jobs)
            self.open = len(jobs)


class Days(Generic[Found]):
    """The days of a backfill, to be taken in their order."""

    def __init__(
        self,
        days: Sequence[Window],
        read: Callable[[Window, int], Steps[Found]],
        usual_lead: Callable[[Window], int],
        executor: Executor | None = None,
        *,
        most_fetching: int | None = None,
        fetches: Callable[[Job], bool] = lambda _job: True,
    ) -> None:
        """`read` begins to read a day from a second on. Without an executor its steps have no jobs, and each day is
        begun when it is taken.

        Of jobs that ask the archives, which `fetches` says, at most `most_fetching` are given out at once.
        """
        self._read, self._usual, self._executor = read, usual_lead, executor
        self._to_come = deque(days)
        self._flights: dict[tuple[Window, int], _Flight[Found]] = {}
        self._under_way: dict[int, tuple[_Flight[Found], int]] = {}
        self._most_fetching, self._fetches = most_fetching, fetches
        self._fetching: set[int] = set()

    def take(self, day: Window, lead: int) -> Found:
        """What came of a day that is read from `lead` on, waited for. Days are taken in order, one maybe again.

        Raises what the steps raised.
        """
        while self._to_come and self._to_come[0] <= day:
            self._to_come.popleft()
        for key in [key for key in self._flights if key[0] <= day and key != (day, lead)]:
            self._flights.pop(key).drop()
        flight = self._flights.get((day, lead)) or self._begin(day, lead)
        while not flight.ended:
            self._fill()
            self._hear()
        if flight.error is not None:
            raise flight.error
        # While this day is stored the others go on.
        self._fill()
        return flight.found  # type: ignore[return-value]

    def settle(self) -> None:
        """Wait for the jobs that were given out: what they leave in the work place is there for the next run."""
        self._to_come.clear()
        for flight in self._flights.values():
            flight.drop()
        while self._under_way:
            self._hear()

    def _begin(self, day: Window, lead: int) -> _Flight[Found]:
        flight = self._flights[day, lead] = _Flight(self._read(day, lead))
        flight.advance(lambda: next(flight.steps))
        return flight

    def _fill(self) -> None:
        """Give out jobs, of the earliest days first, and begin days, as far as may be."""
        executor = self._executor
        if executor is None:
            return
        room = JOBS_A_WORKER * max(1, executor.workers)
        while True:
            for _key, flight in sorted(self._flights.items(), key=lambda item: item[0]):
                while flight.waiting and len(self._under_way) < room and self._may(flight.waiting[0][1]):
                    place, job = flight.waiting.popleft()
                    number = executor.submit(job)
                    self._under_way[number] = flight, place
                    if self._fetches(job):
                        self._fetching.add(number)
            # Days that wait for their turn hold what they found.
            if len(self._under_way) >= room or len(self._flights) > room or not self._to_come:
                return
            if any(flight.waiting for flight in self._flights.values()):
                return
            day = self._to_come.popleft()
            self._begin(day, self._usual(day))

    def _may(self, job: Job) -> bool:
        return (
            self._most_fetching is None or not self._fetches(job) or len(self._fetching) < self._most_fetching
        )

    def _hear(self) -> None:
        """Wait for one job."""
        assert self._executor is not None
        outcome = self._executor.next()
        flight, place = self._under_way.pop(outcome.number)
        self._fetching.discard(outcome.number)
        if flight.ended:
            return
        flight.outcomes[place] = outcome.value if isinstance(outcome, Done) else outcome
        flight.open -= 1
        if not flight.open:
            flight.advance(lambda: flight.steps.send(flight.outcomes))
