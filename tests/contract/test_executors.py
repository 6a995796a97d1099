"""What every executor promises, over processes of this machine and over a real Dask cluster."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import odd_jobs
import pytest
from dask_cluster import SUPPORT, DaskCluster

from nightside.engine.executors.open import open_executor
from nightside.engine.executors.protocol import DEATHS, TRIES, Done, Executor, Failed, Job
from nightside.model.errors import InputError, NightsideError, NotMrtError, UnreadableError

pytestmark = pytest.mark.xdist_group("dask")


Opened = Callable[..., Executor]


@pytest.fixture(params=["local", "dask"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens an executor with two workers."""
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    word = "local" if request.param == "local" else request.getfixturevalue("cluster").address
    return lambda **told: open_executor(word, 2, **told)


def outcomes(executor: Executor, *jobs: Job) -> list[Done | Failed]:
    """Of these jobs, in their order."""
    numbers = [executor.submit(job) for job in jobs]
    came = {}
    for _ in jobs:
        outcome = executor.next()
        came[outcome.number] = outcome
    assert sorted(came) == numbers
    return [came[number] for number in numbers]


def values(came: list[Done | Failed]) -> list[Any]:
    assert all(isinstance(outcome, Done) for outcome in came), came
    return [outcome.value for outcome in came if isinstance(outcome, Done)]


def failure(outcome: Done | Failed) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def test_each_job_gives_what_it_gives_here_whatever_the_order(opened: Opened) -> None:
    with opened() as executor:
        assert executor.workers == 2
        late = [Job(f"slow {n}", odd_jobs.slept, (0.2 - n / 50, n)) for n in range(10)]
        quick = [Job(f"quick {n}", odd_jobs.square, (n,)) for n in range(10)]
        assert values(outcomes(executor, *late, *quick)) == [*range(10), *(n * n for n in range(10))]
        # And again, numbers going on.
        assert executor.submit(Job("one more", odd_jobs.square, (9,))) == 20
        assert executor.next() == Done(20, 81)
        with pytest.raises(LookupError):
            executor.next()


def test_a_thousand_small_jobs(opened: Opened) -> None:
    with opened() as executor:
        came = outcomes(executor, *(Job(str(n), odd_jobs.square, (n,)) for n in range(1000)))
        assert values(came) == [n * n for n in range(1000)]


def test_a_huge_value(opened: Opened) -> None:
    column = np.arange(64 << 20, dtype=np.uint8)
    with opened() as executor:
        came = values(outcomes(executor, Job("huge", odd_jobs.doubled, (column,))))
    assert np.array_equal(came[0], np.arange(64 << 20, dtype=np.uint8) * np.uint8(2))


def test_every_byte_read_is_told(opened: Opened) -> None:
    told: list[int] = []
    with opened(advance=told.append) as executor:
        sizes = (4_000_000, 400, 40_000)
        outcomes(executor, *(Job(str(size), odd_jobs.reads, (size,), bytes=size) for size in sizes))
    assert sum(told) == sum(sizes)


def test_an_error_is_as_it_was_raised_and_the_rest_is_done(opened: Opened) -> None:
    with opened() as executor:
        bad = Job("rrc00", odd_jobs.not_mrt, ("a file",), inputs=("a file",))
        came = outcomes(executor, bad, Job("rrc01", odd_jobs.square, (3,)), Job("rrc02", odd_jobs.no_input))
    error = failure(came[0]).error
    assert type(error) is NotMrtError
    assert (error.what, error.where, error.advice) == ("no MRT here", "a file: byte 12", "Give another.")
    assert str(error) == "a file: byte 12: no MRT here\nGive another."
    # The bytes are the same everywhere.
    assert failure(came[0]).tries == 1
    assert failure(came[0]).job is bad
    assert came[1] == Done(1, 9)
    assert (type(failure(came[2]).error), failure(came[2]).tries) == (InputError, 1)


