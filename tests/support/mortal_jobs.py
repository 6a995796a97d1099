"""Executors that are in a test's hands: jobs done here, one after the other; and jobs that kill their worker once."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nightside.engine.executors.protocol import Done, Executor, Failed, Job

LONGEST_S = 0.4


class OneByOne:
    """Does jobs in this process, the one that was given last first; `before` hears of each, and may raise."""

    workers = 1

    def __init__(self, before: Callable[[Job], None] = lambda _job: None) -> None:
        self.before = before
        self.waiting: list[tuple[int, Job]] = []
        self.count = 0
        self.made: list[str] = []
        """Names of the jobs that made something anew."""

    def submit(self, job: Job) -> int:
        self.waiting.append((self.count, job))
        self.count += 1
        return self.count - 1

    def next(self) -> Done | Failed:
        number, job = self.waiting.pop()
        try:
            self.before(job)
            value = job.work(*job.given)
        except Exception as error:
            return Failed(number, job, error, 1)
        if getattr(value, "anew", False):
            self.made.append(job.name)
        return Done(number, value)

    def close(self) -> None:
        self.waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Mortal:
    """Every second job of another executor kills the worker that does it first, at some time; notes go to a folder."""

    def __init__(self, executor: Executor, folder: Path, seed: int) -> None:
        self.executor, self.folder, self.chance = executor, folder, random.Random(seed)
        folder.mkdir(exist_ok=True)
        self.jobs: dict[int, Job] = {}

    @property
    def workers(self) -> int:
        return self.executor.workers

    def submit(self, job: Job) -> int:
        if self.chance.random() < 0.5:
            note = self.folder / f"{len(self.jobs)}"
            given = (str(note), self.chance.uniform(0, LONGEST_S), job.work, job.given)
            job = replace(job, work=killed_once, given=given)
        number = self.executor.submit(job)
        self.jobs[number] = job
        return number

    def next(self) -> Done | Failed:
        return self.executor.next()


def killed_once(note: str, after_s: float, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    try:
        Path(note).touch(exist_ok=False)
    except FileExistsError:
        return work(*given)
    timer = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL))
    timer.start()
    work(*given)
    # Done, but nobody hears of it.
    timer.join()
    raise AssertionError("still alive")
