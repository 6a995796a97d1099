"""Days under way at once: taken in order, each with the lead that is asked for; how much is given out at once."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from nightside.engine.backfill.days import JOBS_A_WORKER, Days, Window
from nightside.engine.executors.protocol import Done, Failed, Job
from nightside.engine.shards.steps import Steps
from nightside.model.errors import DownloadError

DAYS = [(n, n + 1) for n in range(100, 109)]


def give(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


class Shuffled:
    """An executor that does what it was given when it is asked for an outcome, in a random order."""

    def __init__(self, workers: int, seed: int) -> None:
        self.workers, self.chance = workers, Random(seed)
        self.waiting: dict[int, Job] = {}
        self.names: list[str] = []
        self.most = 0
        self.most_fetching = 0

    def submit(self, job: Job) -> int:
        number = len(self.names)
        self.names.append(job.name)
        self.waiting[number] = job
        self.most = max(self.most, len(self.waiting))
        fetching = sum(j.name.startswith("fetch") for j in self.waiting.values())
        self.most_fetching = max(self.most_fetching, fetching)
        return number

    def next(self) -> Done | Failed:
        if not self.waiting:
            raise LookupError
        number = self.chance.choice(sorted(self.waiting))
        job = self.waiting.pop(number)
        try:
            return Done(number, job.work(*job.given))
        except Exception as error:
            return Failed(number, job, error, 1)

    def close(self) -> None: ...

    def __enter__(self) -> Shuffled:
        return self

    def __exit__(self, *_: object) -> None: ...


def usual(day: Window) -> int:
    return day[0] - 1


def two_steps(day: Window, lead: int) -> Steps[Any]:
    """Three jobs whose values go into one more."""
    first = yield [Job(f"fetch {day[0]}.{n}", give, ((lead, n),)) for n in range(3)]
    assert (yield []) == []
    (second,) = yield [Job(f"sum {day[0]}", give, (tuple(first),))]
    return day, second


def expected(day: Window, lead: int) -> Any:
    return day, tuple((lead, n) for n in range(3))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_taken_is_in_order_and_never_of_another_lead(workers: int, seed: int) -> None:
    executor = Shuffled(workers, seed)
    days = Days(DAYS, two_steps, usual, executor)
    for day in DAYS:
        lead = usual(day) - day[0] % 3
        assert days.take(day, lead) == expected(day, lead)
    assert executor.most <= JOBS_A_WORKER * workers
    assert executor.most > 1


def test_days_to_come_are_begun_while_one_is_waited_for() -> None:
    executor = Shuffled(2, 1)
    days = Days(DAYS, two_steps, usual, executor)
    days.take(DAYS[0], usual(DAYS[0]))
    begun = {name.split()[1].split(".")[0] for name in executor.names}
    assert begun >= {"100", "101"}
    # What waits for its turn is bounded too.
    assert len(begun) <= JOBS_A_WORKER * 2 + 2


def test_jobs_that_ask_the_archives_are_bounded_by_themselves() -> None:
    executor = Shuffled(8, 2)
    days = Days(
        DAYS, two_steps, usual, executor, most_fetching=2, fetches=lambda job: job.name.startswith("fetch")
    )
    for day in DAYS:
        assert days.take(day, usual(day)) == expected(day, usual(day))
    assert executor.most_fetching == 2


def test_a_day_fails_when_its_turn_comes_and_may_be_taken_once_more() -> None:
    broken = DownloadError("answers 500")

    def read(day: Window, lead: int) -> Steps[int]:
        bad = day == DAYS[2] and lead == usual(day)
        (value,) = yield [Job(f"fetch {day}", give, (broken if bad else lead,))]
        if isinstance(value, Failed):
            raise value.error
        return int(value)

    executor = Shuffled(2, 3)
    days = Days(DAYS, read, usual, executor)
    assert [days.take(day, usual(day)) for day in DAYS[:2]] == [99, 100]
    with pytest.raises(DownloadError, match="answers 500"):
        days.take(DAYS[2], usual(DAYS[2]))
    assert days.take(DAYS[2], 42) == 42
    assert [days.take(day, usual(day)) for day in DAYS[3:]] == [usual(day) for day in DAYS[3:]]


def test_who_gives_up_waits_for_what_was_given_out_and_gives_out_no_more() -> None:
    executor = Shuffled(2, 4)
    days = Days(DAYS, two_steps, usual, executor)
    days.take(DAYS[0], usual(DAYS[0]))
    given_out = len(executor.names)
    days.settle()
    assert executor.waiting == {}
    assert len(executor.names) <= given_out + JOBS_A_WORKER


def test_an_error_in_reading_is_the_days_own() -> None:
    def read(day: Window, lead: int) -> Steps[int]:
        yield [Job(f"fetch {day}", give, (lead,))]
        if day == DAYS[1]:
            raise DownloadError("gone")
        return lead

    days = Days(DAYS, read, usual, Shuffled(3, 5))
    assert days.take(DAYS[0], 7) == 7
    with pytest.raises(DownloadError, match="gone"):
        days.take(DAYS[1], usual(DAYS[1]))
    assert days.take(DAYS[2], 8) == 8


def test_without_an_executor_each_day_is_begun_when_it_is_taken() -> None:
    begun = []

    def read(day: Window, lead: int) -> Steps[int]:
        begun.append(day)
        yield from ()
        return lead

    days = Days(DAYS, read, usual)
    for number, day in enumerate(DAYS, 1):
        assert days.take(day, number) == number
        assert begun == DAYS[:number]