@pytest.mark.parametrize(
    ("kind", "said", "type_"),
    [
        ("unreadable", "a file: it cannot be opened", UnreadableError),
        ("ours", "here: it did not work\nDo it otherwise.", NightsideError),
        ("exit", "2014-12-22: SystemExit: 3", NightsideError),
        ("any other", "2014-12-22: ValueError: five", NightsideError),
    ],
)
def test_what_may_be_of_one_place_is_tried_elsewhere(
    opened: Opened, kind: str, said: str, type_: type[Exception], tmp_path: Path
) -> None:
    with opened() as executor:
        job = Job("2014-12-22", odd_jobs.raises, (kind, str(tmp_path)))
        failed, done = outcomes(executor, job, Job("good", odd_jobs.square, (2,)))
    assert done == Done(1, 4)
    assert (str(failure(failed).error), type(failure(failed).error)) == (said, type_)
    assert failure(failed).tries == TRIES == len(list(tmp_path.iterdir()))
    first, second = sorted(path.name for path in tmp_path.iterdir())[:2]
    assert first.split("-")[1] != second.split("-")[1]


def test_what_cannot_be_pickled_is_an_error_of_its_job(opened: Opened) -> None:
    with opened() as executor:
        jobs = (
            Job("out", odd_jobs.lambda_back),
            Job("in", odd_jobs.slept, (0.0, lambda: 1)),
            Job("good", odd_jobs.square, (2,)),
        )
        out, there, good = outcomes(executor, *jobs)
    assert "pickle" in str(failure(out).error)
    assert "pickle" in str(failure(there).error)
    assert good == Done(2, 4)


def test_a_full_disk_is_avoided(opened: Opened, cluster: DaskCluster, tmp_path: Path) -> None:
    third = cluster.add_workers()[0]
    try:
        with opened() as executor:
            came = outcomes(executor, Job("written", odd_jobs.full_disk, (str(tmp_path),)))
    finally:
        third.terminate()
        third.wait()
    full, had_room = values(came)[0]
    assert len({*full, had_room}) == 3


def test_a_job_that_kills_its_worker_each_time_fails_and_the_rest_is_done(
    opened: Opened, tmp_path: Path
) -> None:
    with opened() as executor:
        jobs = [Job(f"good {n}", odd_jobs.slept, (0.05, n)) for n in range(20)]
        jobs.insert(3, Job("rrc00 2014-12-22", odd_jobs.killed_each_time, (str(tmp_path),), ("a file",)))
        came = outcomes(executor, *jobs)
    failed = failure(came.pop(3))
    assert values(came) == list(range(20))
    assert (failed.tries, failed.job.inputs) == (DEATHS, ("a file",))
    assert type(failed.error) is NightsideError
    assert str(failed.error).startswith("rrc00 2014-12-22: each ")
    # Once more where it waited behind others when they were killed.
    assert DEATHS <= len(list(tmp_path.iterdir())) <= DEATHS + 1


def test_workers_killed_at_random_cost_no_job(opened: Opened, tmp_path: Path) -> None:
    stop = threading.Event()
    killed = []

    def kill() -> None:
        chance = random.Random(4)
        while not stop.wait(0.8) and len(killed) < 3:
            for note in chance.sample(there := sorted(tmp_path.iterdir()), min(1, len(there))):
                os.kill(int(note.name), signal.SIGKILL)
                note.unlink()
                killed.append(note.name)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with opened() as executor:
            jobs = [Job(str(n), odd_jobs.noted, (str(tmp_path), 0.05, n)) for n in range(120)]
            assert values(outcomes(executor, *jobs)) == list(range(120))
    finally:
        stop.set()
        killer.join()
    assert len(killed) >= 2


def test_a_worker_killed_while_it_tells_what_it_found_costs_no_job(opened: Opened, tmp_path: Path) -> None:
    with opened() as executor:
        executor.submit(Job("large", odd_jobs.noted_and_large, (str(tmp_path),)))
        executor.submit(Job("small", odd_jobs.square, (3,)))
        assert executor.next() == Done(1, 9)
        # What is large waits in the pipe until somebody asks for the next.
        (tmp_path / "go").touch()
        until = time.monotonic() + 30
        while not (notes := list(tmp_path.glob("[0-9]*"))) and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(int(notes[0].name), signal.SIGKILL)
        (large,) = values([executor.next()])
    assert (len(large), large.any()) == (1 << 24, False)


def test_closed_with_work_under_way(opened: Opened, tmp_path: Path, request: Any) -> None:
    begun = time.perf_counter()
    with opened() as executor:
        for n in range(5):
            executor.submit(Job(str(n), odd_jobs.noted, (str(tmp_path), 1.5 if n else 0.0, n)))
        executor.next()
    assert time.perf_counter() - begun < 15
    if "local" in request.node.name:
        time.sleep(0.1)
        assert [note for note in tmp_path.iterdir() if Path("/proc", note.name).exists()] == []
