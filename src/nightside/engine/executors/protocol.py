"""What every executor offers: jobs in, outcomes out, whoever does the work and wherever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

TRIES = 3
"""A job that fails is tried so often in all, elsewhere where there is an elsewhere."""
DEATHS = 5
"""A job is tried so often whose workers died under it: once is no fault of its own, so often most likely is."""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work that may be done anywhere and any number of times, always with the same outcome."""

    name: str
    """How people are told of it: `rrc00 2014-12-22`."""
    work: Callable[..., Any]
    """A function of a module of ours; called as `work(*given)`. What it returns is pickled."""
    given: tuple[Any, ...] = ()
    inputs: tuple[str, ...] = ()
    """What it works on, by name, for who is told that it failed."""
    bytes: int = 0
    """About how much there is to read: of those that wait, the largest is begun first."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a job gave."""

    number: int
    """What `submit` returned."""
    value: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that nobody could do."""

    number: int
    job: Job
    error: Exception
    """Of the last try. A NightsideError of the job is as it was raised; of any other one is made that names the job,
    and its traceback is printed where it was raised."""
    tries: int


class Executor(Protocol):
    """Does jobs, several at a time. One thread uses it.

    A worker that dies takes no job with it: its job is tried again, elsewhere. A job that raises an InputError about
    what it read is not tried again: it is the same everywhere. UnreadableError and DownloadError may be of one place,
    so these are. What no worker can do because the cluster itself is gone is raised, as a NightsideError that says so.

    A job may tell what it reads by `progress.advance`; whoever opened the executor hears of it.
    """

    @property
    def workers(self) -> int:
        """How many jobs are done at the same time, now."""

    def submit(self, job: Job) -> int:
        """Have a job done; its number, from 0 on. Does not wait."""

    def next(self) -> Done | Failed:
        """Wait for the next outcome, in whatever order. Raises LookupError where nothing is under way."""

    def close(self) -> None:
        """Let go: what is under way is given up, what was started is ended. An executor is a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
