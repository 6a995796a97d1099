"""What is called on the workers of a cluster, and how: as bytes that become the call where they are unpickled.

So a scheduler need not know our program, and nothing of ours is looked at on the way.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

from nightside.engine.executors.doing import Value, do, told
from nightside.engine.executors.program import program
from nightside.engine.executors.protocol import Job

Answer = tuple[str, bytes, float]
"""What came of a job, for any scheduler to pass on: a word, what belongs to it, pickled, and how long (s) it took.

`value`, `error`, or `refused`: this worker runs another program, which is told.
"""


class _Call:
    """Becomes what `function(*given)` returns, where it is unpickled."""

    def __init__(self, function: Callable[..., Any], *given: Any) -> None:
        self.function, self.given = function, given

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.given


def call_of_hello() -> bytes:
    """Becomes the worker's program."""
    return pickle.dumps(_Call(program), protocol=5)


Asked = tuple[str, bytes]
"""A job as it is sent: its name, and what is to be called, pickled."""


def asked(job: Job) -> Asked:
    """Raises what pickle raises."""
    return job.name, pickle.dumps((job.work, job.given), protocol=5)


def call_of(jobs: Sequence[Asked]) -> bytes:
    """Becomes the answers of a worker that does these one after the other."""
    return pickle.dumps(_Call(_answers, program(), list(jobs)), protocol=5)


def _answers(asked_by: dict[str, str], jobs: Sequence[Asked]) -> list[Answer]:
    if asked_by != program():
        return [("refused", pickle.dumps(program()), 0.0)] * len(jobs)
    return [_answer(name, pickled) for name, pickled in jobs]


def _answer(name: str, pickled: bytes) -> Answer:
    begun = time.perf_counter()
    try:
        work, given = pickle.loads(pickled)
    except Exception as error:
        return "error", pickle.dumps(told(error, name)), 0.0
    outcome = do(name, work, given)
    took_s = time.perf_counter() - begun
    if isinstance(outcome, Value):
        try:
            return "value", pickle.dumps(outcome.value, protocol=5), took_s
        except Exception as error:
            outcome = told(error, name)
    return "error", pickle.dumps(outcome), took_s
