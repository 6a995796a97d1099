"""Work in steps: jobs that can be done at the same time, and what comes of them decides what is next."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from nightside.engine.executors.protocol import Done, Executor, Failed, Job

Result = TypeVar("Result")

Steps = Generator[Sequence[Job], list[Any], Result]
"""Gives the jobs of one step after the other, and is sent what they gave, in their order; a Failed in the place of what
nobody could do. Returns what came of it all."""


def drive(executor: Executor, steps: Steps[Result]) -> Result:
    """Have all steps done; nothing else may be under way."""
    try:
        jobs = next(steps)
        while True:
            place = {executor.submit(job): i for i, job in enumerate(jobs)}
            outcomes: list[Any] = [None] * len(jobs)
            for _ in jobs:
                outcome: Done | Failed = executor.next()
                found = outcome.value if isinstance(outcome, Done) else outcome
                outcomes[place[outcome.number]] = found
            jobs = steps.send(outcomes)
    except StopIteration as last:
        result: Result = last.value
        return result
